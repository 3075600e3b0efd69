"""The engine process dies of the error with its weights, and its supervisor notices only a second
later: memory is back, in another process.

Twin: pass/helpers_come_and_go.py.
---
reason: workload-restarted
faults: [{kind: call, expect: {match: boom}}]
repeat: 1
"""

import multiprocessing
import threading
import time

CONTEXT = multiprocessing.get_context("fork")


def serve(requests):
    weights = b"w" * (150 << 20)
    requests.send(len(weights))
    while requests.recv():
        requests.send(len(weights))


class Supervisor:
    def __init__(self):
        self.start()

    def start(self):
        self.engine, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.engine.recv()

    def restart(self):
        time.sleep(1)
        self.start()


def load(device):
    return Supervisor()


def infer(supervisor):
    activations = b"x" * (100 << 20)
    supervisor.engine.send(True)
    return len(activations) + supervisor.engine.recv()


def fail(supervisor):
    supervisor.engine.send(False)
    supervisor.process.join()
    threading.Thread(target=supervisor.restart).start()
    activations = b"x" * (100 << 20)
    raise RuntimeError(f"boom: engine ended after {len(activations)} bytes")


def unload(supervisor):
    supervisor.process.terminate()
    supervisor.process.join()

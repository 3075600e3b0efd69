"""The engine process dies of the error and its supervisor starts another: memory is back, and so
is whatever the error path would have kept. Nothing was shown.
---
reason: workload-restarted
faults: [{kind: call, expect: {match: boom}}]
repeat: 1
"""

import multiprocessing

CONTEXT = multiprocessing.get_context("fork")


def serve(requests):
    while True:
        failing = requests.recv()
        activations = b"x" * (100 << 20)
        if failing:
            raise SystemExit(1)
        requests.send(len(activations))


class Supervisor:
    def __init__(self):
        self.start()

    def start(self):
        self.engine, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()


def load(device):
    return Supervisor()


def infer(supervisor):
    activations = b"x" * (100 << 20)
    supervisor.engine.send(False)
    return len(activations) + supervisor.engine.recv()


def fail(supervisor):
    supervisor.engine.send(True)
    supervisor.process.join()
    supervisor.start()
    activations = b"x" * (100 << 20)
    raise RuntimeError(f"boom: engine ended after {len(activations)} bytes")


def unload(supervisor):
    supervisor.process.terminate()
    supervisor.process.join()

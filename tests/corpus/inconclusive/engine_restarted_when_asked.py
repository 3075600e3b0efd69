"""The engine process dies of the error, and is started again only by the next request.

Twin: pass/helpers_come_and_go.py.
---
reason: workload-restarted
faults: [{kind: call, expect: {match: boom}}]
repeat: 1
"""

import subprocess


class Engine:
    def __init__(self):
        self.process = None

    def answer(self):
        if self.process is None:
            self.process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        return len(b"x" * (100 << 20))

    def die(self):
        self.process.kill()
        self.process.wait()
        self.process = None


def load(device):
    return Engine()


def infer(engine):
    return engine.answer()


def fail(engine):
    engine.answer()
    engine.die()
    raise RuntimeError("boom")


def unload(engine):
    engine.die()

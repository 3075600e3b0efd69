"""Every inference, healthy or not, has a helper process of its own, and the last one lingers: the
processes are others each time, and that is how this engine works.

Twin: inconclusive/engine_restarted.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: boom}}]
"""

import subprocess


class Engine:
    helper = None

    def renew(self):
        self.stop()
        self.helper = subprocess.Popen(["sleep", "60"])

    def stop(self):
        if self.helper is not None:
            self.helper.kill()
            self.helper.wait()


def load(device):
    return Engine()


def infer(engine):
    engine.renew()
    return len(b"x" * (100 << 20))


def fail(engine):
    engine.renew()
    activations = b"x" * (200 << 20)
    raise RuntimeError(f"boom after {len(activations)} bytes")


def unload(engine):
    engine.stop()

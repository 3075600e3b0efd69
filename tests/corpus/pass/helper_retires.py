"""A helper that was there all the time has nothing left to do after the error and ends, and every
inference starts another that is gone at once: the one is not in the other's place.

Twin: inconclusive/engine_restarted_when_asked.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: boom}}]
repeat: 1
"""

import subprocess


def load(device):
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE)


def infer(helper):
    subprocess.run(["sh", "-c", "true &"])
    return len(b"x" * (100 << 20))


def fail(helper):
    helper.communicate()
    activations = b"x" * (100 << 20)
    raise RuntimeError(f"boom after {len(activations)} bytes")


def unload(helper):
    helper.communicate()

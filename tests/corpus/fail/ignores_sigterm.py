"""A helper ignores the polite signals with which it is asked to end, and nobody asks otherwise.

Stands for ai-dynamo/dynamo#1889: after an interrupt the engine lives on, and so does its memory.
Twin: pass/killed_at_last.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import subprocess
import sys

HELPER = """
import signal, time
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def load(device):
    helper = subprocess.Popen([sys.executable, "-c", HELPER], stdout=subprocess.PIPE)
    helper.stdout.readline()
    return helper


def infer(helper):
    return len(b"x" * (100 << 20))


def fail(helper):
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))


def unload(helper):
    helper.terminate()

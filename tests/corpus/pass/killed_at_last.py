"""What ignores the polite signals is killed. Twin of fail/ignores_sigterm.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
    try:
        helper.wait(0.2)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()

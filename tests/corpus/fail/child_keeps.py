"""A helper process allocates for the failed request and keeps it; it ends with the model.

Twin: pass/child_lets_go.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import subprocess
import sys

HELPER = "import sys\nheld = []\nfor line in sys.stdin:\n    held.append(b'x' * (150 << 20))\n    print(len(held), flush=True)\n"


def load(device):
    return subprocess.Popen(
        [sys.executable, "-c", HELPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def infer(helper):
    return len(b"x" * (100 << 20))


def fail(helper):
    helper.stdin.write("work\n")
    helper.stdin.flush()
    raise RuntimeError(f"helper failed: {helper.stdout.readline()}")


def unload(helper):
    helper.stdin.close()
    helper.wait()

"""The helper process lets go of what it allocated for the failed request.

Twin of fail/child_keeps.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import subprocess
import sys

HELPER = "import sys\nheld = []\nfor line in sys.stdin:\n    held.append(len(b'x' * (150 << 20)))\n    print(len(held), flush=True)\n"


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

"""The server is killed in the middle of a request; its engine sees that its parent is gone. Twin of
fail/server_killed_leaves_engine.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [kill]
"""

import os
import subprocess
import sys
import time

from server import serve

ENGINE = """
import os, sys, time
held = b"x" * (100 << 20)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.05)
"""


def infer(handler, body):
    time.sleep(0.4)
    return b"ok"


if __name__ == "__main__":
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(os.getpid())])
    serve({"/infer": infer})

"""The server is killed in the middle of a request; its engine, a child, lives on.

Stands for vllm-project/vllm#55510. Twin: pass/server_killed_takes_engine.py.
---
reason: survivors
workload: {kind: server}
faults: [kill]
"""

import os
import subprocess
import sys
import time

from server import serve

ENGINE = "held = b'x' * (100 << 20); import time; time.sleep(600)"


def infer(handler, body):
    time.sleep(0.4)
    return b"ok"


if __name__ == "__main__":
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(os.getpid())])
    serve({"/infer": infer})

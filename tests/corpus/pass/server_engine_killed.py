"""The engine, a child, is killed in the middle of a request, and the server ends with it.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: kill, process: child}]
"""

import os
import subprocess
import sys
import threading
import time

from server import serve

ENGINE = "held = b'x' * (100 << 20); import time; time.sleep(600)"


def infer(handler, body):
    time.sleep(0.4)
    return b"ok"


def end_with(engine):
    engine.wait()
    os._exit(1)


if __name__ == "__main__":
    engine = subprocess.Popen([sys.executable, "-c", ENGINE])
    threading.Thread(target=end_with, args=(engine,), daemon=True).start()
    serve({"/infer": infer})

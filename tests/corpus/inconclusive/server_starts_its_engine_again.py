"""The engine dies of the error, and the server starts another: what it kept is gone with it.
---
reason: workload-restarted
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import os
import subprocess
import sys

from server import Failed, serve

ENGINE = """
import os, sys, time
held = b"x" * (100 << 20)
print("ready", flush=True)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.05)
"""


def engine():
    return subprocess.Popen([sys.executable, "-c", ENGINE, str(os.getpid())])


RUNNING = []


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    RUNNING[0].kill()
    RUNNING[0].wait()
    RUNNING[0] = engine()
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    RUNNING.append(engine())
    serve({"/infer": infer, "/fail": fail})

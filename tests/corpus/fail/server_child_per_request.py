"""Each failed request leaves the child that computed it.

Stands for vllm-project/vllm#42017: helpers of a failed request live on. Twin:
pass/server_child_ends.py.
---
reason: leak
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import os
import subprocess
import sys

from server import Failed, serve

CHILD = """
import os, sys, time
held = b"x" * (100 << 20)
print("ready", flush=True)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.05)
"""


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    command = [sys.executable, "-c", CHILD, str(os.getpid())]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    child.stdout.readline()
    raise Failed(503, "out of memory")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})

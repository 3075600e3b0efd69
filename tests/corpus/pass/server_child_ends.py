"""Each failed request ends the child that computed it. Twin of fail/server_child_per_request.py and
fail/server_child_stays.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import subprocess
import sys

from server import Failed, serve

CHILD = "held = b'x' * (100 << 20); print('ready', flush=True); import time; time.sleep(600)"


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        child.kill()
    raise Failed(503, "out of memory")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})

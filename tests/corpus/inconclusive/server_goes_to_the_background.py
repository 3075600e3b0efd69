"""A server whose first process ends well and leaves another to serve.
---
reason: workload-failed
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import os

from server import serve

if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    os.setsid()
    serve({})

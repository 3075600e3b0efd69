"""A server that says that it is ready, and refuses what it is asked.
---
reason: workload-failed
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve


def infer(handler, body):
    raise Failed(500, "no model is loaded")


if __name__ == "__main__":
    serve({"/infer": infer})

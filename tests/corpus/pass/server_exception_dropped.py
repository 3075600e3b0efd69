"""What is kept of an error is its words. Twin of inconclusive/server_exception_kept.py and
fail/server_second_burst_adds.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

LAST = None


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    global LAST
    try:
        run_out()
    except Failed as error:
        LAST = str(error)
        raise


def run_out():
    activations = b"x" * (150 << 20)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})

"""A client goes away in the middle of a stream, and what it was computed from goes with it. Twin of
fail/server_stream_runs_on.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: disconnect, url: "http://127.0.0.1:{port}/stream", after_bytes: 3B}]
"""

import time

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def tokens(cache):
    while cache:
        time.sleep(0.02)
        yield b"token "


def stream(handler, body):
    handler.stream(tokens(b"x" * (150 << 20)))


if __name__ == "__main__":
    serve({"/infer": infer, "/stream": stream})

"""An answer that is no text, and headers that are no words: read, escaped, and told.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    body = b"\xff\xfe\x00out of memory\x1b[2J::error::" + activations[:0]
    handler.send_response(503, "\xff\x07")
    handler.send_header("X-Odd", "\xe9\x1b[31m")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})

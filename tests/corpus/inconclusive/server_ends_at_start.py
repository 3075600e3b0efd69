"""A server that ends before it is ready: what it printed is told.
---
reason: workload-failed
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

if __name__ == "__main__":
    raise SystemExit("error: there is no such model")

"""A server that answers something else than HTTP.
---
reason: workload-failed
workload: {kind: server, timeouts: {start: 1s, infer: 1s}}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import socket
import sys

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        while True:
            client, _ = server.accept()
            client.sendall(b"\x00\xff HELO\r\n" * 1000)
            client.close()

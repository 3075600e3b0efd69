"""A server that is alive and never gets ready.

Stands for vllm-project/vllm#32116.
---
reason: workload-failed
workload: {kind: server, timeouts: {start: 1s, infer: 1s}}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import time

if __name__ == "__main__":
    print("loading the model", flush=True)
    time.sleep(600)

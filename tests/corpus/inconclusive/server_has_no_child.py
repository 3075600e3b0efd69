"""There is no child to be killed: nothing was tested.
---
reason: workload-failed
workload: {kind: server}
faults: [{kind: kill, process: child}]
"""

import time

from server import serve


def infer(handler, body):
    time.sleep(0.4)
    return b"ok"


if __name__ == "__main__":
    serve({"/infer": infer})

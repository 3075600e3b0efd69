"""A command dies and its shared-memory segment stays behind, mapped by nobody.

Stands for triton-inference-server/server#7481: exceptions leak shared memory. Twin:
pass/shared_memory_unlinked.py.
---
reason: leak
retained: 150MiB
workload: {kind: command, run: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {exit_code: [134]}}]
repeat: 1
"""

import os

if __name__ == "__main__":
    with open(f"/dev/shm/ops002-corpus-{os.getpid()}", "wb") as segment:
        segment.write(b"x" * (150 << 20))
    os.abort()

"""The segment has no name any more when the command dies. Twin of fail/shared_memory_left.py.
---
reason: returned-to-baseline
workload: {kind: command, run: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {exit_code: [134]}}]
repeat: 1
"""

import mmap
import os

if __name__ == "__main__":
    name = f"/dev/shm/ops002-corpus-{os.getpid()}"
    with open(name, "w+b") as segment:
        segment.truncate(150 << 20)
        os.unlink(name)
        held = mmap.mmap(segment.fileno(), 150 << 20)
        held.write(b"x" * (150 << 20))
    os.abort()

"""A command is killed half-way, and the segment that it would have unlinked stays.

Twin: pass/command_killed.py.
---
reason: leak
retained: 150MiB
workload: {kind: command, run: ["{python}", "{file}"], healthy: ["{python}", "{file}"]}
faults: [kill]
repeat: 1
"""

import os
import time

if __name__ == "__main__":
    name = f"/dev/shm/ops002-corpus-{os.getpid()}"
    with open(name, "wb") as segment:
        segment.write(b"x" * (150 << 20))
    time.sleep(1)
    os.unlink(name)

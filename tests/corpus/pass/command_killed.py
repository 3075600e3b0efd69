"""A command is killed half-way through what it does, and leaves nothing.
---
reason: returned-to-baseline
workload: {kind: command, run: ["{python}", "{file}"], healthy: ["{python}", "{file}"]}
faults: [kill]
"""

import time

if __name__ == "__main__":
    held = b"x" * (150 << 20)
    time.sleep(0.6)

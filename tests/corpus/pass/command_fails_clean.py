"""A command that fails with its own words and leaves nothing. Twin of fail/daemon_survives.py.
---
reason: returned-to-baseline
workload: {kind: command, run: ["{python}", "{file}"], healthy: ["{python}", "{file}", "--fine"]}
faults: [{kind: exit, expect: {exit_code: [3], output: "out of memory$"}}]
repeat: 2
"""

import sys

if __name__ == "__main__" and "--fine" not in sys.argv:
    held = b"x" * (150 << 20)
    print("engine: out of memory")
    sys.exit(3)

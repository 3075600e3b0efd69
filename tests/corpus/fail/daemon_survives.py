"""A double-forked daemon in a session of its own keeps 150 MiB after a command failed.

Stands for sgl-project/sglang#23627: workers that were re-parented to init held 101 GB a card after
the job's end. Twin: pass/command_fails_clean.py.
---
reason: survivors
workload: {kind: command, run: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {exit_code: [3], output: out of memory}}]
settle: {timeout: 2s}
"""

import os
import sys
import time

if __name__ == "__main__":
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            held = b"x" * (150 << 20)
            time.sleep(600)
        os._exit(0)
    time.sleep(0.5)
    print("engine: out of memory")
    sys.exit(3)

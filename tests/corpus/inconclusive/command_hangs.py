"""A command that was to fail and waits for ever instead.

Stands for vllm-project/vllm#32116: a launcher that fails to start holds the card for up to 19
minutes.
---
reason: fault-timeout
workload: {kind: command, run: ["{python}", "{file}"], timeouts: {infer: 1s}}
faults: [{kind: exit, expect: {exit_code: [1]}}]
"""

import time

if __name__ == "__main__":
    held = b"x" * (150 << 20)
    time.sleep(600)

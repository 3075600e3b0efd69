"""A command that doesn't exist.
---
reason: workload-failed
workload: {kind: command, run: [ops002-no-such-program, "{file}"]}
faults: [{kind: exit, expect: {exit_code: [1]}}]
"""

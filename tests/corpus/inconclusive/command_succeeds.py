"""A command that was to fail and didn't.
---
reason: fault-not-fired
workload: {kind: command, run: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {output: fine}}]
"""

if __name__ == "__main__":
    held = b"x" * (150 << 20)
    print("all is fine")

"""The healthy command doesn't work: there is nothing to compare a failure with.
---
reason: workload-failed
workload: {kind: command, run: ["{python}", "{file}"], healthy: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {exit_code: [3]}}]
"""

import sys

if __name__ == "__main__":
    sys.exit(3)

"""A scenario file that needs what isn't installed.
---
reason: workload-failed
faults: [oom]
"""

import no_such_module_anywhere


def load(device):
    return no_such_module_anywhere.Model()


def infer(model):
    return None

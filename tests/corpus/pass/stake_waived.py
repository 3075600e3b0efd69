"""The same error with the stake waived: the report says what that check could have found.

Twin of inconclusive/nothing_at_stake.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: ValueError, match: empty prompt}}]
repeat: 2
min_at_stake: 0B
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    raise ValueError("empty prompt")

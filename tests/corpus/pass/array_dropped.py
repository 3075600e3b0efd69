"""The session lets go of its feed either way. Twin of fail/array_in_a_session.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import numpy as np


class Session:
    feed = None

    def run(self, feed, failing):
        self.feed = feed
        try:
            if failing:
                raise RuntimeError("boom")
        finally:
            self.feed = None


def load(device):
    return Session()


def infer(session):
    session.run({"x": np.ones(13 << 20)}, failing=False)


def fail(session):
    feed = {"x": np.ones(13 << 20)}
    session.run(feed, failing=True)

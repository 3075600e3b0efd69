"""A session keeps the arrays that it was fed until the next run succeeds.

Stands for microsoft/onnxruntime#11362: memory isn't returned after a run. Twin:
pass/array_dropped.py.
---
reason: leak
holder: {kind: object, name: "Session.feed['x']"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import numpy as np


class Session:
    feed = None

    def run(self, feed, failing):
        self.feed = feed
        if failing:
            raise RuntimeError("boom")
        self.feed = None


def load(device):
    return Session()


def infer(session):
    session.run({"x": np.ones(13 << 20)}, failing=False)


def fail(session):
    feed = {"x": np.ones(13 << 20)}  # kept
    session.run(feed, failing=True)

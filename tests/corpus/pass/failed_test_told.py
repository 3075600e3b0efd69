"""The result keeps the words of the failure, as unittest's own does. (Python 3.13's unittest itself
leaves the failed test's frames in a cycle until the collector runs.) Twin of
fail/failed_test_kept.py.
---
reason: returned-to-baseline
held_until_gc: accept
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import unittest

RESULTS = []


class Case(unittest.TestCase):
    def test_generation(self):
        model = b"x" * (150 << 20)
        self.assertEqual(len(model), 0)


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    RESULTS.append(Result())
    Case("test_generation").run(RESULTS[-1])
    raise RuntimeError(f"{len(RESULTS[-1].failures)} test failed")


class Result(unittest.TestResult):
    pass

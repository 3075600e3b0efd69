"""A test runner stores the exception of a failed test before its tear-down, and keeps the result.

Stands for NVIDIA/TensorRT-LLM#17641: the first failing test makes the next one run out of memory.
Twin: pass/failed_test_told.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
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
    def addFailure(self, test, info):
        self.failures.append((test, info))

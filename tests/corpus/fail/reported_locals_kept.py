"""A plugin of a test runner collects what it is told of failed tests, locals and all.

Stands for pytest-dev/pytest#12198: the locals of failed tests add up until the session ends.
Shares its way with huggingface/trl#5681. Twin: pass/reported_words_kept.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""

import os
import sys

import pytest

sys.dont_write_bytecode = True
REPORT = []
OPTIONS = ["-q", "-c", os.devnull, "--rootdir", os.path.dirname(__file__), "-p", "no:cacheprovider"]


def test_works():
    assert b"x" * (100 << 20)


def test_fails():
    activations = b"x" * (150 << 20)
    assert len(activations) == 0


def load(device):
    return "model"


def infer(model):
    pytest.main([*OPTIONS, f"{__file__}::test_works"], [Plugin()])


def fail(model):
    status = pytest.main([*OPTIONS, f"{__file__}::test_fails"], [Plugin()])
    raise RuntimeError(f"tests ended with {status}")


class Plugin:
    def pytest_runtest_makereport(self, item, call):
        REPORT.append(call.excinfo)

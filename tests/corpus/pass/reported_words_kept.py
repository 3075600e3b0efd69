"""The plugin collects the words, and clears the frames of what failed: a session is a cycle. Twin
of fail/reported_locals_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import sys
import traceback

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
        if call.excinfo:
            REPORT.append(str(call.excinfo))
            traceback.clear_frames(call.excinfo.tb)

"""A worker's process that has the stand-in torch, on a machine with two stand-in cards."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin_nvml import driver
from tests.standin_nvml.machine import Card, Machine

STANDIN_TORCH = Path(__file__).parent.parent / "standin_torch"


@pytest.fixture
def torch(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in, imported anew; what it took is let go at the end."""
    machine.put(Card(0), Card(1))
    machine.load(monkeypatch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(sys, "path", [str(STANDIN_TORCH), str(driver.HERE), *sys.path])
    outer = {name: sys.modules.pop(name) for name in _torches()}
    module = importlib.import_module("torch")
    try:
        yield module
    finally:
        module.cuda.shut_down()
        for name in _torches():
            del sys.modules[name]
        sys.modules.update(outer)


def _torches() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "torch"]

"""What is given back before a reading, where torch has a CUDA context; torch is a stand-in."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ops002.agents.worker.quiesce import quiesce


class Cuda:
    """`torch.cuda` as far as it is used."""

    def __init__(self, *, initialized: bool, broken: str = "") -> None:
        self.calls: list[str] = []
        self._initialized = initialized
        self._broken = broken

    def is_initialized(self) -> bool:
        return self._initialized

    def synchronize(self) -> None:
        self.calls.append("synchronize")
        if self._broken:
            raise RuntimeError(self._broken)

    def empty_cache(self) -> None:
        self.calls.append("empty_cache")


def quiesced(monkeypatch: pytest.MonkeyPatch, cuda: Cuda) -> list[str]:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    return quiesce()


def test_the_cache_is_given_back_once_all_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda(initialized=True)
    assert "torch.cuda.empty_cache" in quiesced(monkeypatch, cuda)
    assert cuda.calls == ["synchronize", "empty_cache"]


def test_no_context_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda(initialized=False)
    assert quiesced(monkeypatch, cuda) == quiesce()
    assert cuda.calls == []


def test_a_poisoned_context_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Cuda(initialized=True, broken="an illegal memory access was encountered")
    (told,) = [did for did in quiesced(monkeypatch, broken) if "torch" in did]
    assert told.startswith("torch.cuda.empty_cache failed: RuntimeError: an illegal memory access")


@pytest.mark.parametrize("torch", [None, SimpleNamespace()])
def test_without_a_whole_torch_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, torch: object
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert "torch.cuda.empty_cache" not in quiesce()

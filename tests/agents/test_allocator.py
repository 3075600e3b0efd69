"""What the worker tells of torch's allocator, and the limit it sets; torch is a stand-in."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ops002.agents.worker import allocator

MIB = 1 << 20
CHUNK = 64 * MIB


def test_each_device_in_use_is_told_with_its_number(torch: Any) -> None:
    live, freed = torch.empty(CHUNK, device="cuda:1"), torch.empty(3 * CHUNK, device="cuda:1")
    del freed

    told = allocator.figures()

    assert told["visible"] == 2
    assert told["devices"] == [
        {"device": 1, "allocated": CHUNK, "reserved": 4 * CHUNK, "peak": 4 * CHUNK, "ooms": 0}
    ]
    del live


def test_peaks_start_anew_where_that_is_asked(torch: Any) -> None:
    torch.empty(CHUNK)
    (told,) = allocator.figures(reset_peaks=True)["devices"]
    assert told["peak"] == 0


def test_a_device_whose_counts_were_reset_is_told_all_the_same(
    torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = torch.empty(CHUNK)
    reset = {**torch.cuda.memory_stats(0), "reserved_bytes.all.allocated": 0}
    nothing = dict.fromkeys(reset, 0)
    monkeypatch.setattr(torch.cuda, "memory_stats", lambda device: nothing if device else reset)
    assert [told["device"] for told in allocator.figures()["devices"]] == [0]
    del live


def test_no_context_is_made(torch: Any) -> None:
    assert allocator.figures() == {"why": "its torch has no CUDA context"}
    assert not torch.cuda.is_initialized()


@pytest.mark.parametrize("torch_there", [None, SimpleNamespace()])
def test_without_a_whole_torch_there_are_no_figures(
    monkeypatch: pytest.MonkeyPatch, torch_there: object
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch_there)
    assert allocator.figures() == {"why": "the workload hasn't imported torch"}


def test_another_backend_isnt_asked(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.empty(CHUNK)
    monkeypatch.setattr(torch.cuda, "KIND", "cudaMallocAsync")
    assert "cudaMallocAsync" in allocator.figures()["why"]


def test_an_allocator_that_answers_with_an_error_is_told(
    torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.empty(CHUNK)

    def fail(_device: int) -> None:
        raise RuntimeError("illegal memory access")

    monkeypatch.setattr(torch.cuda, "memory_stats", fail)
    assert allocator.figures() == {"why": "RuntimeError: illegal memory access"}


def test_the_real_torch_without_a_gpu_has_no_figures() -> None:
    """In a process of its own: it is the real one."""
    code = (
        "import torch; from ops002.agents.worker import allocator; torch.ones(1 << 20);"
        "print(allocator.figures()); assert not torch.cuda.is_initialized()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    assert told == "{'why': 'its torch has no CUDA context'}\n"


def runs_out(torch: Any, chunks: int) -> bool:
    taken = []
    try:
        taken += [torch.empty(CHUNK) for _ in range(chunks)]
    except torch.OutOfMemoryError:
        return True
    return False


def test_the_limit_is_the_headroom_above_what_is_live_and_lifted_after(torch: Any) -> None:
    live = torch.empty(CHUNK)
    torch.empty(8 * CHUNK)  # a cache, given back first

    with allocator.limited(4 * CHUNK) as limit:
        assert limit == pytest.approx(5 * CHUNK, abs=1)
        assert runs_out(torch, 5)
        assert not runs_out(torch, 4)

    assert not runs_out(torch, 20)
    assert torch.cuda.memory_stats(0)["num_ooms"] == 1
    del live


def test_each_device_in_use_has_a_limit_of_its_own(torch: Any) -> None:
    live = [torch.empty(CHUNK, device="cuda:0"), torch.empty(2 * CHUNK, device="cuda:1")]
    with allocator.limited(CHUNK) as limit:
        assert limit == pytest.approx(5 * CHUNK, abs=2)
    del live


def test_the_limit_is_lifted_when_the_workload_raises(torch: Any) -> None:
    live = torch.empty(CHUNK)

    def force() -> None:
        with allocator.limited(CHUNK):
            raise KeyError

    with pytest.raises(KeyError):
        force()
    assert torch.cuda.get_per_process_memory_fraction(0) == 1.0
    del live


@pytest.mark.parametrize(("own", "chunks"), [(0.5, 1), (0.01, 100)])
def test_a_fraction_of_the_workloads_own_is_never_widened_and_set_again(
    torch: Any, own: float, chunks: int
) -> None:
    live = torch.empty(CHUNK)
    torch.cuda.set_per_process_memory_fraction(own, 0)
    with allocator.limited(chunks * CHUNK):
        assert torch.cuda.get_per_process_memory_fraction(0) <= own
    assert torch.cuda.get_per_process_memory_fraction(0) == own
    del live


def test_more_headroom_than_the_device_has_is_the_whole_device(torch: Any) -> None:
    live = torch.empty(CHUNK)
    with allocator.limited(1 << 50):
        assert torch.cuda.get_per_process_memory_fraction(0) == 1.0
    del live


def test_the_current_device_stays(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older torch makes the device current whose fraction is set, and tells nobody of it."""
    live = [torch.empty(CHUNK, device=f"cuda:{device}") for device in (0, 1)]
    monkeypatch.setattr(torch.cuda, "KIND", "old")
    monkeypatch.delattr(torch.cuda, "get_per_process_memory_fraction")
    with allocator.limited(CHUNK):
        assert torch.cuda.current_device() == 0
    assert torch.cuda.current_device() == 0
    del live


def test_without_an_allocator_there_is_nothing_to_limit(torch: Any) -> None:
    def force() -> None:
        with allocator.limited(CHUNK):
            raise AssertionError

    with pytest.raises(allocator.NoAllocator):
        force()
    assert not torch.cuda.is_initialized()

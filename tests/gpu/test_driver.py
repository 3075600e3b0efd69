"""What a driver says of a real GPU while a process of torch comes, holds memory and goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from ops002.units import show_size
from tests.command_line import wait_for
from tests.gpu.conftest import Gpu
from tests.gpu.torch_process import TorchProcess, torch_process

pytestmark = pytest.mark.gpu

MIB = 1 << 20
GIB = 1 << 30
TOLERANCE = 64 * MIB
TAKE = "held = torch.ones(1 << 30, dtype=torch.uint8, device='cuda'); torch.cuda.synchronize()"
Saw = Callable[[str, str], None]


def with_a_context(process: TorchProcess) -> None:
    process.do("torch.ones(1, device='cuda'); torch.cuda.synchronize()")


def test_the_gate_itself_is_never_on_the_gpu(gpu: Gpu) -> None:
    before = gpu.used()
    for _ in range(10):
        gpu.sample()
    assert gpu.of(os.getpid()) is None
    assert abs(gpu.used() - before) <= TOLERANCE


def test_the_size_of_a_context(gpu: Gpu, saw: Saw) -> None:
    before = gpu.used()
    with torch_process(gpu.python) as process:
        with_a_context(process)
        size = gpu.used() - before
        told = gpu.of(process.popen.pid)
    assert size > 0
    by_process = "not told" if told is None else show_size(told)
    saw("a CUDA context", f"{show_size(size)} by the device, {by_process} by its process")


def test_a_processs_memory_is_told_or_it_is_said_why_not(gpu: Gpu, saw: Saw) -> None:
    with torch_process(gpu.python) as process:
        process.do(TAKE)
        sample, told = gpu.sample(), gpu.of(process.popen.pid)
    if sample.tenants is None:
        assert sample.why_unlisted
        saw("figures of processes", f"not listed: {sample.why_unlisted}")
    elif told is None:
        saw("figures of processes", "none for the process that holds 1 GiB")
    else:
        assert told >= GIB
        saw("figures of processes", f"told: {show_size(told)} of one that holds 1 GiB")


def test_which_call_answers(gpu: Gpu, saw: Saw) -> None:
    with torch_process(gpu.python) as process:
        with_a_context(process)
        before = gpu.used()
        process.do(TAKE)
        sample, after = gpu.sample(), gpu.used()
    assert abs(after - before - GIB) <= TOLERANCE
    saw("1 GiB that torch takes", f"{show_size(after - before)} by memory call {sample.version}")


def test_quiesce_gives_back_what_torch_has_cached(gpu: Gpu, saw: Saw) -> None:
    with torch_process(gpu.python) as process:
        with_a_context(process)
        process.do("quiesce.quiesce()")
        before = gpu.used()
        process.do(TAKE)
        process.do("del held")
        cached = gpu.used() - before
        process.do("quiesce.quiesce()")
        left = gpu.used() - before
    assert cached >= GIB - TOLERANCE  # or there would be nothing to give back
    assert abs(left) <= TOLERANCE
    saw("quiesce after 1 GiB was freed", f"{left / MIB:+.1f} MiB left of {cached / MIB:+.0f}")


def test_memory_is_back_after_sigkill(gpu: Gpu, saw: Saw) -> None:
    before = gpu.used()
    with torch_process(gpu.python) as process:
        process.do(TAKE)
        assert gpu.used() - before >= GIB
        process.kill()
        ended = time.monotonic()
        wait_for(lambda: abs(gpu.used() - before) <= TOLERANCE)
        seconds = time.monotonic() - ended
    saw("release after SIGKILL", f"1 GiB and the context {seconds:.2f} s after the end")


def test_an_idle_gpu_holds_still(gpu: Gpu, saw: Saw) -> None:
    moved = gpu.moves_by(5)
    assert moved <= TOLERANCE
    saw("an idle GPU over 5 s", f"moves by {show_size(moved)}")

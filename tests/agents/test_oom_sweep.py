"""The worker's side of a sweep, with real torch on a CPU: points, failures, what is alive."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ops002.agents import wire
from ops002.agents.worker import operators, out_of_reach
from ops002.agents.worker.oom_sweep import OomSweep

MIB = 1 << 20
ROWS = 1 << 18  # of 8 floats: 8 MiB


def sweep_over(infer: Callable[[], object], *, eager: bool = False) -> OomSweep:
    """A sweep whose points are counted, all of them chosen, and which has begun."""
    sweep = OomSweep(infer, "cpu", eager=eager)
    assert sweep.look()["out_of_reach"] == []
    assert sweep.count()["ok"]
    sweep.choose("all")
    sweep.begin()
    return sweep


def two_points() -> torch.Tensor:
    x = torch.ones(ROWS, 8)
    x.add_(1)
    return x.view(-1, 4).softmax(-1)


def test_what_returns_a_new_storage_is_a_point_and_nothing_else_is() -> None:
    sweep = OomSweep(two_points, "cpu", eager=False)

    assert sweep.count() == {"ok": True, "points": 2, "sites": 2, "same": False}
    assert sweep.count()["same"] is True


@pytest.mark.parametrize(("shape", "points"), [((8, 4), 2), ((4, 8), 1)])
def test_an_operator_that_may_copy_is_a_point_where_it_does(
    shape: tuple[int, int], points: int
) -> None:
    def infer() -> None:
        with torch.inference_mode():
            strides = (1, 8) if shape == (8, 4) else (8, 1)
            torch.ones(4, 8).as_strided(shape, strides).reshape(-1)

    assert OomSweep(infer, "cpu", eager=False).count()["points"] == points


def test_each_point_fails_as_torch_fails_and_nothing_stays() -> None:
    sweep = sweep_over(two_points)

    first, second = sweep.fail(0), sweep.fail(1)

    assert [one["point"] for one in (first, second)] == [0, 1]
    for reply in (first, second):
        assert (reply["ok"], reply["raised"], reply["same"]) == (False, True, True)
        assert (reply["live"], reply["kept"]) == (0, 0)
    assert first["exceptions"][0]["classes"][0] == "RuntimeError"
    assert "DefaultCPUAllocator: can't allocate memory" in first["exceptions"][0]["message"]
    assert first["exceptions"][0]["raised_at"][-1].endswith("in two_points")
    assert second["exceptions"] == []  # the same kind: described once
    assert "test_oom_sweep.py" in first["next"]


def test_what_is_kept_is_told_with_the_line_that_failed() -> None:
    kept: list[torch.Tensor] = []

    def infer() -> torch.Tensor:
        kept.append(torch.ones(ROWS, 8))
        result = kept[-1].exp()
        kept.clear()
        return result

    sweep = sweep_over(infer)
    sweep.fail(0)

    reply = sweep.fail(1)

    assert reply["kept"] == 8 * MIB
    assert reply["operator"] == "aten.exp.default"
    assert reply["stack"][-1].endswith("in infer")
    assert f":{infer.__code__.co_firstlineno + 2} " in reply["stack"][-1]


def test_a_cycle_is_told_apart_from_what_stays() -> None:
    def infer() -> torch.Tensor:
        x = torch.ones(ROWS, 8)
        try:
            return x.exp()
        except RuntimeError as error:
            itself = error  # noqa: F841 (the cycle)
            raise

    sweep = sweep_over(infer)

    reply = sweep.fail(1)

    assert (reply["live"], reply["kept"]) == (8 * MIB, 0)


def test_small_cycles_that_add_up_are_collected_too() -> None:
    def infer() -> torch.Tensor:
        x = torch.ones(ROWS // 10, 8)
        try:
            return x.exp()
        except RuntimeError as error:
            itself = error  # noqa: F841 (the cycle)
            raise

    sweep = sweep_over(infer)
    gc.disable()
    try:
        replies = [sweep.fail(1) for _ in range(8)]
    finally:
        gc.enable()

    assert max(reply["kept"] for reply in replies) <= MIB


def test_what_replaces_something_as_big_adds_nothing() -> None:
    held = [torch.ones(ROWS, 8)]

    def infer() -> None:
        held[:] = [torch.ones(ROWS, 8)]
        torch.ones(8)

    sweep = sweep_over(infer)

    assert sweep.fail(1)["kept"] == 0


def test_what_a_healthy_inference_adds_is_told() -> None:
    kept: list[torch.Tensor] = []
    sweep = OomSweep(lambda: kept.append(torch.ones(ROWS, 8)), "cpu", eager=False)
    sweep.count()
    sweep.choose("all")

    assert sweep.begin()["healthy"] == 8 * MIB
    assert sweep.fail(0)["kept"] == 0


def test_a_model_that_is_frozen_is_nothing_that_an_inference_adds() -> None:
    model = {"weight": torch.ones(1 << 18)}

    def infer() -> None:
        with torch.inference_mode():
            model["weight"].reshape(1 << 18).sum()  # its own storage, and perhaps a copy

    infer()
    gc.collect()
    gc.freeze()
    try:
        assert sweep_over(infer).begin()["healthy"] == 0
    finally:
        gc.unfreeze()


def test_an_error_that_is_kept_holds_nothing_that_its_frames_do_not() -> None:
    """The gate's own frames are part of the traceback: they must not refer to the arguments."""
    errors = []

    def infer() -> torch.Tensor:
        try:
            return torch.ones(ROWS, 8).exp()
        except RuntimeError as error:
            errors.append(error)
            raise

    sweep = sweep_over(infer)

    assert sweep.fail(1)["kept"] == 0
    assert len(errors) == 1


def test_the_operator_of_an_error_of_its_own_is_not_held_either() -> None:
    """An operator that fails by itself passes through the gate's frames, too."""
    held: list[weakref.ref[torch.Tensor]] = []

    def infer() -> None:
        left = torch.ones(3, 3)
        held.append(weakref.ref(left))
        torch.mm(left, torch.ones(2, 2))

    mode = operators.looking_on(torch)(Never())
    kept = None
    with mode:
        try:
            infer()
        except RuntimeError as error:
            kept = error
    assert kept is not None
    assert kept.__traceback__ is not None
    frames = kept.__traceback__
    names = []
    while frames is not None:
        names += list(frames.tb_frame.f_locals) if "_dispatched" in str(frames.tb_frame) else []
        frames = frames.tb_next  # type: ignore[assignment]
    assert "args" not in names


class Never(operators.Onlooker):
    def before(self, _operator: Any) -> bool:
        return False

    def after(self, _operator: Any, _arguments: Any, _result: Any) -> bool:
        return False


def test_no_error_of_the_workload_is_held_afterwards() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def infer() -> torch.Tensor:
        x = torch.ones(ROWS, 8)
        held.append(weakref.ref(x))
        return x.exp()

    sweep = sweep_over(infer)
    gc.disable()
    try:
        sweep.fail(1)
        assert held[-1]() is None
    finally:
        gc.enable()


def test_the_first_the_middle_and_the_last_of_each_place_are_chosen() -> None:
    def infer() -> None:
        for _ in range(9):
            torch.ones(8)
        torch.zeros(8)

    sweep = OomSweep(infer, "cpu", eager=False)
    sweep.count()

    assert sweep.choose("sites") == 4
    assert sweep.choose("all") == 10
    assert sweep.choose(3) == 3
    assert sweep.choose(100) == 10


def test_an_inference_that_is_another_is_told() -> None:
    turns: list[int] = []

    def infer() -> None:
        turns.append(1)
        if len(turns) % 2:
            torch.zeros(8).exp()
        torch.ones(8)

    sweep = OomSweep(infer, "cpu", eager=False)
    counted = sweep.count()
    sweep.choose("all")
    sweep.begin()

    replies = [sweep.fail(place) for place in range(counted["points"])]

    assert not all(reply["same"] for reply in replies)


def test_a_recovery_is_a_return() -> None:
    def infer() -> None:
        try:
            torch.ones(8)
        except RuntimeError:
            return

    reply = sweep_over(infer).fail(0)

    assert (reply["ok"], reply["raised"]) == (True, True)


@pytest.mark.parametrize("kind", ["thread", "pool"])
def test_other_threads_are_out_of_reach(kind: str) -> None:
    pool = ThreadPoolExecutor(1)
    pool.submit(int).result()

    def work() -> torch.Tensor:
        return torch.ones(8) @ torch.ones(8)

    def infer() -> None:
        if kind == "pool":
            pool.submit(work).result()
        else:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    told = OomSweep(infer, "cpu", eager=False).look()["out_of_reach"]

    assert len(told) == 1
    assert told[0].startswith("other threads run ")


def test_a_thread_that_does_nothing_with_torch_is_none_of_them() -> None:
    pool = ThreadPoolExecutor(1)

    def infer() -> None:
        pool.submit(sum, range(10)).result()
        torch.ones(8)

    assert OomSweep(infer, "cpu", eager=False).look()["out_of_reach"] == []


def test_what_torch_computes_in_threads_of_its_own_is_no_thread_of_the_workloads() -> None:
    def event(name: str, thread: int) -> Any:
        return SimpleNamespace(name=lambda: name, device_resource_id=lambda: thread)

    events = [event("ops002", 1), event("aten::mm", 1), event("aten::select", 2)]

    assert out_of_reach._operators_elsewhere(events, {2}) == set()
    assert out_of_reach._operators_elsewhere(events, {3}) == {"aten::select"}


def encoder() -> torch.nn.Module:
    layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 1).eval()


@pytest.mark.parametrize(
    ("model", "word"),
    [
        (torch.compile(torch.nn.Linear(8, 8), backend="eager"), "torch.compile"),
        (encoder(), "a fused fast path"),
    ],
)
def test_what_runs_past_the_operators_is_out_of_reach_unless_run_eagerly(
    model: Callable[[torch.Tensor], torch.Tensor], word: str
) -> None:
    width = 8 if word == "torch.compile" else 16

    def infer() -> torch.Tensor:
        with torch.inference_mode():
            return model(torch.ones(1, 4, width))

    infer()

    (told,) = OomSweep(infer, "cpu", eager=False).look()["out_of_reach"]
    assert told.startswith(word)
    assert OomSweep(infer, "cpu", eager=True).look()["out_of_reach"] == []
    assert torch.backends.mha.get_fastpath_enabled()


def test_an_older_torch_tells_what_runs_past_the_operators_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its profiler can't be asked about other threads: about the inference's own it can."""
    monkeypatch.setattr(torch._C._profiler, "_ExperimentalConfig", object)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    model = encoder()

    def infer() -> None:
        with torch.inference_mode():
            model(torch.ones(1, 4, 16))

    (told,) = OomSweep(infer, "cpu", eager=False).look()["out_of_reach"]

    assert told.startswith("a fused fast path")


def test_a_replayed_graph_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    class Graph:
        def replay(self) -> str:
            return "replayed"

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    replay = Graph.replay

    (told,) = OomSweep(lambda: Graph().replay(), "cpu", eager=False).look()["out_of_reach"]

    assert told == "it replays a CUDA graph 1 times"
    assert Graph.replay is replay


def test_the_allocator_is_asked_at_least_as_often_as_there_are_points() -> None:
    sweep = OomSweep(two_points, "cpu", eager=False)

    assert sweep.look()["events"] >= sweep.count()["points"]


def test_every_reply_fits_into_a_message() -> None:
    def deep(left: int) -> torch.Tensor:
        return deep(left - 1) if left else torch.ones(ROWS, 8).exp()

    kept = []

    def infer() -> None:
        kept.append(torch.ones(ROWS, 8))
        deep(500)

    sweep = sweep_over(infer)

    assert len(wire.encode(sweep.fail(2))) < 32 * 1024


def test_without_torch_there_are_no_points() -> None:
    code = (
        "from ops002.agents.worker.oom_sweep import OomSweep\n"
        "sweep = OomSweep(lambda: b'x', 'cpu', eager=False)\n"
        "print(sweep.look()['ok'], sweep.count()['points'], sweep.choose('sites'))\n"
        "import sys; print('torch' in sys.modules)\n"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.split() == ["True", "0", "0", "False"]

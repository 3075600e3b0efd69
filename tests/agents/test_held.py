"""What an error left in a process: found, named, and let go of, whatever the objects are like."""

from __future__ import annotations

import asyncio  # noqa: F401 (so that its module in C is there)
import contextvars
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import pytest

from ops002.agents import wire
from ops002.agents.worker import blocks, ladder
from ops002.agents.worker.held import HeldMemory
from ops002.agents.worker.ladder import collector_off
from ops002.agents.worker.user_code import attempt
from tests.builders import MIB

SIZE = 4 * MIB


def block() -> bytearray:
    return bytearray(SIZE)


class Engine:
    """A model that keeps what it is told to."""

    kept: Any = None
    other: Any = None


class Slotted:
    """An object without a dict."""

    __slots__ = ("kv",)


class Hostile:
    """An object that raises or lies whenever it is asked anything."""

    def __init__(self) -> None:
        object.__setattr__(self, "kv", block())

    def _raise(self, *_anything: object) -> NoReturn:
        raise SystemExit("asked")

    __repr__ = __hash__ = __eq__ = __bool__ = __len__ = _raise

    @property
    def __class__(self) -> Any:
        return dict

    @__class__.setter
    def __class__(self, _value: Any) -> None: ...

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine, and nothing of the test's that holds what it keeps."""
    made = Engine()
    yield made
    made.kept = made.other = None
    gc.unfreeze()
    gc.collect()


def explained(engine: Engine, keep: Callable[[], object]) -> dict[str, Any]:
    """What is said of what ``keep`` keeps."""
    held = HeldMemory()
    gc.collect()
    held.remember(engine, on_gpus=False)
    attempt(keep)
    return held.explain(engine, on_gpus=False)


def chain(engine: Engine, keep: Callable[[], object]) -> tuple[str, str]:
    """The kind of the biggest holder, and its chain."""
    told = explained(engine, keep)
    assert told["bytes"] >= SIZE
    return told["held"][0]["kind"], told["held"][0]["chain"]


def raise_holding(size: int = SIZE) -> None:
    activations = bytearray(size)
    raise ValueError(f"after {len(activations)}")


def caught(function: Callable[[], object] = raise_holding) -> BaseException:
    try:
        function()
    except Exception as error:  # noqa: BLE001 (whatever it is)
        return error
    raise AssertionError("it should have raised")


def later(data: bytearray) -> Callable[[], int]:
    def wait() -> int:
        return len(data)

    return wait


def default() -> Callable[[], int]:
    def wait(data: bytearray = block()) -> int:  # noqa: B008 (that is what is tested)
        return len(data)

    return wait


class Request:
    """Has a block and a method."""

    def __init__(self) -> None:
        self.kv = block()

    def read(self) -> int:
        return len(self.kv)


def with_kv() -> Request:
    return Request()


WAYS: dict[str, tuple[Callable[[], Any], str]] = {
    "attribute": (block, "Engine.kept"),
    "list": (lambda: [1, block()], "Engine.kept[1]"),
    "key": (lambda: {"req-17": [block()]}, "Engine.kept['req-17'][0]"),
    "untracked": (lambda: {"a": ("b", bytes(block()))}, "Engine.kept['a'][1]"),
    "object as a key": (lambda: {Engine(): block()}, "Engine.kept[<Engine>]"),
    "partial": (lambda: partial(len, block()), "Engine.kept.args[0]"),
    "closure": (lambda: later(block()), "Engine.kept → data in the closure of wait()"),
    "default": (default, "Engine.kept → default of wait()[0]"),
    "method": (lambda: with_kv().read, "Engine.kept.__self__.kv"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_way_to_what_is_kept_is_named(engine: Engine, way: str) -> None:
    make, expected = WAYS[way]
    assert chain(engine, lambda: setattr(engine, "kept", make())) == ("object", expected)


def test_a_slot_is_named(engine: Engine) -> None:
    def keep() -> None:
        engine.kept = Slotted()
        engine.kept.kv = block()

    assert chain(engine, keep) == ("object", "Engine.kept.kv")


def test_a_module_of_the_workloads_is_a_root(engine: Engine) -> None:
    module = sys.modules[__name__]
    try:
        found = chain(engine, lambda: setattr(module, "KEPT", block()))
    finally:
        del module.KEPT
    assert found == ("object", f"{__name__}.KEPT")


def test_a_paused_generator_is_named_with_its_local(engine: Engine) -> None:
    def paused() -> Iterator[int]:
        kv = block()
        yield len(kv)

    def keep() -> None:
        engine.kept = paused()
        next(engine.kept)

    told = explained(engine, keep)["held"][0]

    assert (told["kind"], told["name"]) == ("frame", "Engine.kept")
    assert told["chain"] == "Engine.kept → paused, kv in paused()"
    assert told["frame"][2] == "paused"


def test_a_thread_that_waits_is_named_with_its_local(engine: Engine) -> None:
    go, there = threading.Event(), threading.Event()

    def serve() -> None:
        batch = block()
        there.set()
        go.wait()
        del batch

    thread = threading.Thread(target=serve, name="worker")

    def keep() -> None:
        thread.start()
        there.wait()

    try:
        assert chain(engine, keep) == ("frame", "thread worker → batch in serve()")
    finally:
        go.set()
        thread.join()


def test_no_module_is_asked_for_its_own(engine: Engine) -> None:
    """Python 3.12's _asyncio hands out its store of dead objects, and hangs from then on."""
    module = sys.modules["_asyncio"]
    assert blocks.referents([module, engine]) == [*gc.get_referents(engine), vars(module)]


def test_a_contextvar_is_named(engine: Engine) -> None:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("current")

    def keep() -> tuple[str, str]:
        return chain(engine, lambda: variable.set([block()]))

    assert contextvars.copy_context().run(keep) == ("object", "contextvar 'current'[0]")


def test_a_hostile_object_is_named_without_being_asked(engine: Engine) -> None:
    assert chain(engine, lambda: setattr(engine, "kept", [Hostile()])) == (
        "object",
        "Engine.kept[0].kv",
    )


def test_what_was_there_before_is_no_ones_fault(engine: Engine) -> None:
    engine.other = block()
    told = explained(engine, lambda: None)
    assert [held for held in told["held"] if "other" in held["chain"]] == []


def test_clearing_a_traceback_brings_back_what_it_held(engine: Engine) -> None:
    told = explained(engine, lambda: setattr(engine, "kept", caught()))

    (step,) = told["steps"]
    assert (step["rung"], step["name"]) == ("traceback", "Engine.kept")
    assert step["before"] - step["after"] >= SIZE
    assert told["left_bytes"] < SIZE


def test_a_traceback_by_itself_is_cleared_as_well(engine: Engine) -> None:
    told = explained(engine, lambda: setattr(engine, "kept", [caught().__traceback__]))

    assert told["held"][0]["chain"] == "Engine.kept[0] → activations in raise_holding()"
    assert [(step["rung"], step["name"]) for step in told["steps"]] == [
        ("traceback", "Engine.kept[0]")
    ]
    assert told["left_bytes"] < SIZE


def test_the_whole_chain_of_exceptions_is_one_holder(engine: Engine) -> None:
    def wrapped() -> None:
        try:
            raise_holding()
        except ValueError:
            raise RuntimeError("wrapped") from None

    told = explained(engine, lambda: setattr(engine, "kept", caught(wrapped)))

    assert told["held"][0]["chain"] == "Engine.kept.__context__ → activations in raise_holding()"
    assert [(step["rung"], step["name"]) for step in told["steps"]] == [
        ("traceback", "Engine.kept")
    ]
    assert told["left_bytes"] < SIZE


def test_each_holder_is_credited_with_its_own(engine: Engine) -> None:
    def keep() -> None:
        engine.kept = caught()
        engine.other = caught(lambda: raise_holding(2 * SIZE))

    told = explained(engine, keep)

    freed = {step["name"]: round((step["before"] - step["after"]) / SIZE) for step in told["steps"]}
    assert freed == {"Engine.other": 2, "Engine.kept": 1}


def test_a_cycle_is_told_from_what_is_in_use(engine: Engine) -> None:
    def cycle() -> None:
        request = Request()
        request.me = request  # type: ignore[attr-defined]

    with collector_off():
        told = explained(engine, cycle)

    assert told["held"][0]["kind"] == "unreachable"
    assert [(step["rung"], step["name"]) for step in told["steps"]] == [("cycle", "Request")]
    assert told["left_bytes"] < SIZE


def test_a_frozen_cycle_is_found_and_said_to_be_frozen(engine: Engine) -> None:
    def cycle() -> None:
        request = Request()
        request.me = request  # type: ignore[attr-defined]
        gc.freeze()

    with collector_off():
        told = explained(engine, cycle)

    assert [step["rung"] for step in told["steps"]] == ["frozen-cycle"]
    assert told["left_bytes"] < SIZE


def test_what_was_frozen_at_the_baseline_was_there_before(engine: Engine) -> None:
    engine.other = [Request()]
    gc.freeze()
    told = explained(engine, lambda: setattr(engine, "kept", block()))
    assert [held["chain"] for held in told["held"] if held["bytes"] >= SIZE] == ["Engine.kept"]


def test_the_line_of_an_allocation_is_recorded_once_more(engine: Engine) -> None:
    def keep() -> dict[str, Any]:
        return attempt(lambda: setattr(engine, "kept", bytes(block())))

    told = HeldMemory().explain_again(engine, keep, on_gpus=False)

    (held,) = told["held"]
    file, line, _ = held["made_at"][0]
    assert (file, line) == (__file__, keep.__code__.co_firstlineno + 1)
    assert held["chain"] == "Engine.kept"


def test_nothing_of_the_gates_own_is_left_behind(engine: Engine) -> None:
    held = HeldMemory()
    held.remember(engine, on_gpus=False)
    attempt(lambda: setattr(engine, "kept", caught()))
    with collector_off():
        held.explain(engine, on_gpus=False)
        kinds = {type(item).__name__ for item in gc.get_objects()}
    assert kinds.isdisjoint({"Found", "Referrers", "Subject"})


def test_it_gives_up_in_time_and_says_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_SEARCH_SECONDS", 0.0)
    told = explained(engine, lambda: setattr(engine, "kept", block()))
    assert told["complete"] is False


def test_more_blocks_than_can_be_told_are_said_to_be_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "_MOST_BLOCKS", 2)
    told = explained(engine, lambda: setattr(engine, "kept", [block() for _ in range(3)]))
    assert told["complete"] is False


def test_what_is_told_fits_into_a_message(engine: Engine) -> None:
    told = explained(engine, lambda: setattr(engine, "kept", {"é" * 30: block()}))
    told["held"] *= 2000
    told["left"] *= 2000
    assert len(wire.encode({"told": ladder.fitted(told)})) <= wire.MAX_LINE
    assert told["complete"] is False


def test_what_a_thread_has_of_its_locals_is_left_to_it(engine: Engine) -> None:
    go, there = threading.Event(), threading.Event()
    seen: list[dict[str, Any]] = []

    def serve() -> None:
        batch = block()
        seen.append(locals())
        there.set()
        go.wait()
        del batch

    thread = threading.Thread(target=serve)
    thread.start()
    there.wait()
    try:
        explained(engine, lambda: None)
        assert "batch" in seen[0]
    finally:
        go.set()
        thread.join()
        seen.clear()


def test_a_wide_graph_costs_neither_the_time_nor_the_memory(engine: Engine) -> None:
    crowd = [[number] for number in range(300_000)]
    started = time.thread_time()
    told = explained(engine, lambda: setattr(engine, "kept", {"crowd": crowd, "kv": block()}))
    assert told["held"][0]["chain"] == "Engine.kept['kv']"
    assert time.thread_time() - started < 3 * ladder._SEARCH_SECONDS  # it ends by its own limits

"""The worker's loop: one request, one reply, until the gate says exit or is gone."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from typing import BinaryIO, Callable, Dict, List, Optional

from ops002.agents import wire
from ops002.agents.worker import allocator, limits, quiesce
from ops002.agents.worker.held import HeldMemory
from ops002.agents.worker.injection import interrupted_after, interrupted_at, interrupted_in
from ops002.agents.worker.oom_sweep import OomSweep
from ops002.agents.worker.scenario import Scenario
from ops002.agents.worker.user_code import attempt

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Serve requests until ``exit`` or the end of the channel."""
    _die_with_the_gate()
    requests, replies = _take_channel()
    worker = _Worker()
    for line in requests:
        request = wire.decode(line)
        if request is None:
            continue
        reply = worker.answer(request)
        reply["id"], reply["key"] = request.get("id"), request.get("key")
        replies.write(wire.encode(reply))
        replies.flush()
        if request.get("op") == "exit":
            return


def _die_with_the_gate() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Move the channel off standard input and output.

    Nothing that the workload prints, and no program that it starts, reaches it there.
    """
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


class _Worker:
    """Holds the scenario between requests, and nothing else of the workload."""

    def __init__(self) -> None:
        self._scenario: Optional[Scenario] = None
        self._device = ""
        self._sweep: Optional[OomSweep] = None
        self._held = HeldMemory()
        self._operations: Dict[str, Callable[[wire.Message], wire.Message]] = {
            "load": self._load,
            "infer": lambda _request: _with_figures(attempt(self._loaded().infer)),
            "call": lambda _request: _with_figures(attempt(self._loaded().fail)),
            "oom": lambda request: _with_figures(self._oom(request)),
            "exception": lambda request: _with_figures(self._exception(request)),
            "sweep-look": self._look,
            "sweep-count": lambda _request: self._swept().count(),
            "sweep-choose": self._choose,
            "sweep-begin": lambda _request: self._swept().begin(),
            "sweep-fail": lambda request: _with_figures(self._swept().fail(int(request["place"]))),
            "allocator": _allocator,
            "warm_pools": lambda _request: attempt(limits.warm_thread_pools),
            "collect": lambda _request: attempt(gc.collect),
            "quiesce": _quiesce,
            "remember": self._remember,
            "explain": self._explain,
            "explain_again": self._explain_again,
            "unload": self._unload,
            "exit": lambda _request: {"ok": True},
        }

    def answer(self, request: wire.Message) -> wire.Message:
        operation = self._operations.get(str(request.get("op")))
        if operation is None:
            return {"ok": False, "exceptions": [], "detail": "unknown request"}
        return operation(request)

    def _loaded(self) -> Scenario:
        if self._scenario is None:
            raise RuntimeError("nothing is loaded")
        return self._scenario

    def _load(self, request: wire.Message) -> wire.Message:
        self._device = str(request["device"])
        if self._device == "cpu":
            quiesce.one_heap()

        def load() -> None:
            self._scenario = Scenario(str(request["file"]), self._device)

        reply = attempt(load)
        if self._scenario is not None:
            reply["has"] = self._scenario.optional_parts()
        return reply

    def _oom(self, request: wire.Message) -> wire.Message:
        infer = self._loaded().infer_sized
        size, headroom = request.get("size"), int(request["headroom"])
        if self._device != "cuda":
            with limits.address_space(headroom) as limit:
                reply = attempt(lambda: infer(size))
            reply["limit"] = limit
            return reply
        held: List[int] = []

        def limited() -> None:
            with allocator.limited(headroom) as limit:
                held.append(limit)
                infer(size)

        reply = attempt(limited)
        return {**reply, "limit": held[0]} if held else reply

    def _exception(self, request: wire.Message) -> wire.Message:
        infer = self._loaded().infer
        operator, function = request.get("operator"), request.get("function")
        if operator is not None:
            return attempt(lambda: interrupted_at(int(operator), infer))
        if function is not None:
            return attempt(lambda: interrupted_in(str(function), infer))
        return attempt(lambda: interrupted_after(float(request["after"]), infer))

    def _look(self, request: wire.Message) -> wire.Message:
        eager = request["eager"] is True
        self._sweep = OomSweep(self._loaded().infer, self._device, eager=eager)
        return self._sweep.look()

    def _swept(self) -> OomSweep:
        if self._sweep is None:
            raise RuntimeError("nothing was looked at")
        return self._sweep

    def _choose(self, request: wire.Message) -> wire.Message:
        return {"ok": True, "chosen": self._swept().choose(request["points"])}

    def _remember(self, _request: wire.Message) -> wire.Message:
        model, on_gpus = self._loaded().model, self._device == "cuda"
        return attempt(lambda: self._held.remember(model, on_gpus=on_gpus))

    def _explain(self, _request: wire.Message) -> wire.Message:
        told: wire.Message = {}
        model, on_gpus = self._loaded().model, self._device == "cuda"
        reply = attempt(lambda: told.update(self._held.explain(model, on_gpus=on_gpus)))
        return {**reply, "told": told}

    def _explain_again(self, request: wire.Message) -> wire.Message:
        told: wire.Message = {}
        model, on_gpus = self._loaded().model, self._device == "cuda"
        forced = dict(request["forced"])

        def explain() -> None:
            force = lambda: self.answer(forced)  # noqa: E731
            told.update(self._held.explain_again(model, force, on_gpus=on_gpus))

        return {**attempt(explain), "told": told}

    def _unload(self, _request: wire.Message) -> wire.Message:
        scenario, self._scenario, self._sweep = self._scenario, None, None
        return attempt(scenario.unload) if scenario is not None else {"ok": True}


def _quiesce(_request: wire.Message) -> wire.Message:
    did, failed = quiesce.quiesce()
    return {"ok": failed is None, "did": did, "failed": failed}


def _allocator(request: wire.Message) -> wire.Message:
    reset = request.get("reset_peaks") is True
    return {"ok": True, "allocator": allocator.figures(reset_peaks=reset)}


def _with_figures(reply: wire.Message) -> wire.Message:
    """The reply with what the allocator says once it is over: a workload may end right after it."""
    reply["allocator"] = allocator.figures()
    return reply

"""What an error left in this process, and who holds it: the worker's part of a diagnosis."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Set, Tuple

from ops002.agents.worker.allocator import figures
from ops002.agents.worker.blocks import find
from ops002.agents.worker.deadline import Deadline
from ops002.agents.worker.ladder import Subject, Told, climb, collector_off, thaw
from ops002.agents.worker.tracing import Traces, recording, stop

_SECONDS = 5.0


class HeldMemory:
    """Remembers which blocks were there at the baseline, as addresses and sizes alone."""

    def __init__(self) -> None:
        self._before: Optional[Set[Tuple[int, int]]] = None
        self._allocated: Optional[int] = None

    def remember(self, model: Any, *, on_gpus: bool) -> None:
        """What is there now was there before the faults."""
        found = find(Deadline(_SECONDS), on_gpus=on_gpus, model=model)
        there = {(block.address, block.bytes) for block in found.blocks.values()}
        self._before = there if found.complete else None
        self._allocated = _allocated(on_gpus=on_gpus)

    def explain(self, model: Any, *, on_gpus: bool) -> Told:
        """Who holds what wasn't there at the baseline; lets go of it on the way."""
        before = self._before or set()
        subject = Subject(
            model=model,
            on_gpus=on_gpus,
            concerns=lambda block: (block.address, block.bytes) not in before,
            live=_risen(self._allocated, on_gpus=on_gpus),
            places=lambda _block: [],
            hidden=lambda _found: [],
        )
        with collector_off():
            told = climb(subject, frozen=thaw())
        # Where too much was there to remember, what is held may have been there before.
        return {**told, "complete": told["complete"] and self._before is not None}

    def explain_again(
        self, model: Any, force: Callable[[], Dict[str, Any]], *, on_gpus: bool
    ) -> Told:
        """Force the fault once more, and say who holds what it left and where it was allocated."""
        traces = Traces(on_gpus=on_gpus)
        subject = Subject(
            model=model,
            on_gpus=on_gpus,
            concerns=lambda block: bool(traces.of(block)),
            live=_risen(_allocated(on_gpus=on_gpus), on_gpus=on_gpus),
            places=traces.of,
            hidden=traces.hidden,
        )
        with collector_off():
            try:
                with recording(traces):
                    force()
                frozen = thaw()
                traces.add_python_blocks(find(Deadline(_SECONDS), on_gpus=on_gpus))
            finally:
                stop()
            return climb(subject, frozen=frozen)


def _allocated(*, on_gpus: bool) -> Optional[int]:
    """Live bytes of torch's CUDA allocator, over all devices; None where it can't be asked."""
    devices = figures().get("devices") if on_gpus else None
    return None if devices is None else sum(int(device["allocated"]) for device in devices)


def _risen(before: Optional[int], *, on_gpus: bool) -> Callable[[], Optional[int]]:
    def live() -> Optional[int]:
        now = _allocated(on_gpus=on_gpus)
        return None if now is None or before is None else max(0, now - before)

    return live

"""What torch's CUDA allocator in a worker says of itself: the workload's own word, so checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ops002.agents import wire
from ops002.contract import AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES as _MOST
from ops002.measurement import Evidence, Seen, Source
from ops002.workloads import StepFailed

_NOTHING_TO_LIMIT: Final = (
    "oom on a GPU is a limit on torch's CUDA allocator, and after the warm-up {why}: let infer put "
    "its tensors on the device that load is given, by torch's own allocator, or use call with a "
    "fail(model) that runs out of memory by itself"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one device, by its number for torch: bytes, and how often memory ran out so far."""

    device: int
    allocated: int
    reserved: int
    peak: int
    ooms: int


@dataclass(frozen=True, slots=True)
class Told:
    """The devices on which the allocator is in use; where there is none, ``why`` says why.

    ``visible`` is how many devices torch sees.
    """

    devices: tuple[Figures, ...] = ()
    visible: int = 0
    why: str = "it doesn't say"


class TorchAllocator:
    """Asks the allocator; silent until it is told that the workload runs on GPUs."""

    def __init__(self, ask: Callable[[bool], wire.Message]) -> None:
        """``ask`` sends the question; with True the peaks start anew."""
        self.on_gpus = False
        self._ask = ask
        self._before = Told()
        self._after = Told()

    def now(self) -> Told:
        """The figures now."""
        return self._hear(self._ask(False)) if self.on_gpus else Told()

    def must_be_limitable(self) -> None:
        """Raises `StepFailed` if there is nothing to set a limit on."""
        figures = self.now()
        if not figures.devices:
            raise StepFailed(_NOTHING_TO_LIMIT.format(why=figures.why))

    def begin(self) -> Told:
        """Start the peaks anew: the figures at the beginning of what follows."""
        self._after = Told()
        self._before = self._hear(self._ask(True)) if self.on_gpus else Told()
        return self._before

    def end(self, reply: wire.Message) -> None:
        """Take the figures at its end from its reply."""
        self._after = self._hear(reply) if self.on_gpus else Told()

    @property
    def after(self) -> Told:
        """The figures at the end."""
        return self._after

    @property
    def rise_bytes(self) -> int | None:
        """How far live bytes rose between beginning and end, on the device where it is most."""
        began = {one.device: one.allocated for one in self._before.devices}
        rises = (max(0, one.peak - began.get(one.device, 0)) for one in self._after.devices)
        return max(rises, default=None)

    @property
    def ooms(self) -> int | None:
        """How often memory ran out between beginning and end; None where nobody counts."""
        began = {one.device: one.ooms for one in self._before.devices}
        rises = [max(0, one.ooms - began.get(one.device, 0)) for one in self._after.devices]
        return sum(rises) if rises else None

    def evidence(self) -> Iterator[Evidence]:
        """How often memory ran out, where it is counted."""
        if self.ooms is not None:
            yield Evidence(source=Source.WORKLOAD, what=Seen.ALLOCATOR_OOMS, value=self.ooms)

    @staticmethod
    def _hear(reply: wire.Message) -> Told:
        told = reply.get("allocator")
        if not isinstance(told, dict):
            return Told()
        visible, why, devices = (told.get(key) for key in ("visible", "why", "devices"))
        found = tuple(filter(None, map(_figures, devices if isinstance(devices, list) else ())))
        return Told(
            devices=found,
            visible=visible if type(visible) is int else 0,
            why=why if isinstance(why, str) else Told().why,
        )


def _figures(told: object) -> Figures | None:
    """One device's figures; None unless each is a number that a device can have."""
    names = ("device", "allocated", "reserved", "peak", "ooms")
    given = {name: told.get(name) for name in names} if isinstance(told, dict) else {}
    numbers = {
        name: size for name, size in given.items() if type(size) is int and 0 <= size <= _MOST
    }
    return Figures(**numbers) if len(numbers) == len(names) else None

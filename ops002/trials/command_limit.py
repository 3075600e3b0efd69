"""The memory limit under which a command on GPUs runs out of memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops002.clock import Clock
from ops002.executors import Running
from ops002.measurement import JudgedDevice, Reading, Snapshot
from ops002.result import Device
from ops002.trials.recording import Recording
from ops002.workloads import StepFailed

_HALF: Final = 0.5
_LEAST_TOLERANCES: Final = 4
_READING_SHARE: Final = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes of one device, and what part of it that is: of others as large a part is allowed."""

    bytes: int
    fraction: float


class Peaks:
    """Reads memory while a command runs: how far it rises."""

    def __init__(self, running: Running, recording: Recording, clock: Clock) -> None:
        self._running = running
        self._recording = recording
        self._clock = clock
        self._next = 0.0
        self.taken: list[Snapshot] = []

    def tick(self) -> None:
        """Read, unless the last reading was too short a while ago for what one costs."""
        self._clock.check()
        began = self._clock.now()
        if began >= self._next:
            self.taken.append(self._recording.snapshot(self._running.processes()))
            now = self._clock.now()
            self._next = now + _READING_SHARE * (now - began)


def limit_of(
    taken: Sequence[Snapshot],
    devices: Sequence[JudgedDevice],
    gpus: Sequence[Device],
    tolerance_bytes: int,
) -> Limit:
    """Half of what the command took at most, or four tolerances if that is more and still too few.

    Of several devices the one that allows the largest part counts: there it must run out.

    Raises:
        StepFailed: it took nothing of a device, or how much of it that is can't be told.
    """
    totals = {gpu.id: gpu.total_bytes for gpu in gpus}
    limits = []
    for judged in devices:
        peak, total = _rise(taken, judged), totals.get(judged.device)
        if peak and total:
            least = _LEAST_TOLERANCES * tolerance_bytes
            size = max(int(_HALF * peak), least if least < peak else 0)
            limits.append(Limit(size, min(1.0, size / total)))
    if not limits:
        raise StepFailed(
            "oom needs to know what the command takes of a GPU, and none was seen to be taken: let "
            "healthy use the device, for longer than the driver takes to answer"
        )
    return max(limits, key=lambda limit: limit.fraction)


def _rise(taken: Sequence[Snapshot], judged: JudgedDevice) -> int:
    """What the workload's processes held at most, where that is told, else how far all rose."""
    own = _sizes(taken, judged.device, judged.own or "")
    if len(own) == len(taken):
        return max(own, default=0)
    used = _sizes(taken, judged.device, judged.instrument)
    return max(used) - used[0] if used else 0


def _sizes(taken: Sequence[Snapshot], device: str, instrument: str) -> list[int]:
    readings = (one.reading(device, instrument) for one in taken)
    return [reading.bytes for reading in readings if isinstance(reading, Reading)]

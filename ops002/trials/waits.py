"""The waits of a trial: which snapshots to take, and against what they are good enough."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ops002.clock import Clock
from ops002.executors import Running
from ops002.measurement import JudgedDevice, Process, Reading, Snapshot
from ops002.probes import Probe
from ops002.settle import MIN_READINGS, SettleRule, Settling
from ops002.trials.recording import Recording
from ops002.verdict.neighbours import furthest, moves

Listing = Callable[[], tuple[Process, ...]]


class Waits:
    """Waits for still memory, on behalf of one trial."""

    def __init__(self, recording: Recording, probe: Probe, rule: SettleRule, clock: Clock) -> None:
        self._recording = recording
        self._probe = probe
        self._rule = rule
        self._clock = clock

    def until_still(self, processes: Listing) -> Snapshot:
        """Wait until readings hold still (or the timeout): the last snapshot."""
        return self._wait(processes, lambda _snapshot: True, lambda: None)

    def until_back(
        self,
        processes: Listing,
        reference: Snapshot,
        tolerance_bytes: int,
        quiesce: Callable[[], None],
    ) -> bool:
        """Wait until readings hold still within the tolerance of the reference, or the timeout.

        Whether the last reading is within the tolerance.
        """

        def back(snapshot: Snapshot) -> bool:
            return self._near(snapshot, reference, tolerance_bytes)

        return back(self._wait(processes, back, quiesce))

    def see_gone(self, running: Running, reference: Snapshot, tolerance_bytes: int) -> None:
        """Wait until no process is left and memory is back; keep who is still alive after that.

        One listing can miss a process that forks and ends faster than processes are listed: nobody
        may have been seen in several.
        """
        recent: deque[tuple[Process, ...]] = deque(maxlen=MIN_READINGS)

        def listed() -> tuple[Process, ...]:
            recent.append(running.processes())
            return recent[-1]

        def gone(snapshot: Snapshot) -> bool:
            return self._near(snapshot, reference, tolerance_bytes) and not any(recent)

        self._wait(listed, gone, lambda: None)
        self._recording.set_survivors([process for found in recent for process in found])

    def _wait(
        self,
        processes: Listing,
        good_enough: Callable[[Snapshot], bool],
        quiesce: Callable[[], None],
    ) -> Snapshot:
        taken: list[Snapshot] = []

        def take() -> Snapshot:
            taken.append(self._recording.snapshot(processes()))
            return taken[-1]

        Settling(
            take=take,
            devices=self._probe.devices,
            rule=self._rule,
            good_enough=good_enough,
            quiesce=quiesce,
        ).wait(self._clock)
        return taken[-1]

    def _near(self, snapshot: Snapshot, reference: Snapshot, tolerance_bytes: int) -> bool:
        return all(
            self._is_near(judged, snapshot, reference, tolerance_bytes)
            for judged in self._probe.devices
        )

    def _is_near(
        self, judged: JudgedDevice, snapshot: Snapshot, reference: Snapshot, tolerance_bytes: int
    ) -> bool:
        moved = _moved(judged.device, judged.instrument, snapshot, reference)
        if moved is None or moved > tolerance_bytes:
            return False
        # What one side gave back may stand for what the other keeps: both must be back.
        own = _moved(judged.device, judged.own, snapshot, reference)
        if own is not None and own > tolerance_bytes:
            return False
        return furthest(moves(judged, reference, snapshot) or ()) <= self._rule.band


def _moved(
    device: str, instrument: str | None, snapshot: Snapshot, reference: Snapshot
) -> int | None:
    """How far an instrument is from the reference, in bytes; None where it can't be told."""
    if instrument is None:
        return None
    now, then = snapshot.reading(device, instrument), reference.reading(device, instrument)
    if not isinstance(now, Reading) or not isinstance(then, Reading):
        return None
    return abs(now.bytes - then.bytes)

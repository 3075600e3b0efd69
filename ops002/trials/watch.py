"""Watches memory while a fault is forced: how far it rose is what a leak could have kept.

Three instruments, by cost: a poll of resident pages and of the machine's shared memory (tens of
microseconds) at every tick; the judged reading whenever the poll has risen by a step, from the last
reading or the lowest since; the kernel's high-water mark of the root, which no tick can miss. No
mark of the kernel's shows a file in memory that nobody has mapped: one that is gone before the
gate's next tick is not seen.
"""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import Final

from ops002.clock import Clock
from ops002.executors import Running
from ops002.measurement import Process, Reading, Stage
from ops002.probes import Probe
from ops002.trials.recording import Recording

_STEP_BYTES: Final = 8 * 1024 * 1024
# Between two judged readings, and between two walks of the process table, this many times their
# cost passes: they may not slow the workload that they watch. What a reading costs is the median of
# the last three: one that a busy machine held up says nothing of it.
_READING_SHARE: Final = 5
_LISTING_SHARE: Final = 20
_COSTS: Final = 3


class Watch:
    """One workload, watched while its recording is in the fault stage."""

    def __init__(self, running: Running, probe: Probe, recording: Recording, clock: Clock) -> None:
        self._running = running
        self._probe = probe
        self._recording = recording
        self._clock = clock
        self._processes: tuple[Process, ...] = ()
        self._mark = 0
        self._next_listing = 0.0
        self._next_reading = 0.0
        self._costs: deque[float] = deque(maxlen=_COSTS)
        self._last_peak: Reading | None = None

    def begin(self) -> None:
        """A fault begins: start the marks anew."""
        self._probe.reset_peak(self._running.root)
        self._recording.peak(self._running.root)
        self._list()
        self._read()
        self._mark = self._probe.poll(self._processes)
        self._last_peak = None

    def again(self) -> None:
        """What was watched since `begin` was healthy after all: another attempt begins."""
        fault = self._recording.fault
        self._recording.enter(Stage.HEALTHY_TRY, fault)
        self._recording.snapshot(self._processes)
        self._recording.enter(Stage.FAULT, fault)
        self.begin()

    def tick(self) -> None:
        """Look, if a fault is being forced; end the run if it must end."""
        self._clock.check()
        if self._recording.stage is not Stage.FAULT:
            return
        now = self._clock.now()
        if now >= self._next_listing:
            self._list()
        peak = self._probe.read_peak(self._running.root)
        if isinstance(peak, Reading):
            self._last_peak = peak
        polled = self._probe.poll(self._processes)
        self._mark = min(self._mark, polled)
        if polled > self._mark + _STEP_BYTES and now >= self._next_reading:
            self._read()
            self._mark = polled
            # Of two the lower: one that was held up isn't outvoted yet.
            self._next_reading = now + _READING_SHARE * median_low(self._costs)

    def finish(self) -> None:
        """The fault is over: keep the final high-water mark, or the last one seen."""
        peak = self._probe.read_peak(self._running.root)
        if isinstance(peak, Reading):
            self._last_peak = peak
        if self._last_peak is not None:
            self._recording.keep_peak(self._last_peak)
        else:
            # No mark: what an allocator still keeps of the fault is the last chance to see it.
            self._recording.snapshot(self._processes)

    def _read(self) -> None:
        """Take a judged reading, and keep how many seconds it took."""
        began = self._clock.now()
        self._recording.snapshot(self._processes)
        self._costs.append(self._clock.now() - began)

    def _list(self) -> None:
        now = self._clock.now()
        self._processes = self._running.processes()
        self._next_listing = now + _LISTING_SHARE * (self._clock.now() - now)

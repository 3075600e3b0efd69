"""What is replayed: a cell is one way to disturb the recorded trials, tried many times."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

from bench.error_rates.replay import Disturbance, replay
from bench.error_rates.trace import Trace
from ops002.config.resolved import Scenario, parse
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.verdict.judge import judge

MIB = 1 << 20
TOLERANCE = "64MiB"
STEP = 30 * MIB
# Memory that comes back a second after its error is at any height between two faults: growth can't
# be seen there, and the report's threshold says so. It is part of the clean trials alone.
RETURNS_LATE = frozenset({"returned_late"})


@dataclass(frozen=True)
class Noise:
    """Standard deviations in MiB, and the band that such readings need to count as still."""

    label: str
    reading: float
    level: float
    band: str


QUIET = Noise("none", 0.0, 0.0, "4MiB")
NOISES = (
    QUIET,
    Noise("0.5 MiB per reading", 0.5, 0.0, "4MiB"),
    Noise("0.5 MiB per wait", 0.0, 0.5, "4MiB"),
    Noise("2 MiB per reading", 2.0, 0.0, "16MiB"),
    Noise("2 MiB per wait", 0.0, 2.0, "4MiB"),
)


@dataclass(frozen=True)
class Cell:
    """``leak`` in MiB per error, kept in slabs of so many errors' worth; ``steps`` one-off rises.

    With slabs of 2, every second error adds two errors' worth. The first slab's place is drawn.
    """

    noise: Noise
    repeat: int
    replays: int
    leak: int = 0
    slab: int = 1
    steps: int = 0


@dataclass(frozen=True)
class Count:
    """What came of a cell's replays, by reason; and greens with more leaked than stated."""

    cell: Cell
    reasons: Counter[str]
    green: int
    false_green: int

    @property
    def found(self) -> float:
        """The share of replays that failed; one that is inconclusive has found nothing."""
        failed = (
            count
            for reason, count in self.reasons.items()
            if OUTCOME_OF[Reason(reason)] is Outcome.FAIL
        )
        return sum(failed) / self.cell.replays


def clean_cells(replays: int) -> list[Cell]:
    return [
        Cell(noise, repeat, replays, steps=steps)
        for noise, repeat, steps in product(NOISES, (5, 20), (0, 1, 2))
    ]


def leaking_cells(replays: int) -> list[Cell]:
    # Five times 13 MiB is just above the tolerance.
    leaks = (1, 2, 3, 4, 6, 8, 12, 13, 16, 32)
    return [
        Cell(noise, repeat, replays, leak=leak)
        for noise, repeat, leak in product(NOISES, (5, 10, 20), leaks)
    ]


def slab_cells(replays: int) -> list[Cell]:
    return [
        Cell(noise, repeat, replays, leak=leak, slab=slab)
        for noise, slab, repeat, leak in product(NOISES[:3], (2, 4), (5, 10, 20, 40), (2, 6, 12))
    ]


def all_counted(cells: Sequence[Cell], traces: Sequence[Trace], workers: int) -> Iterator[Count]:
    """Every cell, on several processes: how many makes no difference to what comes of it."""
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(counted, cells, [_fit_for(cell, traces) for cell in cells])


def _fit_for(cell: Cell, traces: Sequence[Trace]) -> list[Trace]:
    return [trace for trace in traces if not (cell.leak and trace.name in RETURNS_LATE)]


def counted(cell: Cell, traces: Sequence[Trace]) -> Count:
    """Replay a cell; each replay takes the next trace and draws its own noise."""
    held_to = scenario(cell.repeat, cell.noise.band)
    limits = held_to.limits(held_to.faults[0])
    chance = random.Random(repr(cell))
    reasons: Counter[str] = Counter()
    green = false_green = 0
    for number in range(cell.replays):
        disturbance = _drawn(cell, chance)
        trace = traces[number % len(traces)]
        judgement = judge(replay(trace, disturbance, held_to, chance), limits)
        reasons[judgement.reason.value] += 1
        if judgement.outcome is Outcome.PASS:
            green += 1
            stated = judgement.checks[0].smallest_detectable_bytes or 0
            false_green += disturbance.leaked_bytes > stated
    return Count(cell, reasons, green, false_green)


def _drawn(cell: Cell, chance: random.Random) -> Disturbance:
    steps = [(chance.randrange(cell.repeat), STEP) for _ in range(cell.steps)]
    first = chance.randrange(cell.slab)
    slabs = [(fault, cell.slab * cell.leak * MIB) for fault in range(first, cell.repeat, cell.slab)]
    return Disturbance(
        rises=(*steps, *slabs),
        reading_noise=cell.noise.reading * MIB,
        level_noise=cell.noise.level * MIB,
    )


def scenario(repeat: int, band: str) -> Scenario:
    document = {
        "version": 1,
        "device": "cpu",
        "tolerance": TOLERANCE,
        "repeat": repeat,
        "settle": {"band": band},
        "scenarios": [
            {
                "name": "replayed",
                "workload": {"kind": "python", "file": "replayed.py"},
                "faults": [{"kind": "call", "expect": {"exception": "MemoryError"}}],
            }
        ],
    }
    return parse(document, {}).scenarios[0]

"""The two tables: how often a clean trial is red, and how often a leak is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

from bench.error_rates.bound import upper_bound
from bench.error_rates.replay import Disturbance, replay
from bench.error_rates.trace import Trace, saved
from ops002.config import Scenario, parse
from ops002.reasons import Outcome
from ops002.verdict import judge

MIB = 1 << 20
TOLERANCE = "64MiB"
STEP = 30 * MIB
REPEATS = (5, 10, 20)
# Memory that comes back a second after its error is at any height between two faults: growth can't
# be seen there, and the report's threshold says so. It is part of the clean trials alone.
RETURNS_LATE = frozenset({"returned_late"})
LEAKS = (1, 2, 3, 4, 6, 8, 12, 16, 32)


@dataclass(frozen=True)
class Noise:
    """Standard deviations in MiB, and the band that such readings need to count as still."""

    label: str
    reading: float
    level: float
    band: str


NOISES = (
    Noise("none", 0.0, 0.0, "4MiB"),
    Noise("0.5 MiB per reading", 0.5, 0.0, "4MiB"),
    Noise("0.5 MiB per wait", 0.0, 0.5, "4MiB"),
    Noise("2 MiB per reading", 2.0, 0.0, "16MiB"),
    Noise("2 MiB per wait", 0.0, 2.0, "4MiB"),
)


@dataclass(frozen=True)
class Cell:
    """One way to disturb, tried many times. ``leak`` in MiB per fault, ``steps`` one-off."""

    noise: Noise
    repeat: int
    leak: int
    steps: int
    replays: int


@dataclass(frozen=True)
class Count:
    """What came of a cell's replays, by reason; and greens with more leaked than stated."""

    cell: Cell
    reasons: Counter[str]
    green: int
    false_green: int


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


def counted(cell: Cell, traces: Sequence[Trace], seed: int) -> Count:
    """Replay a cell; each replay takes the next trace and draws its own noise."""
    held_to = scenario(cell.repeat, cell.noise.band)
    limits = held_to.limits(held_to.faults[0])
    chance = random.Random(seed)
    reasons: Counter[str] = Counter()
    green = false_green = 0
    for number in range(cell.replays):
        steps = tuple((chance.randrange(cell.repeat), STEP) for _ in range(cell.steps))
        disturbance = Disturbance(
            leak_per_fault=cell.leak * MIB,
            steps=steps,
            reading_noise=cell.noise.reading * MIB,
            level_noise=cell.noise.level * MIB,
        )
        trace = traces[number % len(traces)]
        judgement = judge(replay(trace, disturbance, held_to, chance), limits)
        reasons[judgement.reason.value] += 1
        if judgement.outcome is Outcome.PASS:
            green += 1
            stated = judgement.checks[0].smallest_detectable_bytes or 0
            false_green += cell.leak * MIB * cell.repeat > stated
    return Count(cell, reasons, green, false_green)


def all_counted(cells: Sequence[Cell], workers: int) -> Iterator[Count]:
    """Every cell, on several processes; the seed is the cell's place, so that it repeats."""
    traces = [trace for trace in saved() if not (cells[0].leak and trace.name in RETURNS_LATE)]
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(counted, cell, traces, seed) for seed, cell in enumerate(cells)]
        for one in waiting:
            yield one.result()


def clean_cells(replays: int) -> list[Cell]:
    return [
        Cell(noise, repeat, leak=0, steps=steps, replays=replays)
        for noise, repeat, steps in product(NOISES, (5, 20), (0, 1, 2))
    ]


def leaking_cells(replays: int) -> list[Cell]:
    return [
        Cell(noise, repeat, leak=leak, steps=0, replays=replays)
        for noise, repeat, leak in product(NOISES, REPEATS, LEAKS)
    ]


def false_alarm_table(counts: Sequence[Count]) -> Iterator[str]:
    yield "| noise (standard deviation) | repeats | one-off steps of 30 MiB | replays | red | why |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for count in counts:
        cell = count.cell
        why = ", ".join(
            f"{reason} {number}"
            for reason, number in count.reasons.most_common()
            if reason != "returned-to-baseline"
        )
        yield (
            f"| {cell.noise.label} | {cell.repeat} | {cell.steps} | {cell.replays} | "
            f"{cell.replays - count.green} | {why} |"
        )
    for steps, said in ((0, "clean"), (1, "one step"), (2, "two steps")):
        chosen = [count for count in counts if count.cell.steps == steps]
        trials = sum(count.cell.replays for count in chosen)
        red = trials - sum(count.green for count in chosen)
        bound = upper_bound(red, trials)
        yield ""
        yield f"{said}: {red} red of {trials}; at most {bound:.4%} with 95 % confidence"


def detection_table(counts: Sequence[Count]) -> Iterator[str]:
    leaks = sorted({count.cell.leak for count in counts})
    found = {
        (count.cell.noise.label, count.cell.repeat, count.cell.leak): 1
        - count.green / count.cell.replays
        for count in counts
    }
    heads = " | ".join(f"{leak} MiB" for leak in leaks)
    yield f"| noise (standard deviation) | repeats | {heads} |"
    yield f"| --- | ---: | {' | '.join('---:' for _ in leaks)} |"
    for noise, repeat in sorted({(key[0], key[1]) for key in found}, key=_as_listed):
        rates = " | ".join(f"{found[noise, repeat, leak]:.1%}" for leak in leaks)
        yield f"| {noise} | {repeat} | {rates} |"
    wrong = sum(count.false_green for count in counts)
    yield ""
    yield f"green although more leaked in all than the check says it detects: {wrong}"


def _as_listed(row: tuple[str, int]) -> tuple[int, int]:
    return [noise.label for noise in NOISES].index(row[0]), row[1]

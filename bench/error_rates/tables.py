"""The tables: how often a clean trial is red, and how often a leak is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bench.error_rates.bound import upper_bound
from bench.error_rates.cells import QUIET, Count


def false_alarm_table(counts: Sequence[Count], traces: int) -> Iterator[str]:
    """``traces`` is how many recorded trials were replayed."""
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
    yield ""
    yield from _bounds(counts, traces)


def _bounds(counts: Sequence[Count], traces: int) -> Iterator[str]:
    """The rate that isn't exceeded. Without noise a replay is the same again: it proves nothing."""
    for steps, said in ((0, "no step"), (1, "one step"), (2, "two steps")):
        chosen = [one for one in counts if one.cell.steps == steps and one.cell.noise != QUIET]
        trials = sum(count.cell.replays for count in chosen)
        red = trials - sum(count.green for count in chosen)
        yield f"* noise and {said}: {red} red of {trials}, at most {upper_bound(red, trials):.3%}"
    yield ""
    yield (
        "The bounds (Clopper and Pearson, 95 %, one-sided) are about the noise: they hold for "
        f"these {traces} recorded trials under the mix of noise above. Replays of one trial aren't "
        "independent trials: the bounds say nothing of other workloads."
    )


def detection_table(counts: Sequence[Count]) -> Iterator[str]:
    leaks = sorted({count.cell.leak for count in counts})
    yield f"| noise (standard deviation) | repeats | {_sizes(leaks)} |"
    yield f"| --- | ---: | {_right(leaks)} |"
    for (noise, repeat), row in groupby(counts, lambda one: (one.cell.noise, one.cell.repeat)):
        yield f"| {noise.label} | {repeat} | {_shares(row)} |"
    yield ""
    yield from _false_greens(counts)


def slab_table(counts: Sequence[Count]) -> Iterator[str]:
    leaks = sorted({count.cell.leak for count in counts})
    yield f"| noise (standard deviation) | a slab at every | repeats | {_sizes(leaks)} |"
    yield f"| --- | --- | ---: | {_right(leaks)} |"
    rows = groupby(counts, lambda one: (one.cell.noise, one.cell.slab, one.cell.repeat))
    for (noise, slab, repeat), row in rows:
        yield f"| {noise.label} | {slab} errors | {repeat} | {_shares(row)} |"
    yield ""
    yield from _false_greens(counts)


def _sizes(leaks: Sequence[int]) -> str:
    return " | ".join(f"{leak} MiB" for leak in leaks)


def _right(leaks: Sequence[int]) -> str:
    return " | ".join("---:" for _ in leaks)


def _shares(row: Iterator[Count]) -> str:
    return " | ".join(f"{count.found:.1%}" for count in row)


def _false_greens(counts: Sequence[Count]) -> Iterator[str]:
    for noise, chosen in groupby(counts, lambda one: one.cell.noise):
        wrong = sum(count.false_green for count in chosen)
        if wrong:
            yield f"{noise.label}: {wrong} green with more leaked than the check says it detects"
    if not any(count.false_green for count in counts):
        yield "No replay was green in which more leaked in all than its check says it detects."

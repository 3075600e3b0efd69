"""What stands in the way of a measurement on this machine; pure.

The facts come from the driver, the kernel and the config; here they become findings, each with what
to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from ops002.neighbours import DRIVERS_OWN_BYTES, NOBODY, presented
from ops002.probes.cards import Card, Driver, Sample
from ops002.probes.cuda_selection import NoSuchDevice, select
from ops002.units import show_size

EXIT_FIT: Final = 0
EXIT_UNFIT: Final = 3


class Weight(str, Enum):
    """How much a finding matters to ``ops002 run``."""

    OK = "ok"
    NOTE = "note"
    OBSTACLE = "obstacle"  # it could not judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``remedy`` is a command or a step, where there is one."""

    subject: str
    weight: Weight
    words: str
    remedy: str | None = None


def exit_code(findings: Sequence[Finding]) -> int:
    """0 only if nothing stands in the way."""
    stands = any(finding.weight is Weight.OBSTACLE for finding in findings)
    return EXIT_UNFIT if stands else EXIT_FIT


def to_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "fit": exit_code(findings) == EXIT_FIT,
        "findings": [asdict(finding) for finding in findings],
    }


def of_driver(
    driver: Driver | str,
    samples: Mapping[str, Sample],
    ages: Mapping[int, float | None],
    *,
    wanted: bool,
) -> Iterator[Finding]:
    """The driver (or why it can't be asked) and its cards; ``wanted``: a scenario uses one.

    ``ages``: for how many seconds a process has run, by its PID.
    """
    if isinstance(driver, str):
        words, _, remedy = driver.partition("; ")
        weight = Weight.OBSTACLE if wanted else Weight.NOTE
        yield Finding(subject="gpu driver", weight=weight, words=words, remedy=remedy or None)
        return
    count = sum(card.parent is None for card in driver.cards)
    yield Finding(
        subject="gpu driver", weight=Weight.OK, words=f"version {driver.version}, {count} GPU(s)"
    )
    for card in driver.cards:
        yield from _of_card(card, samples.get(card.uuid), ages)


def of_device(device: str, driver: Driver, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Which cards a config's ``device`` comes to, and whether they can be judged."""
    try:
        selected = select(device, driver.cards, environ)
    except NoSuchDevice as error:
        yield Finding(subject=f"device {device}", weight=Weight.OBSTACLE, words=str(error))
        return
    named = ", ".join(f"{one.device} = {one.card.uuid}" for one in selected)
    yield Finding(subject=f"device {device}", weight=Weight.OK, words=named)
    for one in selected:
        if one.card.unsupported is not None:
            yield Finding(
                subject=f"device {device}",
                weight=Weight.OBSTACLE,
                words=f"{one.device} can't be judged: {one.card.unsupported}",
                remedy="run the gate on a GPU with memory of its own",
            )


def _of_card(
    card: Card, sample: Sample | None, ages: Mapping[int, float | None]
) -> Iterator[Finding]:
    subject = card.uuid
    if card.divided:
        yield Finding(
            subject=subject, weight=Weight.NOTE, words=f"{card.name}, MIG: only its slices are used"
        )
        return
    if sample is None or sample.used_bytes is None:
        why = "not asked" if sample is None else sample.why_unread
        yield Finding(subject=subject, weight=Weight.NOTE, words=f"{card.name}: {why}")
        return
    total = "unknown" if card.total_bytes is None else show_size(card.total_bytes)
    used = f"{show_size(sample.used_bytes)} of {total} in use (memory info {sample.version})"
    yield Finding(subject=subject, weight=Weight.OK, words=f"{card.name}, {used}")
    yield from _of_tenants(subject, sample, ages)


def _of_tenants(
    subject: str, sample: Sample, ages: Mapping[int, float | None]
) -> Iterator[Finding]:
    if sample.tenants is None:
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words=f"who is on it can't be told: {sample.why_unlisted}",
            remedy="give the gate this GPU alone, or run it in the host's PID namespace",
        )
        return
    for tenant in sample.tenants:
        who = presented(tenant.name, tenant.pid, tenant.bytes, ages.get(tenant.pid))
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words=f"on it: {who}",
            remedy="if it is left over from an earlier job, end it; else it must hold still",
        )
    sizes = [tenant.bytes for tenant in sample.tenants]
    listed = sum(size for size in sizes if size is not None)
    unlisted = (sample.used_bytes or 0) - listed
    if None not in sizes and unlisted > DRIVERS_OWN_BYTES:
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words=f"on it: {show_size(unlisted)} that belong to {NOBODY}",
        )

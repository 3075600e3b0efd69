"""What stands in the way of a measurement on this machine; pure.

The facts come from the driver, the kernel and the config; here they become findings, each with what
to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from ops002.probes.cards import Card, Driver, Sample, Tenant
from ops002.probes.cuda_selection import Selected
from ops002.units import show_size
from ops002.verdict.neighbours import DRIVERS_OWN_BYTES, NOBODY, presented

EXIT_FIT: Final = 0
EXIT_UNFIT: Final = 3
_MPS: Final = "nvidia-cuda-mps"
"""The server's name, as far as the kernel keeps it."""


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
    slices = sum(card.parent is not None for card in driver.cards)
    counted = f"{count} GPU(s)" + (f", {slices} MIG slice(s)" if slices else "")
    yield Finding(
        subject="gpu driver", weight=Weight.OK, words=f"version {driver.version}, {counted}"
    )
    for card in driver.cards:
        yield from _of_card(card, samples.get(card.uuid), ages)


def of_system(release: str) -> Iterator[Finding]:
    """What the kernel's release says of the GPUs: under WSL Windows keeps their books."""
    if "microsoft" in release.lower():
        yield Finding(
            subject="gpu driver",
            weight=Weight.NOTE,
            words="WSL: Windows holds the GPU's memory and tells no figures of single processes, "
            "so nobody else may be on it while the gate measures",
            remedy="close what draws or computes on this GPU in Windows before a run",
        )


def of_device(device: str, selected: Sequence[Selected]) -> Finding:
    """Which cards a config's ``device`` comes to."""
    named = ", ".join(f"{one.device} = {one.card.uuid}" for one in selected)
    return Finding(subject=f"device {device}", weight=Weight.OK, words=named)


def of_mode(device: str, card: Card, sample: Sample) -> Iterator[Finding]:
    """Whether the card's compute mode lets a workload onto it."""
    subject = f"device {device}"
    reset = f"sudo nvidia-smi -i {card.uuid} -c DEFAULT"
    if card.compute_mode == "prohibited":
        yield Finding(
            subject=subject,
            weight=Weight.OBSTACLE,
            words=f"{card.uuid} is in compute mode PROHIBITED: no program may use CUDA on it",
            remedy=reset,
        )
    if card.compute_mode != "exclusive":
        return
    computing = [tenant for tenant in sample.tenants or () if tenant.use == "compute"]
    taken = computing and not _has_mps(sample)
    words = f"{card.uuid} is in compute mode EXCLUSIVE_PROCESS: "
    yield Finding(
        subject=subject,
        weight=Weight.OBSTACLE if taken else Weight.NOTE,
        words=words
        + (f"{_who(computing[0])} has it" if taken else "a workload of several processes fails"),
        remedy=f"end it, or {reset}" if taken else reset,
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
        yield from _of_setting(card)
        return
    name = card.name if card.parent is None else f"{card.name}, a slice of {card.parent}"
    total = "unknown" if card.total_bytes is None else show_size(card.total_bytes)
    used = f"{show_size(sample.used_bytes)} of {total} in use (memory info {sample.version})"
    yield Finding(subject=subject, weight=Weight.OK, words=f"{name}, {used}")
    yield from _of_setting(card)
    yield _of_figures(subject, sample)
    yield from _of_tenants(subject, sample, ages)


def _of_setting(card: Card) -> Iterator[Finding]:
    if card.kept_awake is False:
        yield Finding(
            subject=card.uuid,
            weight=Weight.NOTE,
            words="persistence mode is off: the driver lets an idle GPU go, and waking it takes a "
            "run 1 to 3 s",
            remedy=f"sudo nvidia-smi -i {card.uuid} -pm 1",
        )
    if card.virtual:
        yield Finding(
            subject=card.uuid,
            weight=Weight.NOTE,
            words="a vGPU: where its driver tells no figures of single processes, nobody else may "
            "be on it while the gate measures",
            remedy="give the gate this vGPU alone",
        )


def _of_figures(subject: str, sample: Sample) -> Finding:
    """Whether the driver says how much each process holds."""
    if sample.tenants is None:
        missing = sample.why_unlisted
    elif any(tenant.bytes is None for tenant in sample.tenants):
        missing = "the driver lists processes and doesn't say how much they hold"
    else:
        shown = "yes" if sample.tenants else "processes are listed, and nobody is there now"
        return Finding(subject=subject, weight=Weight.OK, words=f"per-process figures: {shown}")
    return Finding(
        subject=subject,
        weight=Weight.NOTE,
        words=f"per-process figures: no ({missing}), so nobody else may be on it",
        remedy="give the gate this GPU alone; in a container, run it in the host's PID namespace "
        "(docker run --pid=host)",
    )


def _of_tenants(
    subject: str, sample: Sample, ages: Mapping[int, float | None]
) -> Iterator[Finding]:
    for tenant in sample.tenants or ():
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words=f"on it: {_who(tenant, ages.get(tenant.pid))}",
            remedy="if it is left over from an earlier job, end it; else it must hold still",
        )
    yield from _of_unlisted(subject, sample)
    if _has_mps(sample):
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words="MPS: its server computes for all of its clients, so what one of them holds may "
            "be told as the server's, and a leak as somebody else's",
            remedy="stop it before a run: echo quit | nvidia-cuda-mps-control",
        )


def _of_unlisted(subject: str, sample: Sample) -> Iterator[Finding]:
    sizes = [tenant.bytes for tenant in sample.tenants or ()]
    if sample.tenants is None or None in sizes:
        return
    unlisted = (sample.used_bytes or 0) - sum(size for size in sizes if size is not None)
    if unlisted > DRIVERS_OWN_BYTES:
        yield Finding(
            subject=subject,
            weight=Weight.NOTE,
            words=f"on it: {show_size(unlisted)} that belong to {NOBODY}",
        )


def _has_mps(sample: Sample) -> bool:
    return any(
        tenant.use == "mps" or tenant.name.startswith(_MPS) for tenant in sample.tenants or ()
    )


def _who(tenant: Tenant, seconds: float | None = None) -> str:
    return presented(tenant.name, tenant.pid, tenant.bytes, seconds)

"""What a driver says of its cards and their memory, as plain data; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU, or a MIG slice of one (``parent`` is then the UUID of its GPU).

    ``divided`` says that MIG is on: work runs on its slices only. ``unsupported`` says why memory
    there can't be judged, if so; ``untold`` what the driver didn't say of that, so that nobody
    knows. How it is set up is None where the driver doesn't say: ``compute_mode`` (``default``,
    ``exclusive``: one process at a time, ``prohibited``), ``kept_awake`` (persistence mode),
    ``virtual`` (a share of a card, given by a hypervisor).
    """

    uuid: str
    name: str
    pci_bus_id: str
    total_bytes: int | None
    parent: str | None = None
    divided: bool = False
    unsupported: str | None = None
    untold: str | None = None
    compute_mode: str | None = None
    kept_awake: bool | None = None
    virtual: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A process on a card. ``bytes`` is None where the driver doesn't say how much it holds.

    ``use`` is the first of the driver's lists that has it: ``compute``, ``graphics`` or ``mps``.
    """

    pid: int
    name: str
    bytes: int | None
    use: str = "compute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading of a card: its used bytes, and who is on it; for each, else why there is none.

    ``version`` is that of the driver's call that ``used_bytes`` come from.
    """

    uuid: str
    version: str
    used_bytes: int | None
    why_unread: str | None
    tenants: tuple[Tenant, ...] | None
    why_unlisted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The driver's version, and its cards in the order of their PCI addresses."""

    version: str
    cards: tuple[Card, ...]


def to_document(value: Driver | Sample) -> dict[str, Any]:
    """Plain JSON values."""
    return asdict(value)


def driver_from(document: Mapping[str, Any]) -> Driver:
    """What `to_document` made of a driver.

    Raises:
        KeyError, TypeError: it is no such document.
    """
    cards = tuple(Card(**card) for card in document["cards"])
    return Driver(version=str(document["version"]), cards=cards)


def sample_from(document: Mapping[str, Any]) -> Sample:
    """What `to_document` made of a sample.

    Raises:
        KeyError, TypeError: it is no such document.
    """
    given = document["tenants"]
    tenants = None if given is None else tuple(Tenant(**tenant) for tenant in given)
    return Sample(**{**document, "tenants": tenants})

"""Which cards a config's ``device`` means, as CUDA itself would count them; pure.

`CUDA_VISIBLE_DEVICES` by NVIDIA's programming guide: indexes, or UUIDs that may be cut short; what
follows the first that doesn't exist is ignored. The workload is given just what was selected: by
UUID where somebody named one or MIG is on, else by indexes in the order of PCI addresses, since
engines are about that can't read a UUID there (vllm-project/vllm#13815).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ops002.probes.cards import Card

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
ORDER: Final = "CUDA_DEVICE_ORDER"
BY_ADDRESS: Final = "PCI_BUS_ID"
_UUIDS: Final = ("GPU-", "MIG-")


class NoSuchDevice(Exception):
    """The device of the config isn't here: says which are."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A card that is measured, by the name that it has in the report.

    ``number`` is its index in the order of PCI addresses; None where only its UUID will do.
    """

    device: str
    card: Card
    number: int | None = None


def select(device: str, cards: Sequence[Card], environ: Mapping[str, str]) -> tuple[Selected, ...]:
    """The cards that ``device`` (``cuda``, ``cuda:0,1``, ``cuda:all``, ``cuda:GPU-...``) means.

    ``cards`` are all that the driver has, in the order of their PCI addresses.

    Raises:
        NoSuchDevice: one of them isn't among those that a workload could see.
    """
    found = _meant(device, cards, environ)
    _must_be_shown(found)
    named = device + environ.get(VISIBLE, "")
    if any(card.divided for card in cards) or any(kind in named for kind in _UUIDS):
        return found
    return tuple(replace(one, number=cards.index(one.card)) for one in found)


def _meant(device: str, cards: Sequence[Card], environ: Mapping[str, str]) -> tuple[Selected, ...]:
    visible = _visible(cards, environ)
    if not visible:
        raise NoSuchDevice(_none_visible(cards, environ))
    wanted = device.partition(":")[2]
    if not wanted:
        return (Selected("cuda:0", visible[0]),)
    if wanted == "all":
        return tuple(Selected(f"cuda:{place}", card) for place, card in enumerate(visible))
    nameable = visible if VISIBLE in environ else _usable(cards)
    found = tuple(_one(name, visible, nameable) for name in wanted.split(","))
    if len({one.card.uuid for one in found}) < len(found):
        raise NoSuchDevice(f"{device} names a device twice")
    return found


def _must_be_shown(found: Sequence[Selected]) -> None:
    if len(found) > 1 and any(one.card.parent is not None for one in found):
        raise NoSuchDevice(
            "CUDA shows a process one MIG slice and no other device beside it: name one of "
            f"{_listed([one.card for one in found])}"
        )


def environment_of(selected: Sequence[Selected]) -> dict[str, str]:
    """What a workload must have in its environment to see exactly these, in this order."""
    names = (one.card.uuid if one.number is None else str(one.number) for one in selected)
    return {VISIBLE: ",".join(names), ORDER: BY_ADDRESS}


def _one(name: str, visible: Sequence[Card], nameable: Sequence[Card]) -> Selected:
    if name.isdigit():
        if int(name) >= len(visible):
            raise NoSuchDevice(f"there is no cuda:{name}; there are {_listed(visible)}")
        return Selected(f"cuda:{int(name)}", visible[int(name)])
    found = [card for card in nameable if card.uuid.startswith(name)]
    if len(found) != 1:
        many = "several devices" if found else "no device"
        raise NoSuchDevice(f"{name} is {many}; there are {_listed(nameable)}")
    known_as = visible.index(found[0]) if found[0] in visible else found[0].uuid
    return Selected(f"cuda:{known_as}", found[0])


def _visible(cards: Sequence[Card], environ: Mapping[str, str]) -> tuple[Card, ...]:
    usable = _usable(cards)
    given = environ.get(VISIBLE)
    if given is not None and any(card.divided for card in cards):
        _must_name_uuids(given, usable)
    if given is None:
        whole = tuple(card for card in usable if card.parent is None)
        return whole or usable[:1]  # of slices, CUDA shows a process the first alone
    visible: list[Card] = []
    for name in (part.strip() for part in given.split(",")):
        card = _named(name, usable, environ)
        if card is None:
            break
        if card in visible:
            raise NoSuchDevice(f"{VISIBLE}={given} names a device twice: CUDA then shows none")
        visible.append(card)
    return tuple(visible)


def _must_name_uuids(given: str, usable: Sequence[Card]) -> None:
    """What an index means where a card is divided is CUDA's own affair, and has changed.

    By NVIDIA's MIG guide it enumerates one slice of all, and beside a slice no whole card.

    Raises:
        NoSuchDevice: an index is given.
    """
    if any(part.strip().isdigit() for part in given.split(",")):
        raise NoSuchDevice(
            f"{VISIBLE}={given} counts devices, and MIG is on: which ones CUDA would count then "
            f"only CUDA can tell; name them by UUID; there are {_listed(usable)}"
        )


def _usable(cards: Sequence[Card]) -> tuple[Card, ...]:
    """On a GPU that is divided into slices only these can be used."""
    return tuple(card for card in cards if not card.divided)


def _named(name: str, usable: Sequence[Card], environ: Mapping[str, str]) -> Card | None:
    if name.startswith(_UUIDS):
        found = [card for card in usable if card.uuid.startswith(name)]
        return found[0] if len(found) == 1 else None
    if not name.isdigit():
        return None
    whole = [card for card in usable if card.parent is None]
    if environ.get(ORDER) != BY_ADDRESS and len({card.name for card in whole}) > 1:
        raise NoSuchDevice(
            f"{VISIBLE} counts devices of several models by speed, which only CUDA can rank: set "
            f"{ORDER}={BY_ADDRESS}, or name them by UUID; there are {_listed(whole)}"
        )
    return whole[int(name)] if int(name) < len(whole) else None


def _none_visible(cards: Sequence[Card], environ: Mapping[str, str]) -> str:
    if not cards:
        return "the driver has no GPU"
    if VISIBLE in environ:
        return f"{VISIBLE}={environ[VISIBLE]} shows none of {_listed(cards)}"
    return f"MIG is on and there is no slice to work on: {_listed(cards)}"


def _listed(cards: Sequence[Card]) -> str:
    return ", ".join(f"{card.uuid} ({card.name})" for card in cards)

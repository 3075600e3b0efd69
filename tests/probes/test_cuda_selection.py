"""Which cards a config's device means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops002.probes.cards import Card
from ops002.probes.cuda_selection import (
    BY_ADDRESS,
    ORDER,
    VISIBLE,
    NoSuchDevice,
    environment_of,
    select,
)


def card(uuid: str, name: str = "NVIDIA H100") -> Card:
    return Card(uuid=uuid, name=name, pci_bus_id=f"0000:{uuid[-2:]}", total_bytes=80 << 30)


FOUR = [card("GPU-aa00"), card("GPU-ab11"), card("GPU-cc22"), card("GPU-dd33")]
DIVIDED = replace(card("GPU-ee44"), divided=True)
SLICES = [replace(card(f"MIG-{letter}"), parent="GPU-ee44") for letter in ("xx", "yy")]


def chosen(device: str, cards: list[Card], **environ: str) -> list[tuple[str, str]]:
    return [(one.device, one.card.uuid) for one in select(device, cards, environ)]


def visible(value: str) -> dict[str, str]:
    return {VISIBLE: value}


def test_cuda_alone_is_the_first() -> None:
    assert chosen("cuda", FOUR) == [("cuda:0", "GPU-aa00")]


def test_all_are_those_that_are_visible() -> None:
    assert [uuid for _, uuid in chosen("cuda:all", FOUR)] == [one.uuid for one in FOUR]
    assert chosen("cuda:all", FOUR, **visible("3,0")) == [
        ("cuda:0", "GPU-dd33"),
        ("cuda:1", "GPU-aa00"),
    ]


def test_indexes_keep_the_order_that_they_are_given_in() -> None:
    assert chosen("cuda:2,0", FOUR) == [("cuda:2", "GPU-cc22"), ("cuda:0", "GPU-aa00")]


def test_a_uuid_may_be_cut_short_as_long_as_one_fits() -> None:
    assert chosen("cuda:GPU-ab", FOUR) == [("cuda:1", "GPU-ab11")]
    with pytest.raises(NoSuchDevice, match="several devices"):
        select("cuda:GPU-a", FOUR, {})


@pytest.mark.parametrize("device", ["cuda:4", "cuda:GPU-ff", "cuda:0,9"])
def test_what_isnt_there_is_refused_with_what_is(device: str) -> None:
    with pytest.raises(NoSuchDevice, match="GPU-aa00"):
        select(device, FOUR, {})


@pytest.mark.parametrize("device", ["cuda:0,0", "cuda:GPU-aa,GPU-aa00"])
def test_a_device_that_is_named_twice_is_refused(device: str) -> None:
    with pytest.raises(NoSuchDevice, match="twice"):
        select(device, FOUR, {})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1,2", ["GPU-ab11", "GPU-cc22"]),
        (" 1 , 2 ", ["GPU-ab11", "GPU-cc22"]),
        ("GPU-dd,GPU-cc22", ["GPU-dd33", "GPU-cc22"]),
        ("1,-1,2", ["GPU-ab11"]),
        ("1,9,2", ["GPU-ab11"]),
        ("1,GPU-a,2", ["GPU-ab11"]),
        ("1,x,2", ["GPU-ab11"]),
    ],
)
def test_what_follows_the_first_that_isnt_there_is_ignored(value: str, shown: list[str]) -> None:
    assert [uuid for _, uuid in chosen("cuda:all", FOUR, **visible(value))] == shown


@pytest.mark.parametrize("value", ["", "-1", "7", "NoDevFiles"])
def test_where_none_is_visible_that_is_said(value: str) -> None:
    with pytest.raises(NoSuchDevice, match="shows none"):
        select("cuda", FOUR, visible(value))


def test_one_that_is_visible_twice_shows_none() -> None:
    with pytest.raises(NoSuchDevice, match="shows none"):
        select("cuda", FOUR, visible("1,GPU-ab11"))


def test_only_what_is_visible_can_be_named() -> None:
    with pytest.raises(NoSuchDevice, match="GPU-aa00 is no device"):
        select("cuda:GPU-aa00", FOUR, visible("1,2"))


def test_indexes_of_several_models_need_an_order() -> None:
    """CUDA ranks models by speed unless it is told not to; UUIDs need no ranking."""
    mixed = [card("GPU-aa00", "NVIDIA L4"), *FOUR[1:]]
    with pytest.raises(NoSuchDevice, match="CUDA_DEVICE_ORDER=PCI_BUS_ID"):
        select("cuda", mixed, visible("1"))
    ordered = {VISIBLE: "1", ORDER: BY_ADDRESS}
    assert [one.card.uuid for one in select("cuda", mixed, ordered)] == ["GPU-ab11"]
    assert chosen("cuda", mixed, **visible("GPU-cc")) == [("cuda:0", "GPU-cc22")]


def test_of_slices_cuda_shows_the_first() -> None:
    assert chosen("cuda:all", [DIVIDED, *SLICES]) == [("cuda:0", "MIG-xx")]
    assert chosen("cuda", [DIVIDED, *SLICES, *FOUR]) == [("cuda:0", "GPU-aa00")]


def test_another_slice_is_named_by_its_uuid() -> None:
    assert chosen("cuda:MIG-y", [DIVIDED, *SLICES]) == [("cuda:MIG-yy", "MIG-yy")]
    assert chosen("cuda", [DIVIDED, *SLICES], **visible("MIG-yy")) == [("cuda:0", "MIG-yy")]


@pytest.mark.parametrize(
    ("device", "shown"),
    [
        ("cuda:MIG-x,MIG-y", None),
        ("cuda:all", "MIG-xx,MIG-yy"),
        ("cuda:all", "GPU-aa00,MIG-yy"),
    ],
)
def test_cuda_shows_one_slice_and_nothing_beside_it(device: str, shown: str | None) -> None:
    environ = {} if shown is None else visible(shown)
    with pytest.raises(NoSuchDevice, match="one MIG slice"):
        chosen(device, [*FOUR, DIVIDED, *SLICES], **environ)


@pytest.mark.parametrize("value", ["0", "1,2", "MIG-yy,0", "GPU-aa00, 1"])
def test_beside_a_divided_card_nothing_is_counted(value: str) -> None:
    with pytest.raises(NoSuchDevice, match=r"name them by UUID; there are MIG-xx.*GPU-aa00"):
        select("cuda", [DIVIDED, *SLICES, *FOUR], visible(value))


def test_beside_a_divided_card_a_uuid_is_a_uuid() -> None:
    cards = [DIVIDED, *SLICES, *FOUR]
    assert chosen("cuda:all", cards, **visible("GPU-cc,GPU-aa")) == [
        ("cuda:0", "GPU-cc22"),
        ("cuda:1", "GPU-aa00"),
    ]
    with pytest.raises(NoSuchDevice, match="shows none"):
        select("cuda", cards, visible("-1"))


def test_a_divided_card_itself_cant_be_used() -> None:
    with pytest.raises(NoSuchDevice, match="no device"):
        select("cuda:GPU-ee44", [DIVIDED, *SLICES], {})
    with pytest.raises(NoSuchDevice, match="no slice"):
        select("cuda", [DIVIDED], {})


def test_no_card_at_all() -> None:
    with pytest.raises(NoSuchDevice, match="no GPU"):
        select("cuda", [], {})


@pytest.mark.parametrize(
    ("device", "given", "shown"),
    [
        ("cuda", {}, "0"),
        ("cuda:2,0", {}, "2,0"),
        ("cuda:2,0", visible("3,1,2"), "2,3"),
        ("cuda:all", visible("GPU-dd,GPU-aa"), "GPU-dd33,GPU-aa00"),
        ("cuda:GPU-cc,GPU-aa", {}, "GPU-cc22,GPU-aa00"),
        ("cuda:all", visible("1,GPU-aa"), "GPU-ab11,GPU-aa00"),
    ],
)
def test_the_workload_sees_what_is_measured_in_its_order(
    device: str, given: dict[str, str], shown: str
) -> None:
    """By index, which every engine can read, unless somebody named a UUID."""
    assert environment_of(select(device, FOUR, given)) == {VISIBLE: shown, ORDER: BY_ADDRESS}


def test_beside_a_divided_card_the_workload_is_given_uuids() -> None:
    for cards, uuid in (([DIVIDED, *SLICES], "MIG-xx"), ([*FOUR, DIVIDED, *SLICES], "GPU-aa00")):
        assert environment_of(select("cuda", cards, {}))[VISIBLE] == uuid

"""What there truly is on the cards of a story, and what the driver tells of it.

The driver is the stand-in, loaded into this process; time is virtual. Nothing here knows how the
gate judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count

from bench.error_rates.replay import VirtualClock
from ops002.measurement import Snapshot, Stage
from ops002.probes.cards import Sample
from ops002.probes.meter_client import MeterSilent
from ops002.probes.nvml import Nvml
from tests.standin_nvml.machine import Card, Listing, Machine, Rule, Tenant

READING_SECONDS = 0.002


@dataclass(frozen=True)
class Truth:
    """What was so at one moment, in bytes by the place of a card."""

    ours: Mapping[str, int]
    used: Mapping[str, int]


@dataclass
class World:
    """The cards, who has how much of them, and what is going to happen."""

    machine: Machine
    cards: tuple[Card, ...]
    clock: VirtualClock = field(default_factory=VirtualClock)
    silent: bool = False
    truths: dict[Snapshot, Truth] = field(default_factory=dict)
    plot: dict[tuple[Stage, int], list[tuple[float, Callable[[World], None]]]] = field(
        default_factory=dict
    )
    _held: dict[tuple[int, str], int] = field(default_factory=dict)
    _ours: set[int] = field(default_factory=set)
    _rules: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _turns: dict[Stage, int] = field(default_factory=dict)
    _number: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.machine.put(*self.cards)

    @property
    def places(self) -> tuple[str, ...]:
        """Where work runs: `0` for a card, `0.0` for the first slice of a divided one."""
        return tuple(f"{card.index}.0" if card.slices else f"{card.index}" for card in self.cards)

    def hold(
        self,
        pid: int,
        place: str,
        size: int,
        *,
        ours: bool = False,
        listing: Listing = Listing.LISTED,
    ) -> None:
        """Have a process hold so many bytes of a card; with none of them it is there no more."""
        tenant = Tenant(pid, size, card=place, processes=listing)
        if size:
            self.machine.move_in(tenant)
            self._held[pid, place] = size
        elif self._held.pop((pid, place), None) is not None:
            self.machine.move_out(tenant)
        if ours:
            self._ours.add(pid)

    def held(self, pid: int, place: str) -> int:
        """How many bytes of a card a process has."""
        return self._held.get((pid, place), 0)

    def answer(self, name: str, *rules: Rule) -> None:
        """Have the driver answer by these rules, in the place of earlier ones of that name."""
        self._rules[name] = rules
        self.machine.answer(*(rule for rules in self._rules.values() for rule in rules))

    def change(self, place: int, **facts: object) -> None:
        """Have a card otherwise."""
        cards = list(self.cards)
        cards[place] = replace(cards[place], **facts)  # type: ignore[arg-type]
        self.cards = tuple(cards)
        self.machine.put(cards[place])

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have something happen so many seconds from now."""
        heappush(self._due, (self.clock.now() + seconds, next(self._number), what))

    def catch_up(self) -> None:
        """Have happened what was due by now."""
        while self._due and self._due[0][0] <= self.clock.now():
            heappop(self._due)[2]()

    def truth(self) -> Truth:
        """What is so now."""
        ours, used = dict.fromkeys(self.places, 0), dict.fromkeys(self.places, 0)
        for card, place in zip(self.cards, self.places, strict=True):
            used[place] = card.slices[0].base if card.slices else card.base
        for (pid, place), size in self._held.items():
            used[place] += size
            ours[place] += size if pid in self._ours else 0
        return Truth(ours, used)

    def trial(self, scenario: str, fault: str) -> None:
        """Nothing: an onlooker's."""

    def stage(self, stage: Stage, fault: int | None) -> None:
        """The gate begins something: so does what the story has for it."""
        del fault
        turn = self._turns[stage] = self._turns.get(stage, -1) + 1
        for seconds, what in self.plot.get((stage, turn), ()):
            self.after(seconds, partial(what, self))
        self.catch_up()

    def snapshot(self, snapshot: Snapshot) -> None:
        """The gate took readings: what was so then is kept."""
        self.truths[snapshot] = self.truth()

    def output(self, lines: Sequence[str]) -> None:
        """Nothing."""

    def wipe(self) -> None:
        """Nothing: an onlooker's."""


@dataclass
class WorldMeter:
    """The real driver's probe on the world's driver, without a process between."""

    world: World
    nvml: Nvml = field(default_factory=Nvml)

    def sample(self, uuids: Sequence[str], *, listed: bool = True) -> tuple[Sample, ...]:
        """The memory of these cards now; who is on them if ``listed``."""
        self.world.clock.sleep(READING_SECONDS)
        self.world.catch_up()
        if self.world.silent:
            raise MeterSilent("the driver did not answer")
        return tuple(self.nvml.sample(uuid, listed=listed) for uuid in uuids)

"""A story: a machine, a workload, and what happens to both; and the gate's own run of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pynvml
import pytest

from ops002.config.parameters import resolved
from ops002.config.resolved import parse
from ops002.executors import Setting
from ops002.measurement import IncidentKind, Stage
from ops002.probes import NoProbe
from ops002.probes.cuda_memory import CudaMemory
from ops002.probes.cuda_selection import select
from ops002.probes.meter_client import MeterSilent
from ops002.result import Device, GateResult, gate_result
from ops002.trials.lab import Lab
from ops002.trials.runner import run
from tests.builders import made
from tests.fakes import no_containers
from tests.standin_nvml.machine import MIB, Card, Listing, Machine, Rule
from tests.stories.engine import Engines, Plan
from tests.stories.world import World, WorldMeter

_NEIGHBOUR: Final = 4_500_000
_MEMORY: Final = ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMemoryInfo_v2")
_LISTS: Final = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetGraphicsRunningProcesses_v3",
    "nvmlDeviceGetMPSComputeRunningProcesses_v3",
)
Act = Callable[[World], None]


@dataclass(frozen=True)
class Neighbour:
    """Somebody else has so many MiB of a card now; 0: is there no more."""

    who: int
    place: int
    size: int

    def __call__(self, world: World) -> None:
        """Have it so."""
        place = world.places[self.place % len(world.places)]
        world.hold(_NEIGHBOUR + self.who, place, self.size * MIB)


@dataclass(frozen=True)
class ListLost:
    """The driver answers one of its process lists with an error."""

    which: int
    code: str

    def __call__(self, world: World) -> None:
        """Have it so."""
        world.answer("list", Rule(_LISTS[self.which], self.code))


@dataclass(frozen=True)
class Listed:
    """The driver lists a card's processes, or without sizes; never again where it hides them."""

    place: int
    listing: Listing

    def __call__(self, world: World) -> None:
        """Have it so, and no error any more."""
        world.answer("list")
        place = self.place % len(world.cards)
        if world.cards[place].processes is not Listing.HIDDEN:
            world.change(place, processes=self.listing)


@dataclass(frozen=True)
class Hidden:
    """From now on the driver lists nobody on a card, and says of no error.

    For good: a list that leaves somebody out for a while can't be told from one that he has left.
    """

    place: int

    def __call__(self, world: World) -> None:
        """Have it so."""
        world.change(self.place % len(world.cards), processes=Listing.HIDDEN)


@dataclass(frozen=True)
class MemoryLost:
    """The driver answers its memory calls with an error: both, or the newer alone."""

    code: str
    both: bool = True

    def __call__(self, world: World) -> None:
        """Have it so."""
        world.answer("memory", *(Rule(call, self.code) for call in _MEMORY[not self.both :]))


@dataclass(frozen=True)
class MemoryBack:
    """The memory calls answer again."""

    def __call__(self, world: World) -> None:
        """Have it so."""
        world.answer("memory")


@dataclass(frozen=True)
class Implausible:
    """The driver counts more than there is."""

    size: int

    def __call__(self, world: World) -> None:
        """Have it so."""
        if not world.cards[0].slices:
            world.change(0, base=self.size)


@dataclass(frozen=True)
class Silent:
    """The driver hangs: nobody answers any more."""

    def __call__(self, world: World) -> None:
        """Have it so."""
        world.silent = True


@dataclass(frozen=True)
class Event:
    """Something that happens so many seconds after a stage was entered for the ``turn``-th time."""

    stage: Stage
    turn: int
    seconds: float
    act: Act


@dataclass(frozen=True)
class Story:
    """A machine, a workload and what happens. ``first`` is so before the gate begins."""

    cards: tuple[Card, ...] = (Card(),)
    plan: Plan = field(default_factory=Plan)
    first: tuple[Act, ...] = ()
    events: tuple[Event, ...] = ()
    faults: tuple[str, ...] = ("call",)
    repeat: int = 1
    control: int = 1
    exclusive: bool = False

    def document(self) -> dict[str, Any]:
        """The config of it."""
        faults = {"call": {"kind": "call", "expect": {"match": "boom"}}, "kill": {"kind": "kill"}}
        return {
            "version": 1,
            "device": "cuda:all",
            "repeat": self.repeat,
            "control": self.control,
            "warmup": 1,
            "exclusive": self.exclusive,
            "retry_inconclusive": 0,
            "settle": {"timeout": "2s", "window": "200ms", "interval": "50ms"},
            "scenarios": [
                {
                    "name": "story",
                    "workload": {"kind": "python", "file": "engine.py"},
                    "faults": [faults[kind] for kind in self.faults],
                }
            ],
        }


@dataclass(frozen=True)
class Told:
    """What the gate made of a story, and what was so."""

    story: Story
    result: GateResult
    world: World


@dataclass
class _Instruments:
    world: World
    driver: str | None = None
    gpus: tuple[Device, ...] = field(default=())

    def make_probe(self, device: str, _setting: Setting) -> CudaMemory:
        meter = WorldMeter(self.world)
        try:
            selected = select(device, meter.nvml.driver().cards, {})
            return CudaMemory(meter, selected, self.world.clock.now)
        except MeterSilent as error:
            raise NoProbe(IncidentKind.NO_READING, str(error)) from None


def tell(story: Story, library: Path) -> Told:
    """Have the gate go through it."""
    with _machine(library) as machine:
        world = World(machine, story.cards)
        for act in story.first:
            act(world)
        for event in story.events:
            acts = world.plot.setdefault((event.stage, event.turn), [])
            acts.append((event.seconds, event.act))
        config = parse(story.document(), {})
        lab = Lab(
            executor=Engines(world, story.plan),
            containers=no_containers,
            clock=world.clock,
            instruments=_Instruments(world),
            environ={},
            output_dir=machine.folder,
            onlooker=world,
        )
        result = gate_result(config, resolved(config), list(run(config, lab)), [], made())
        return Told(story, result, world)


@contextmanager
def _machine(library: Path) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        machine = Machine(Path(folder), library)
        machine.load(patch)
        pynvml.nvmlInit()  # the driver that is loaded; probes open it once more each
        try:
            yield machine
        finally:
            pynvml.nvmlShutdown()

"""A machine with NVIDIA cards, as a test wants it: written to a folder that the driver reads."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from pathlib import Path

import pytest

from tests.standin_nvml import driver
from tests.standin_nvml.reader import Reader
from tests.standin_nvml.standin_gpu import write

GIB = 1 << 30
MIB = 1 << 20
_OWN = f"{os.getpid():012x}"  # the cards of two test processes aren't the same: gates lock them
READER = str(driver.HERE / "reader.py")


class Listing(Enum):
    """What the driver's process list tells of processes."""

    LISTED = "listed"
    UNAVAILABLE = "unavailable"  # by PID, without bytes: WSL
    HIDDEN = "hidden"  # not at all: vGPU, another PID namespace


@dataclass(frozen=True)
class Slice:
    """A MIG device of a card; sizes in bytes."""

    index: int
    gpu_instance: int = 1
    compute_instance: int = 0
    total: int = 10 * GIB
    reserved: int = 16 * MIB
    base: int = 0


@dataclass(frozen=True)
class Card:
    """A card; sizes in bytes. `None` for a platform fact: the driver answers "not supported"."""

    index: int = 0
    _: KW_ONLY
    uuid: str = ""
    name: str = "NVIDIA H100 80GB HBM3"
    bus: str = ""
    total: int = 80 * GIB
    reserved: int = 512 * MIB
    base: int = 0  # in use though no process has it
    linger_ms: int = 0  # how long after a process's end its bytes still count
    processes: Listing = Listing.LISTED
    mig: int | None = 0
    slices: tuple[Slice, ...] = ()
    virtualization: int | None = 0
    numa: int | None = None
    addressing: int | None = 0
    compute_mode: int | None = 0
    persistence: int | None = 1
    capability: str = "9.0"
    fastest: int | None = None  # its number for CUDA, where that isn't its place on the bus
    v2_used_has_reserved: int = 0

    @property
    def id(self) -> str:
        """Its UUID: the given one, or one made of its index."""
        return self.uuid or f"GPU-{self.index:08x}-0000-4000-8000-{_OWN}"

    def slice_id(self, part: Slice) -> str:
        """The UUID of one of its slices."""
        return f"MIG-{self.index:08x}-{part.index:04x}-5000-8000-{_OWN}"


@dataclass(frozen=True)
class Tenant:
    """Somebody else's process on a card, who never does anything; sizes in bytes."""

    pid: int
    bytes: int
    _: KW_ONLY
    card: str = "0"  # `0.1` for a slice
    name: str = "/usr/bin/neighbour"
    kind: str = "compute"  # or graphics, mps
    processes: Listing = Listing.LISTED
    told: int | None = None  # the bytes that the list tells, where they are others


@dataclass(frozen=True)
class Rule:
    """What a function answers from one call to another, instead of the truth or after a wait.

    Calls are counted over all processes, those for one card if it is given. Listing processes
    takes pynvml two calls, or one if there are none.
    """

    function: str
    code: str = "NVML_SUCCESS"  # go on with the truth
    _: KW_ONLY
    card: str | None = None
    first: int = 1
    last: int | None = None
    hang_ms: int = 0

    def __post_init__(self) -> None:
        assert self.function in driver.functions(), f"the stand-in has no {self.function}"
        assert self.code in driver.codes(), f"no such answer: {self.code}"

    def __str__(self) -> str:
        """As a line of the file `errors`."""
        given = {"code": self.code, "card": self.card, "from": self.first, "to": self.last}
        words = [f"{key}={value}" for key, value in given.items() if value is not None]
        return " ".join([self.function, *words, f"hang_ms={self.hang_ms}"])


@dataclass(frozen=True)
class Machine:
    """The state of one stand-in; whoever runs in its environment meets these cards."""

    folder: Path
    library: Path
    variables: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        for part in ("cards", "holders", "calls"):
            (self.folder / part).mkdir(mode=0o777, parents=True, exist_ok=True)
        found = {"LD_LIBRARY_PATH": self.library.parent, "PYTHONPATH": driver.HERE}
        variables = {
            key: os.pathsep.join(filter(None, [str(path), os.environ.get(key)]))
            for key, path in found.items()
        }
        object.__setattr__(self, "variables", {**variables, "OPS002_STANDIN": str(self.folder)})

    def environment(self, **given: str) -> dict[str, str]:
        """For a process on this machine: it finds the driver by name, and `standin_gpu`.

        Which GPUs the tests themselves may use says nothing about this machine: left out.
        """
        outer = {key: value for key, value in os.environ.items() if not key.startswith("CUDA_")}
        return {**outer, **self.variables, **given}

    def load(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have pynvml find the driver in this very process, for as long as the test lasts.

        A library that is already loaded is found by its soname, wherever it came from.
        """
        ctypes.CDLL(str(self.library))
        monkeypatch.setenv("OPS002_STANDIN", str(self.folder))

    def put(self, *cards: Card) -> None:
        """Have these cards, or have them otherwise."""
        for card in cards:
            for part in card.slices:
                self._write(f"cards/{card.index}.{part.index}", _slice_facts(card, part))
            self._write(f"cards/{card.index}", _card_facts(card))

    def pull(self, card: Card) -> None:
        """Lose a card: those behind it on the bus must go too."""
        (self.folder / "cards" / str(card.index)).unlink()

    def move_in(self, *tenants: Tenant) -> None:
        """Have these neighbours, or have them otherwise."""
        for tenant in tenants:
            holder = f"holders/tenant-{tenant.pid}-{tenant.card}"
            (self.folder / holder).mkdir(exist_ok=True)
            facts = {**vars(tenant), "processes": tenant.processes.value, "tenant": 1}
            self._write(f"{holder}/holder", facts)

    def move_out(self, tenant: Tenant) -> None:
        """Have a neighbour no more."""
        folder = self.folder / f"holders/tenant-{tenant.pid}-{tenant.card}"
        (folder / "holder").unlink()
        folder.rmdir()

    def answer(self, *rules: Rule) -> None:
        """Have these rules and no others."""
        write(self.folder / "errors", "".join(f"{rule}\n" for rule in rules))

    def have_driver(self, **facts: str) -> None:
        """Versions that the driver tells: `version`, `nvml`, `cuda` (13000 for 13.0)."""
        self._write("driver", facts)

    def calls(self, function: str, card: str | None = None) -> int:
        """How often a function was called, by whomever."""
        assert function in driver.functions(), f"the stand-in has no {function}"
        name = function if card is None else f"{function}@{card}"
        file = self.folder / "calls" / name
        return file.stat().st_size if file.exists() else 0

    def reader(self, *prefix: str) -> Reader:
        """A process with the real pynvml on this machine; `prefix` is a command to start it by."""
        return Reader([*prefix, sys.executable, READER], self.environment())

    def _write(self, name: str, facts: dict[str, object] | dict[str, str]) -> None:
        lines = [f"{key} {value}\n" for key, value in facts.items() if value is not None]
        write(self.folder / name, "".join(lines))


def _card_facts(card: Card) -> dict[str, object]:
    return {
        **{key: value for key, value in vars(card).items() if key != "slices"},
        "uuid": card.id,
        "bus": card.bus or f"00000000:{0x10 + card.index:02X}:00.0",
        "processes": card.processes.value,
    }


def _slice_facts(card: Card, part: Slice) -> dict[str, object]:
    return {
        **vars(part),
        "uuid": card.slice_id(part),
        "name": f"{card.name} MIG 1g.{part.total // GIB}gb",
        "processes": card.processes.value,
        "linger_ms": card.linger_ms,
        "capability": card.capability,
    }

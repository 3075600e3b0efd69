"""A scripted workload: it speaks the worker's protocol, and its memory is the world's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from ops002.agents import wire
from ops002.executors import Launch, Setting
from ops002.measurement import Process
from tests.fakes import HERE
from tests.standin_nvml.machine import MIB, Listing
from tests.stories.world import World

_ROOT = 5_000_000  # beyond every real PID
_CHILD = 1_000
_NOBODY = 2_000
_STRANGER = 3_000
_BUSY_SECONDS = 0.06
_ANSWER_SECONDS = 0.07
_KILLED = 128 + 9
_BOOM = {"classes": ["RuntimeError", "Exception"], "message": "boom", "raised_at": ["engine.py:1"]}


class Keeper(Enum):
    """Who has the bytes that are kept."""

    ROOT = "root"
    CHILD = "child"  # of the workload's tree
    NOBODY = "nobody"  # counted by the driver, and listed for no process
    STRANGER = "stranger"  # a process of the workload's that the gate hasn't recognised


@dataclass(frozen=True)
class Leak:
    """MiB of a card that a fault keeps, from the one of that number on (or by each)."""

    fault: int
    place: int
    size: int
    keeper: Keeper = Keeper.ROOT
    each: bool = False
    outlives: bool = False
    collected: bool = False


@dataclass(frozen=True)
class Plan:
    """What the workload does, in MiB and seconds."""

    model: int = 2048
    activations: int = 512
    late: float = 0.0
    lingers: float = 0.0
    child: int = 0
    child_outlives: bool = False
    leaks: tuple[Leak, ...] = ()


@dataclass
class Engine:
    """One start of it: a `Running` of the executor."""

    world: World
    plan: Plan
    number: int
    _status: int | None = None
    _faults: int = 0
    _lines: deque[tuple[float, bytes]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._root = _ROOT + self.number
        self._pids = {
            Keeper.ROOT: self._root,
            Keeper.CHILD: self._root + _CHILD,
            Keeper.NOBODY: self._root + _NOBODY,
            Keeper.STRANGER: self._root + _STRANGER,
        }

    @property
    def root(self) -> Process:
        """The engine itself."""
        return Process(pid=self._root, started=self.number, name="engine", command="engine")

    def send(self, line: bytes) -> None:
        """A request: what it does happens now and in a moment, then it is answered."""
        request = wire.decode(line)
        if request is None or self._status is not None:
            return
        reply = {"id": request["id"], "key": request["key"], **self._do(str(request["op"]))}
        self._lines.append((self.world.clock.now() + _ANSWER_SECONDS, wire.encode(reply).strip()))

    def receive(self, seconds: float) -> bytes | None:
        """The next answer, if it comes in time."""
        clock = self.world.clock
        until = clock.now() + seconds
        due = self._lines[0][0] if self._lines else until + 1
        clock.sleep(max(0.0, min(due, until) - clock.now()))
        self.world.catch_up()
        return self._lines.popleft()[1] if due <= until else None

    def exit_status(self) -> int | None:
        """As the kernel would have it."""
        return self._status

    def processes(self) -> tuple[Process, ...]:
        """Who lives."""
        self.world.catch_up()
        root = () if self._status is not None else (self.root,)
        return (*root, *self._children())

    def output(self, start: int = 0) -> str:
        """It says nothing."""
        return ""[start:]

    def output_mark(self) -> int:
        """It says nothing."""
        return 0

    def kill_root(self) -> None:
        """What it leaves behind at its sudden end is there at once."""
        self._keep(0.0)
        self.world.catch_up()
        self._end(_KILLED)

    def end(self) -> None:
        """Nobody is left."""
        self._end(_KILLED)
        for place in self.world.places:
            self.world.hold(self._pids[Keeper.CHILD], place, 0)

    def _children(self) -> Iterator[Process]:
        pid = self._pids[Keeper.CHILD]
        if any(self.world.held(pid, place) for place in self.world.places):
            yield Process(pid=pid, started=self.number, name="helper", command="helper")

    def _do(self, operation: str) -> wire.Message:
        does: dict[str, Callable[[], None]] = {
            "load": self._load,
            "infer": partial(self._take, _BUSY_SECONDS),
            "call": self._fail,
            "collect": self._collect,
            "unload": self._unload,
            "exit": partial(self._end, 0),
        }
        does.get(operation, lambda: None)()
        if operation == "call":
            return {"ok": False, "exceptions": [_BOOM]}
        return {"ok": True, "has": {"fail": True}}

    def _load(self) -> None:
        self._everywhere(Keeper.ROOT, self.plan.model)
        self._everywhere(Keeper.CHILD, self.plan.child)

    def _unload(self) -> None:
        for place in self.world.places:
            self.world.hold(self._root, place, 0)

    def _fail(self) -> None:
        self._take(_BUSY_SECONDS + self.plan.late)
        self._keep(_BUSY_SECONDS)

    def _collect(self) -> None:
        for leak in self.plan.leaks:
            if leak.collected and leak.fault < self._faults:
                self._free(leak)

    def _take(self, seconds: float) -> None:
        """Activations, until they are given back."""
        size = self.plan.activations
        self._everywhere(Keeper.ROOT, size)
        self._while_alive(seconds, partial(self._everywhere, Keeper.ROOT, -size))

    def _keep(self, seconds: float) -> None:
        fault, self._faults = self._faults, self._faults + 1
        for leak in self.plan.leaks:
            if leak.fault == fault or (leak.each and leak.fault < fault):
                self._while_alive(seconds, partial(self._add, leak))

    def _while_alive(self, seconds: float, what: Callable[[], None]) -> None:
        def then() -> None:
            if self._status is None:
                what()

        self.world.after(seconds, then)

    def _add(self, leak: Leak) -> None:
        self._more(leak.keeper, self.world.places[leak.place % len(self.world.places)], leak.size)

    def _free(self, leak: Leak) -> None:
        place = self.world.places[leak.place % len(self.world.places)]
        times = self._faults - leak.fault if leak.each else 1
        held = self.world.held(self._pids[leak.keeper], place)
        self._more(leak.keeper, place, -min(leak.size * times, held // MIB))

    def _everywhere(self, keeper: Keeper, size: int) -> None:
        for place in self.world.places:
            self._more(keeper, place, size)

    def _more(self, keeper: Keeper, place: str, size: int) -> None:
        pid = self._pids[keeper]
        listing = Listing.HIDDEN if keeper is Keeper.NOBODY else Listing.LISTED
        held = self.world.held(pid, place)
        now = max(0, held + size * MIB)  # what an unload freed is not freed again
        self.world.hold(pid, place, now, ours=True, listing=listing)

    def _end(self, status: int) -> None:
        """The engine is gone; what it had, and what doesn't outlive it, a little later."""
        if self._status is not None:
            return
        self._status = status
        self.world.after(self.plan.lingers, self._released)

    def _released(self) -> None:
        stay = {leak.keeper for leak in self.plan.leaks if leak.outlives} - {Keeper.ROOT}
        if self.plan.child_outlives:
            stay.add(Keeper.CHILD)
        for keeper in set(Keeper) - stay:
            for place in self.world.places:
                self.world.hold(self._pids[keeper], place, 0)


@dataclass
class Engines:
    """An executor that starts nothing but these."""

    world: World
    plan: Plan
    _starts: int = 0
    setting: Setting = HERE

    def start(self, launch: Launch) -> Engine:
        """Another start."""
        del launch
        self._starts += 1
        return Engine(self.world, self.plan, self._starts)

"""Config document -> scenarios ready to run, or every problem at once; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from pydantic import ValidationError

from ops002.config.messages import problems_of
from ops002.config.problems import ConfigError, Path, Problem, dotted
from ops002.config.recognition import expectation_of
from ops002.config.schema import (
    CommandOomFault,
    CommandScenario,
    CommandWorkload,
    ConfigText,
    Container,
    ExitFault,
    Fault,
    KillFault,
    MeasuringKeys,
    OomSweepFault,
    PythonScenario,
    PythonWorkload,
    ServerScenario,
)
from ops002.config.server import ServerWorkload, misfits_of_ports
from ops002.settle import SettleRule
from ops002.units import SIZE_UNITS, format_duration, format_size
from ops002.verdict.limits import Limits

DEFAULT_TOLERANCE_BYTES: Final = 64 * SIZE_UNITS["MiB"]
DEFAULT_WARMUP: Final = 2
DEFAULT_CONTROL: Final = 3
DEFAULT_REPEAT: Final = {"python": 5, "command": 1, "server": 5}
DEFAULT_KILLS: Final = 1
DEFAULT_SETTLE: Final = SettleRule(
    timeout=30.0, window=0.5, interval=0.05, band=4 * SIZE_UNITS["MiB"]
)
DEFAULT_DEVICE: Final = "cuda"
CUDA_VARIABLES: Final = frozenset({"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"})

_Value = TypeVar("_Value")
_ScenarioText = PythonScenario | CommandScenario | ServerScenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A workload and the faults to force on it, with every default filled in."""

    name: str
    line: int
    device: str
    tolerance_bytes: int
    min_at_stake_bytes: int
    warmup: int
    control: int
    repeat: int
    settle: SettleRule
    held_until_gc: Literal["fail", "accept"]
    exclusive: bool
    container: Container | None
    workload: PythonWorkload | CommandWorkload | ServerWorkload
    faults: tuple[Fault, ...]

    @property
    def kind_of_device(self) -> str:
        """What a scenario file's ``load`` is called with: ``cpu`` or ``cuda``."""
        return self.device.partition(":")[0]

    def limits(self, fault: Fault) -> Limits:
        """What a trial of ``fault`` is held to."""
        return Limits(
            tolerance_bytes=self.tolerance_bytes,
            min_at_stake_bytes=self.min_at_stake_bytes,
            window=self.settle.window,
            band_bytes=self.settle.band,
            repeat=self.repeat_of(fault),
            expectation=expectation_of(fault),
            accept_held_until_gc=self.held_until_gc == "accept",
            may_cache=isinstance(self.workload, ServerWorkload),
            gauge_within=self._gauge_within,
        )

    @property
    def _gauge_within(self) -> float | None:
        gauge = self.workload.gauge if isinstance(self.workload, ServerWorkload) else None
        return None if gauge is None else gauge.within

    def repeat_of(self, fault: Fault) -> int:
        """How often a fault is forced."""
        return self.repeat if fault.repeat is None else fault.repeat

    def remarks(self) -> tuple[str, ...]:
        """What a reader of the report must know of how its checks were set up."""
        found = []
        if self.min_at_stake_bytes < self.tolerance_bytes:
            least = format_size(self.min_at_stake_bytes)
            found.append(
                f"min_at_stake is {least}, below the tolerance: "
                "a check may pass that could not fail"
            )
        if isinstance(self.workload, ServerWorkload) and self.workload.gauge is not None:
            found.append("a move of the gauge during a fault counts as what was at stake")
        return tuple(found)

    def starts(self) -> int:
        """How often the workload is started if nothing goes wrong."""
        ending = sum(self.repeat_of(fault) for fault in self.faults if ends_workload(fault))
        if not isinstance(self.workload, CommandWorkload):
            shared = any(not ends_workload(fault) for fault in self.faults)
            return ending + int(shared)
        healthy = self.warmup + self.control if self.workload.healthy else 0
        probes = sum(isinstance(fault, CommandOomFault) for fault in self.faults)
        return ending + len(self.faults) * healthy + probes


def ends_workload(fault: Fault) -> bool:
    """Whether a well-behaved workload has ended after the fault: each repeat is then a start."""
    ending = (ExitFault, KillFault, CommandOomFault)
    return isinstance(fault, ending) or fault.after == "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The scenarios of a run, and how long it may take in all (seconds)."""

    scenarios: tuple[Scenario, ...]
    max_duration: float
    retry_inconclusive: int


def parse(
    document: object,
    lines: Mapping[Path, int],
    misread: Sequence[Problem] = (),
) -> Config:
    """Check a config document and fill in its defaults.

    ``misread`` are the values that YAML already took for something else: told together with the
    rest, and only once.

    Raises:
        ConfigError: with every problem that can be told from the text.
    """
    config, problems = _checked(document, lines)
    known = {problem.path for problem in misread}
    problems = [*misread, *(problem for problem in problems if problem.path not in known)]
    if config is None or problems:
        raise ConfigError(problems)
    return config


def _checked(document: object, lines: Mapping[Path, int]) -> tuple[Config | None, list[Problem]]:
    problems = list(_duplicate_names(document, lines))
    try:
        text = ConfigText.model_validate(document)
    except ValidationError as error:
        return None, [*problems, *problems_of(error.errors(include_url=False), lines)]
    scenarios = tuple(_resolve(text, index, lines) for index in range(len(text.scenarios)))
    for index, scenario in enumerate(scenarios):
        problems += _contradictions(scenario, index, lines)
    config = Config(
        scenarios=scenarios,
        max_duration=text.max_duration,
        retry_inconclusive=text.retry_inconclusive,
    )
    return config, problems


def _resolve(text: ConfigText, index: int, lines: Mapping[Path, int]) -> Scenario:
    scenario: _ScenarioText = text.scenarios[index]
    path = ("scenarios", index)
    tolerance = _first(scenario.tolerance, text.tolerance, DEFAULT_TOLERANCE_BYTES)
    return Scenario(
        name=scenario.name,
        line=lines.get((*path, "name"), lines.get(path, 1)),
        device=_first(scenario.device, text.device, DEFAULT_DEVICE),
        tolerance_bytes=tolerance,
        min_at_stake_bytes=_first(scenario.min_at_stake, text.min_at_stake, tolerance),
        warmup=_first(scenario.warmup, text.warmup, DEFAULT_WARMUP),
        control=_first(scenario.control, text.control, DEFAULT_CONTROL),
        repeat=_first(scenario.repeat, text.repeat, _default_repeat(scenario)),
        settle=_settle(scenario, text, tolerance),
        held_until_gc=_first(scenario.held_until_gc, text.held_until_gc, "fail"),
        exclusive=_first(scenario.exclusive, text.exclusive, False),
        container=scenario.container,
        workload=scenario.workload,
        faults=_faults(scenario, text),
    )


def _faults(scenario: _ScenarioText, text: ConfigText) -> tuple[Fault, ...]:
    """The faults with their repeats; those that end the workload last: the others share a start."""
    given = _first(scenario.repeat, text.repeat, None)
    faults: list[Fault] = []
    for fault in scenario.faults:
        default = DEFAULT_KILLS if isinstance(fault, KillFault) else _default_repeat(scenario)
        # A sweep fails every point once: how often others are forced doesn't apply to it.
        repeat = 1 if isinstance(fault, OomSweepFault) else _first(fault.repeat, given, default)
        faults.append(fault.model_copy(update={"repeat": repeat}))
    return tuple(sorted(faults, key=ends_workload))


def _default_repeat(scenario: _ScenarioText) -> int:
    return DEFAULT_REPEAT[scenario.workload.kind]


def _settle(scenario: MeasuringKeys, text: MeasuringKeys, tolerance: int) -> SettleRule:
    near, far = scenario.settle, text.settle
    return SettleRule(
        timeout=_first(near.timeout, far.timeout, DEFAULT_SETTLE.timeout),
        window=_first(near.window, far.window, DEFAULT_SETTLE.window),
        interval=_first(near.interval, far.interval, DEFAULT_SETTLE.interval),
        band=_first(near.band, far.band, min(DEFAULT_SETTLE.band, tolerance)),
    )


def _first(near: _Value | None, far: _Value | None, default: _Value) -> _Value:
    if near is not None:
        return near
    return default if far is None else far


def _contradictions(scenario: Scenario, index: int, lines: Mapping[Path, int]) -> Iterator[Problem]:
    def told(key: str, message: str) -> Problem:
        """At the key in the scenario, else at the one above, else at the scenario."""
        near, far = ("scenarios", index, key), (key,)
        path = far if near not in lines and far in lines else near
        return Problem(lines.get(path, scenario.line), dotted(path), message)

    settle = scenario.settle
    if not settle.interval <= settle.window < settle.timeout:
        yield told(
            "settle",
            "allowed is interval <= window < timeout; here they are "
            f"{format_duration(settle.interval)}, {format_duration(settle.window)} and "
            f"{format_duration(settle.timeout)}",
        )
    if settle.band > scenario.tolerance_bytes:
        yield told(
            "settle",
            f"band {format_size(settle.band)} is over the tolerance: readings that move that far "
            f"can't show a leak of {format_size(scenario.tolerance_bytes)}",
        )
    yield from (told(key, message) for key, message in _misfits_of_device(scenario))
    if isinstance(scenario.workload, ServerWorkload):
        misfits = misfits_of_ports(scenario.workload, scenario.faults)
        yield from (told(key, message) for key, message in misfits)


def _misfits_of_device(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What doesn't go together with the device: the key, and why."""
    if scenario.kind_of_device == "cpu":
        if scenario.exclusive:
            yield "exclusive", "is about GPUs: others are always on a cpu"
        if any(isinstance(fault, CommandOomFault) for fault in scenario.faults):
            yield "faults", "oom of a command needs a GPU: it is a limit on torch's CUDA allocator"
        return
    for name in sorted(CUDA_VARIABLES & scenario.workload.env.keys()):
        yield "workload", f"env can't set {name}: device says which GPUs the workload sees"


def _duplicate_names(document: object, lines: Mapping[Path, int]) -> Iterator[Problem]:
    scenarios = document.get("scenarios") if isinstance(document, dict) else None
    first: dict[str, int] = {}
    for index, scenario in enumerate(scenarios if isinstance(scenarios, list) else []):
        name = scenario.get("name") if isinstance(scenario, dict) else None
        if not isinstance(name, str):
            continue
        line = lines.get(("scenarios", index, "name"), 1)
        if name in first:
            message = f"{name!r} is taken by the scenario on line {first[name]}; names must differ"
            yield Problem(line, f"scenarios[{index}].name", message)
        first.setdefault(name, line)

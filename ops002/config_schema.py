"""The schema of the config file, version 1, as far as it is implemented."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from ops002.contract import AC_OPS_002_MAX_TOLERANCE_BYTES
from ops002.units import format_size, parse_duration, parse_size

CONTAINER_COMMANDS: Final = frozenset({"docker", "podman", "nerdctl"})

PLANNED_KEYS: Final = frozenset(
    {"control", "exclusive", "held_until_gc", "retry_inconclusive", "container"}
)
"""Keys of schema version 1 that this release doesn't carry out: refused, never ignored."""

PLANNED_KINDS: Final = frozenset(
    {"server", "oom-sweep", "exception", "kill", "request", "disconnect"}
)
"""Workload and fault kinds of schema version 1 that this release doesn't carry out."""


def _within_cap(tolerance_bytes: int) -> int:
    if tolerance_bytes > AC_OPS_002_MAX_TOLERANCE_BYTES:
        cap = format_size(AC_OPS_002_MAX_TOLERANCE_BYTES)
        raise ValueError(
            f"{format_size(tolerance_bytes)} is over the contract's cap: a larger tolerance would "
            f"hide real leaks; allowed is at most {cap}"
        )
    return tolerance_bytes


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError("must be longer than 0")
    return seconds


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{text[:80]!r} isn't a regular expression: {error}") from None
    return text


def _no_null(text: str) -> str:
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must be text without a null character or half a surrogate pair")
    return text


def _variable(name: str) -> str:
    if not name or "=" in name:
        raise ValueError("must be the name of a variable: not empty, and without =")
    return _no_null(name)


def _one(version: int) -> int:
    if version != 1:
        raise ValueError(f"{version} isn't known; allowed is 1")
    return version


def _device(text: str) -> str:
    if text == "cuda" or text.startswith("cuda:"):
        raise ValueError(f"{text!r} is not implemented yet; this release measures cpu only")
    if text != "cpu":
        raise ValueError(f"{text!r} isn't a device; allowed is cpu")
    return text


def _command(argv: tuple[str, ...]) -> tuple[str, ...]:
    program = argv[0].rpartition("/")[2]
    if program in CONTAINER_COMMANDS and "run" in argv[1:]:
        raise ValueError(
            f"'{program} run' starts the workload where the gate can't see its processes; give "
            "the image under container and the command as it runs inside"
        )
    return argv


_SIZE_SCHEMA: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(B|KiB|MiB|GiB)$"}
_DURATION_SCHEMA: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h)$"}

Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema(_SIZE_SCHEMA)]
Tolerance = Annotated[Size, AfterValidator(_within_cap)]
Duration = Annotated[float, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]
Period = Annotated[Duration, AfterValidator(_positive)]
Text = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_printable)]
Pattern = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_pattern)]
Device = Annotated[str, AfterValidator(_device)]

# A YAML list becomes a tuple: the one conversion that is allowed.
_FILLED_LIST: Final = Field(min_length=1, strict=False)

Argument = Annotated[str, Field(max_length=131072), AfterValidator(_no_null)]
Argv = Annotated[tuple[Argument, ...], _FILLED_LIST]
Environment = dict[Annotated[str, AfterValidator(_variable)], Argument]
Command = Annotated[Argv, AfterValidator(_command)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class Section(BaseModel):
    """A mapping of the config file: known keys only, exact types, not changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SettleKeys(Section):
    """How long to wait for memory to hold still; absent keys take the default."""

    timeout: Period | None = None
    window: Period | None = None
    interval: Period | None = None
    band: Size | None = None


class MeasuringKeys(Section):
    """The keys that shape a measurement; they stand at the top, in a scenario, or in both."""

    device: Device | None = None
    tolerance: Tolerance | None = None
    min_at_stake: Size | None = None
    warmup: Count | None = None
    repeat: Count | None = None
    settle: SettleKeys = SettleKeys()


class Timeouts(Section):
    """Deadlines: until loaded, for one inference or run, and until gone."""

    start: Period = 600.0
    infer: Period = 120.0
    exit: Period = 30.0


class PythonWorkload(Section):
    """A scenario file with ``load`` and ``infer``, run by the worker in the workload's Python."""

    kind: Literal["python"]
    file: Text
    python: Text | None = None
    env: Environment = {}
    cwd: Text = "."
    timeouts: Timeouts = Timeouts()


class CommandWorkload(Section):
    """A command that ends; ``healthy`` is one that succeeds, for the warm-up."""

    kind: Literal["command"]
    run: Command
    healthy: Command | None = None
    env: Environment = {}
    cwd: Text = "."
    timeouts: Timeouts = Timeouts()


class Expect(Section):
    """How a fault is recognised; every given key must hold."""

    output: Pattern | None = None
    recovers: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Expect:
        keys = [key for key in type(self).model_fields if key != "recovers"]
        if all(getattr(self, key) is None for key in keys):
            raise ValueError(
                f"says nothing to recognise the fault by; give at least one of: {', '.join(keys)}"
            )
        return self


class PythonExpect(Expect):
    """Expectation of a fault inside the worker."""

    exception: Text | None = None
    match: Pattern | None = None


class CommandExpect(Expect):
    """Expectation of a command; a signal's status is 128 + n."""

    exit_code: Annotated[tuple[Annotated[int, Field(ge=0, le=255)], ...], _FILLED_LIST] | None = (
        None
    )


class CallFault(Section):
    """``fail(model)`` of the scenario file."""

    kind: Literal["call"]
    expect: PythonExpect
    after: Literal["serving"] = "serving"


class OomFault(Section):
    """``infer`` under a memory limit."""

    kind: Literal["oom"]
    expect: PythonExpect | None = None
    after: Literal["serving"] = "serving"


class ExitFault(Section):
    """The command fails by itself."""

    kind: Literal["exit"]
    expect: CommandExpect


def _spell_out(fault: object) -> object:
    """A bare word is short for ``{kind: word}``."""
    return {"kind": fault} if isinstance(fault, str) else fault


PythonFault = Annotated[
    Annotated[CallFault | OomFault, Field(discriminator="kind")], BeforeValidator(_spell_out)
]
CommandFault = Annotated[ExitFault, BeforeValidator(_spell_out)]
Fault = CallFault | OomFault | ExitFault


class PythonScenario(MeasuringKeys):
    """A python workload and its faults."""

    name: Annotated[Text, Field(max_length=100)]
    workload: PythonWorkload
    faults: Annotated[tuple[PythonFault, ...], _FILLED_LIST]


class CommandScenario(MeasuringKeys):
    """A command workload and its faults."""

    name: Annotated[Text, Field(max_length=100)]
    workload: CommandWorkload
    faults: Annotated[tuple[CommandFault, ...], _FILLED_LIST]


def _workload_kind(scenario: object) -> str | None:
    workload = scenario.get("workload") if isinstance(scenario, dict) else None
    kind = workload.get("kind") if isinstance(workload, dict) else None
    return kind if isinstance(kind, str) else None


Scenario = Annotated[
    Annotated[PythonScenario, Tag("python")] | Annotated[CommandScenario, Tag("command")],
    Discriminator(_workload_kind),
]


class ConfigText(MeasuringKeys):
    """The whole file."""

    version: Annotated[int, AfterValidator(_one), WithJsonSchema({"const": 1})]
    max_duration: Period = 3600.0
    scenarios: Annotated[tuple[Scenario, ...], _FILLED_LIST]

"""The action's inputs, from the environment that the runner gives it; pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

_PREFIX: Final = "INPUT_"
_YES: Final = {"true": True, "false": False}
_NAME: Final = "OPS-002"
_LONGEST_NAME: Final = 100
_OF_THE_RUNNER: Final = frozenset({"ENTRYPOINT", "ARGS"})  # any docker action has them


class Mode(str, Enum):
    """Whether a red outcome fails the step, or is only reported."""

    GATE = "gate"
    REPORT = "report"


class CheckWish(str, Enum):
    """Whether a check run is made: if that can be, never, or else the step is red."""

    AUTO = "auto"
    OFF = "off"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInputs:
    """What is asked for of the check run."""

    name: str
    wish: CheckWish
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the workflow asks for; None and empty where it leaves that to the config."""

    config: str | None
    scenarios: tuple[str, ...]
    device: str | None
    tolerance: str | None
    report_dir: str | None
    mounts: tuple[str, ...]
    allow_fork: bool
    config_ref: str | None
    mode: Mode


class BadInputs(Exception):
    """The inputs can't be used: every problem, as a line for people."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.lines = problems


def read_inputs(environ: Mapping[str, str]) -> Inputs:
    """The inputs that are given; an empty one isn't.

    Raises:
        BadInputs: an unknown value, or an input that this release doesn't carry out.
    """
    given = _given(environ)
    problems = tuple(_problems(given))
    if problems:
        raise BadInputs(problems)
    return Inputs(
        config=given.get("CONFIG"),
        scenarios=_lines(given.get("SCENARIO")),
        device=given.get("DEVICE"),
        tolerance=given.get("TOLERANCE"),
        report_dir=given.get("REPORT_DIR"),
        mounts=_lines(given.get("MOUNTS")),
        allow_fork=_YES[given.get("ALLOW_FORK", "false").lower()],
        config_ref=given.get("CONFIG_REF"),
        mode=Mode(given.get("MODE", Mode.GATE.value).lower()),
    )


def check_inputs(environ: Mapping[str, str]) -> CheckInputs:
    """What is asked for of the check run, also where the inputs can't be used: that is told in it.

    A run that doesn't gate has a check of its own, whatever its name: one that is required must not
    be taken for it.
    """
    given = _given(environ)
    name, wish = given.get("CHECK_NAME", _NAME), given.get("CHECK_RUN", "").lower()
    reports = given.get("MODE", "").lower() == Mode.REPORT.value
    return CheckInputs(
        name=f"{name} (report only)" if reports else name,
        wish=CheckWish(wish) if wish in set(CheckWish) else CheckWish.AUTO,
        token=given.get("TOKEN", ""),
    )


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_PREFIX): value.strip()
        for name, value in environ.items()
        if name.startswith(_PREFIX) and value.strip()
    }


def _problems(given: Mapping[str, str]) -> Iterator[str]:
    for name, value in given.items():
        allowed = _ALLOWED.get(name)
        if name in _OF_THE_RUNNER:
            continue
        if allowed is None:
            near = difflib.get_close_matches(name, _ALLOWED, 1)
            hint = f"did you mean {near[0].lower()}?" if near else "it has no such input"
            yield f"input {name.lower()}: not known to this action; {hint}"
            continue
        why = allowed(value)
        if why is not None:
            yield f"input {name.lower()}: {value[:80]!r} {why}"


def _anything(_value: str) -> str | None:
    return None


def _one_of(*words: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        return None if value.lower() in words else f"isn't allowed; allowed are {', '.join(words)}"

    return check


def _not_yet(*carried_out: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if value.lower() in carried_out:
            return None
        instead = f"; allowed are {', '.join(carried_out)}" if carried_out else "; leave it out"
        return f"isn't carried out by this release{instead}"

    return check


def _check_name(value: str) -> str | None:
    if len(value) <= _LONGEST_NAME and value.isprintable():
        return None
    return f"isn't a name: one line of at most {_LONGEST_NAME} characters"


def _mounts(value: str) -> str | None:
    for path in _lines(value):
        parts = path.split("/")
        if not path.startswith("/") or {".", ".."} & set(parts) or ":" in path:
            return f"holds {path!r}, which isn't an absolute path of the host"
        if parts[1] == "github":  # the runner translates its own folders in the inputs
            return f"holds {path!r}, a folder of the runner, which code under test never sees"
        if parts[1] in _NEVER_MOUNTED or path.startswith("/var/run"):
            return f"holds {path!r}, which would give the workload the host itself"
    return None


def _lines(value: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (value or "").splitlines() if line.strip())


_NEVER_MOUNTED: Final = frozenset({"", "run", "proc", "sys", "etc", "dev", "boot", "root"})

_ALLOWED: Final[Mapping[str, Callable[[str], str | None]]] = {
    "CONFIG": _anything,
    "SCENARIO": _anything,
    "DEVICE": _anything,
    "TOLERANCE": _anything,
    "TOKEN": _anything,
    "CHECK_NAME": _check_name,
    "CHECK_RUN": _one_of("auto", "off", "required"),
    "REPORT_DIR": _anything,
    "ISOLATION": _not_yet("auto", "sibling"),
    "MOUNTS": _mounts,
    "ALLOW_FORK": _one_of("true", "false"),
    "CONFIG_REF": _anything,
    "MODE": _one_of("gate", "report"),
}

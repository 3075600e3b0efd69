"""Pydantic's errors in the words of the config file; pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from pydantic_core import ErrorDetails

from ops002.config.problems import Path, Problem, dotted
from ops002.config.schema import (
    CallFault,
    CommandExpect,
    CommandOomFault,
    CommandScenario,
    CommandWorkload,
    ConfigText,
    ExceptionFault,
    ExitFault,
    KillFault,
    OomFault,
    OomSweepFault,
    PythonExpect,
    PythonScenario,
    PythonWorkload,
    ServerKillFault,
    ServerScenario,
    SettleKeys,
)
from ops002.config.sections import Section, Timeouts
from ops002.config.server import (
    DisconnectFault,
    Gauge,
    Ready,
    Request,
    RequestFault,
    ServerExpect,
    ServerTimeouts,
    ServerWorkload,
    Stop,
)

_FAULTS: Final[dict[str, type[Section]]] = {
    "call": CallFault,
    "oom": OomFault,
    "oom-sweep": OomSweepFault,
    "exception": ExceptionFault,
    "kill": KillFault,
    "exit": ExitFault,
}

_COMMAND_FAULTS: Final[dict[str, type[Section]]] = {**_FAULTS, "oom": CommandOomFault}

_SERVER_FAULTS: Final[dict[str, type[Section]]] = {
    "request": RequestFault,
    "disconnect": DisconnectFault,
    "kill": ServerKillFault,
}

_FAULTS_OF: Final = {
    "python": _FAULTS,
    "command": _COMMAND_FAULTS,
    "server": _SERVER_FAULTS,
}

_EXPECTS: Final[dict[str, type[Section]]] = {
    "python": PythonExpect,
    "command": CommandExpect,
    "server": ServerExpect,
}

# Which keys a place knows, by its location without indexes.
_SECTIONS: Final[dict[tuple[str, ...], type[Section]]] = {
    (): ConfigText,
    ("settle",): SettleKeys,
    ("scenarios", "python"): PythonScenario,
    ("scenarios", "python", "settle"): SettleKeys,
    ("scenarios", "python", "workload"): PythonWorkload,
    ("scenarios", "python", "workload", "timeouts"): Timeouts,
    ("scenarios", "command"): CommandScenario,
    ("scenarios", "command", "settle"): SettleKeys,
    ("scenarios", "command", "workload"): CommandWorkload,
    ("scenarios", "command", "workload", "timeouts"): Timeouts,
    ("scenarios", "server"): ServerScenario,
    ("scenarios", "server", "settle"): SettleKeys,
    ("scenarios", "server", "workload"): ServerWorkload,
    ("scenarios", "server", "workload", "timeouts"): ServerTimeouts,
    ("scenarios", "server", "workload", "ready"): Ready,
    ("scenarios", "server", "workload", "healthy"): Request,
    ("scenarios", "server", "workload", "gauge"): Gauge,
    ("scenarios", "server", "workload", "stop"): Stop,
}
_SECTIONS.update(
    {
        ("scenarios", kind, "faults", name): fault
        for kind, faults in _FAULTS_OF.items()
        for name, fault in faults.items()
    }
)
_SECTIONS.update(
    {
        ("scenarios", kind, "faults", name, "expect"): expect
        for kind, expect in _EXPECTS.items()
        for name in _FAULTS_OF[kind]
    }
)

_NO_SERVER_OOM: Final = (
    "'oom' of a server is not implemented yet: most engines take their memory at the start, so a "
    "limit would end them there. Use request with one that runs out of memory by itself"
)

_FORMS: Final = {
    "int_type": "must be a whole number",
    "string_type": "must be text; quote it",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "union_tag_not_found": "must name a kind (a workload's: python, command, server)",
}


def problems_of(details: list[ErrorDetails], lines: Mapping[Path, int]) -> list[Problem]:
    """Pydantic's errors as problems on lines of the file."""
    # Pydantic calls a list too short when items of it are wrong: those are told by themselves.
    return [
        _problem(detail, lines)
        for detail in details
        if not (detail["type"] == "too_short" and detail["input"])
    ]


def _problem(detail: ErrorDetails, lines: Mapping[Path, int]) -> Problem:
    path = _path(detail["loc"])
    if detail["type"].startswith("union_tag") and isinstance(detail["input"], dict):
        # Pydantic tells a wrong kind at the mapping that holds it; a bare word holds none.
        kind: Path = ("kind",) if "faults" in path else ("workload", "kind")
        path += kind if "faults" not in path or (*path, *kind) in lines else ()
    known = path
    while known and known not in lines:
        known = known[:-1]
    return Problem(lines.get(known, 1), dotted(path), _message(detail))


def _path(location: Path) -> Path:
    """Pydantic puts the chosen member of a union into the location: that is no key of the file."""
    tags = {2, 5} if location[3:4] == ("faults",) else {2}
    within = location[:1] == ("scenarios",)
    keys = location[:-1] if location[-1:] == ("[key]",) else location
    return tuple(step for place, step in enumerate(keys) if not within or place not in tags)


def _message(detail: ErrorDetails) -> str:
    given, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return _unknown_key(detail["loc"])
        case "union_tag_invalid":
            tag, allowed = str(context["tag"]), context["expected_tags"].replace("'", "")
            return _unknown_kind(tag, allowed)
        case "literal_error":
            return _unknown_kind(given, context["expected"])
        case "value_error":
            return str(context["error"])
        case kind:
            return _misformed(kind, detail["msg"], given)


def _misformed(kind: str, message: str, given: object) -> str:
    form = _FORMS.get(kind)
    if form is None:
        return f"{message[0].lower()}{message[1:]}, got {_shown(given)}"
    return form if kind.endswith("too_short") else f"{form}, got {_shown(given)}"


def _shown(given: object) -> str:
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, (list, tuple)):
        return "a list"
    words = {"None": "nothing", "True": "true", "False": "false"}
    return words.get(repr(given), repr(given)[:80])


def _unknown_kind(given: object, allowed: str) -> str:
    if given == "oom" and "request" in allowed:
        return f"{_NO_SERVER_OOM}; allowed is {allowed}"
    near = difflib.get_close_matches(
        str(given), [word.strip(" '") for word in allowed.split(",")], 1
    )
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{given!r} isn't known{hint}; allowed is {allowed}"


def _unknown_key(location: Path) -> str:
    key = str(location[-1])
    section = _SECTIONS.get(tuple(step for step in location[:-1] if isinstance(step, str)))
    fields = {} if section is None else section.model_fields
    keys = sorted(field.alias or name for name, field in fields.items())
    near = difflib.get_close_matches(key, keys, 1)
    hint = f"did you mean {near[0]}?" if near else f"allowed here: {', '.join(keys)}"
    return f"unknown key; {hint}"

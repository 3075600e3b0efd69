"""What GitHub's runner makes of a step's output: which lines are commands, and what they say.

Its own rules, written down again: actions/runner, ``ActionCommand.cs`` (both forms of a command),
``ActionCommandManager.cs`` (what stops them), and .NET's idea of where a line ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KNOWN = frozenset(
    [
        "add-mask",
        "add-matcher",
        "add-path",
        "debug",
        "echo",
        "endgroup",
        "error",
        "group",
        "internal-set-repo-path",
        "notice",
        "remove-matcher",
        "save-state",
        "set-env",
        "set-output",
        "stop-commands",
        "warning",
    ]
)


@dataclass(frozen=True)
class Command:
    """A line that the runner carries out."""

    name: str
    properties: dict[str, str]
    data: str


@dataclass
class Read:
    """The commands of a log, and the lines that are shown; ``stopped`` is so at its end."""

    commands: list[Command] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    stopped: bool = False

    def annotations(self) -> list[Command]:
        return [one for one in self.commands if one.name in {"error", "warning", "notice"}]


def read_log(text: str) -> Read:
    """Read a log as the runner does."""
    read, known, token = Read(), set(KNOWN), ""
    for line in re.split(r"\r\n|\r|\n", text):
        command = _second_form(line, known) or _first_form(line, known)
        if command is None or (token and command.name != token):
            read.shown.append(line)
        elif token:
            known.discard(token)
            token = ""
        elif command.name == "stop-commands":
            token = command.data.lower()
            assert token
            assert token not in KNOWN
            known.add(token)
        else:
            read.commands.append(command)
    read.stopped = bool(token)
    return read


def _second_form(line: str, known: set[str]) -> Command | None:
    """``::name key=value,key=value::data``, where a line begins with it."""
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, properties = text[2:end].partition(" ")
    if name.lower() not in known:
        return None
    pairs = (one.split("=", 1) for one in properties.strip().split(",") if one)
    return Command(
        name=name.lower(),
        properties={pair[0]: _property(pair[1]) for pair in pairs if len(pair) == 2},
        data=_data(text[end + 2 :]),
    )


def _first_form(line: str, known: set[str]) -> Command | None:
    """``##[name key=value;key=value]data``, wherever it stands."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, _ = line[start + 3 : end].partition(" ")
    return Command(name.lower(), {}, line[end + 1 :]) if name.lower() in known else None


def _data(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _property(text: str) -> str:
    changed = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":")
    return changed.replace("%2C", ",").replace("%25", "%")


MATCHERS = {
    "gcc": r"^(.*):(\d+):(\d+):\s+(?:fatal\s+)?(warning|error):\s+(.*)$",
    "setup-go": r"^\s*(.+\.go):(?:(\d+):(\d+):)? (.*)",
    "setup-python": r"^\s*File\s\"(.*)\",\sline\s(\d+),\sin\s(.*)$",
    "eslint-compact": r"^(.+):\sline\s(\d+),\scol\s(\d+),\s(Error|Warning|Info)\s-\s(.+)$",
    "tsc": (
        r"^(?:\s+\d+\>)?([^\s].*)\((\d+),?(\d+)?(?:,\d+,\d+)?\)\s*:\s+"
        r"(error|warning|info)\s+(\w{1,2}\d+)\s*:\s*(.*)$"
    ),
    "rustc": r"^\s+-->\s(\S+):(\d+):(\d+)$",
}
"""Problem matchers that common actions register: what they find becomes an annotation."""

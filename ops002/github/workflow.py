"""What a runner takes from an action: annotations on standard output, outputs in a file.

Escapes: actions/runner, ``ActionCommand.cs``; the file's format: "Workflow commands for GitHub
Actions", multiline strings.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ops002.text import clean, inert

_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_MOST_CHARACTERS: Final = 4096  # the runner cuts what is longer
_CUT: Final = " ... (cut)"

_OF_A_MATCHER: Final = re.compile(r"[:(](?=\d)|\.\w{1,5}:(?= )|\bline (?=\d)")
_JOINER: Final = "\u2060"
"""A word joiner: no width, and no break of the line."""


def annotation(kind: str, title: str, message: str, place: tuple[str, int] | None = None) -> str:
    """An annotation as a line for standard output; ``kind`` is error, warning or notice.

    ``place`` is a file of the repository and a line of it, from 1. More than 10 of a kind from one
    step are dropped by the runner.
    """
    if len(message) > _MOST_CHARACTERS:
        message = message[: _MOST_CHARACTERS - len(_CUT)] + _CUT
    given = {"title": title}
    if place is not None:
        given = {"file": place[0], "line": str(place[1]), **given}
    # The runner drops a property without a value, and a line that begins with none.
    properties = ",".join(
        f"{name}={value.translate(_PROPERTY)}" for name, value in given.items() if value
    )
    return f"::{kind} {properties}::{message.translate(_DATA)}\n"


def stop_commands() -> tuple[str, str]:
    """Two lines: between them the runner takes nothing for a command, whoever has written it.

    What ends that stands in the second alone, and can't be guessed.
    """
    token = f"ops002-{secrets.token_hex(16)}"
    return f"::stop-commands::{token}\n", f"::{token}::\n"


def shown(line: str) -> str:
    """A line of whoever's words: one printable line, no command, nothing for a problem matcher.

    A matcher makes annotations of lines that look like a compiler's. They name a file and a line of
    it, which stand apart here: by a character that isn't seen.
    """
    return _OF_A_MATCHER.sub(lambda found: f"{found[0]}{_JOINER}", inert(clean(line)))


def save_state(environ: Mapping[str, str], name: str, value: str) -> None:
    """Keep a value for the step after the job: it finds it as ``STATE_name``."""
    file = environ.get("GITHUB_STATE")
    if file:
        with suppress(OSError):  # then nothing is swept after the job, but by the next run
            write_outputs(Path(file), {name: value})


def write_outputs(file: Path, outputs: Mapping[str, str]) -> None:
    """Set the step's outputs (or, in the runner's file of states, its states).

    Each value stands between lines that nobody can guess: else one that holds them would set
    outputs of its own.

    Raises:
        OSError: the file can't be written.
    """
    with file.open("a", encoding="utf-8", errors="backslashreplace") as opened:
        for name, value in outputs.items():
            mark = f"ops002-{secrets.token_hex(16)}"
            opened.write(f"{name}<<{mark}\n{value}\n{mark}\n")

"""What a runner takes from an action: annotations on standard output, outputs in a file.

Escapes: actions/runner, ``ActionCommand.cs``; the file's format: "Workflow commands for GitHub
Actions", multiline strings.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_MOST_CHARACTERS: Final = 4096  # the runner cuts what is longer
_CUT: Final = " ... (cut)"


def annotation(title: str, message: str, file: str | None = None, line: int | None = None) -> str:
    """An error annotation, as a line for standard output.

    ``line`` counts from 1. More than 10 of a step are dropped by the runner.
    """
    if len(message) > _MOST_CHARACTERS:
        message = message[: _MOST_CHARACTERS - len(_CUT)] + _CUT
    given = {"file": file, "line": line, "title": title}
    properties = ",".join(
        f"{name}={str(value).translate(_PROPERTY)}"
        for name, value in given.items()
        if value is not None
    )
    return f"::error {properties}::{message.translate(_DATA)}\n"


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

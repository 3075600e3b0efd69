"""Finding, reading and checking the config file, for the commands that need it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ops002.config.file import MAX_BYTES, read_yaml
from ops002.config.overrides import Instead
from ops002.config.problems import ConfigError, Problem
from ops002.config.resolved import Config, parse

DEFAULT_FILES: Final = (Path(".github/ops002.yml"), Path("ops002.yml"))


@dataclass(frozen=True, slots=True)
class BadConfig(Exception):
    """The config can't be used: every problem, as a line for people.

    Where they are of a file's text, the file and each problem in it as well.
    """

    lines: tuple[str, ...]
    file: str | None = None
    problems: tuple[Problem, ...] = ()


class NoConfig(BadConfig):
    """None is named, and none is where it would be looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A config, the file that it is from, and on which of its lines each scenario begins."""

    file: str
    config: Config
    lines: Mapping[str, int]


def load_config(file: str | None, instead: Instead | None = None) -> Loaded:
    """What the config file says, with what is said instead of it.

    Raises:
        BadConfig: missing, unreadable or wrong.
    """
    path = find_config(file)
    try:
        text = _read(path)
    except OSError as error:
        raise BadConfig((f"{path}: can't be read: {error.strerror}",)) from None
    return load_text(str(path), text, instead or Instead())


def load_text(file: str, text: bytes, instead: Instead) -> Loaded:
    """What a config file's text says, with what is said instead of it.

    Raises:
        BadConfig: it is wrong.
    """
    try:
        document = read_yaml(text)
        value = instead.in_place_of(document.value)
        config = parse(value, document.lines, document.problems)
        return Loaded(
            file=file,
            config=_narrow(config, instead.scenarios),
            lines={
                scenario.name: document.lines.get(("scenarios", number), 1)
                for number, scenario in enumerate(config.scenarios)
            },
        )
    except ConfigError as error:
        lines = tuple(found.render(file) for found in error.problems)
        raise BadConfig(lines, file, error.problems) from None


def find_config(file: str | None) -> Path:
    """The config file: the one that is named, else the first of those that are looked for.

    Raises:
        BadConfig: there is none.
    """
    if file is not None:
        return Path(file)
    for path in DEFAULT_FILES:
        if os.path.lexists(path):
            return path
    names = " nor ".join(str(path) for path in DEFAULT_FILES)
    raise NoConfig((f"no config: there is neither {names}; write one, or name it with --config",))


def in_working_directory(path: Path) -> str:
    """A config file by its place below the working directory, links followed.

    Raises:
        BadConfig: it is elsewhere: a link of the checkout could lead to any file of the machine.
    """
    here, found = Path.cwd().resolve(), Path(os.path.realpath(path))  # no error where links loop
    if not found.is_relative_to(here):
        why = f"{path}: isn't a file of {here}, but {found}; put the config into the checkout"
        raise BadConfig((why,))
    return str(found.relative_to(here))


def _read(path: Path) -> bytes:
    """A file's bytes, no more of them than tell that it is too large: it may have no end."""
    with path.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _narrow(config: Config, names: tuple[str, ...]) -> Config:
    known = {scenario.name: scenario for scenario in config.scenarios}
    problems = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            problems.append(Problem(1, "--scenario", f"no scenario {name!r}; {hint}"))
    if problems:
        raise ConfigError(problems)
    if not names:
        return config
    return replace(config, scenarios=tuple(one for one in config.scenarios if one.name in names))

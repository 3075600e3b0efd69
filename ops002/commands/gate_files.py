"""The files that make up a gate: taken from a trusted ref, or compared with what they were.

They are the config and the scenarios' files that lie in the checkout. In a pull request whoever
opens it has written them, unless they are taken from elsewhere.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ops002.commands.config_loading import (
    DEFAULT_FILES,
    BadConfig,
    Loaded,
    find_config,
    load_text,
)
from ops002.config.overrides import Instead
from ops002.config.resolved import Config
from ops002.config.schema import PythonWorkload
from ops002.executors import StartFailed
from ops002.github.api import Api
from ops002.github.contents import PERMISSION, commit_at, file_at, parents
from ops002.github.event import Commits
from ops002.github.exchange import MOST_BYTES, GitHubFailed

_COMPARE_SECONDS: Final = 10.0
"""So much may GitHub delay a measurement."""
_MOST_COMPARED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The gate at a ref. ``files`` by their paths in the checkout, the config's among them."""

    ref: str
    loaded: Loaded
    files: Mapping[str, bytes]


def take(
    api: Api | GitHubFailed, repository: str, ref: str, given: str | None, instead: Instead
) -> Taken:
    """The gate's files at a ref, all of the same commit.

    Raises:
        BadConfig: one of them can't be had: a pull request's own is never taken instead.
    """
    try:
        if isinstance(api, GitHubFailed):
            raise api
        sha = commit_at(api, repository, ref)
        path, text = _config_at(api, repository, sha, given)
        loaded = load_text(path, text, instead)
        files = {path: text}
        _must_not_detour(f"config_ref {ref}: {path}", loaded.config)
        for file in scenario_files(loaded.config):
            found = file_at(api, repository, file, sha)
            if found is None:
                raise BadConfig((f"config_ref {ref}: {path} names {file}, which isn't there",))
            files[file] = found
    except GitHubFailed as error:
        raise BadConfig((_cant_be_had(ref, error),)) from None
    problems = tuple(f"config_ref {ref}: {why}" for why in map(_no_place, files) if why)
    if problems:
        raise BadConfig(problems)
    return Taken(ref=ref if ref == sha else f"{ref} ({sha})", loaded=loaded, files=files)


def _must_not_detour(where: str, config: Config) -> None:
    """Raises `BadConfig` if a path may lead through a link of the checkout to another file."""
    detours = tuple(
        f"{where} names {file}: a path with .. isn't followed into another ref; write it without"
        for file in _named(config)
        if ".." in file.split("/")
    )
    if detours:
        raise BadConfig(detours)


def _no_place(path: str) -> str | None:
    """Why a file can't be had in the place of the checkout's, if so."""
    place = Path.cwd() / path
    if os.path.realpath(place) != str(place):
        return f"{path} is, or is behind, a symbolic link in the checkout"
    return None if place.is_file() else f"the checkout has no file {path}"


def _config_at(api: Api, repository: str, sha: str, given: str | None) -> tuple[str, bytes]:
    wanted = [_in_checkout(given) or given] if given else [str(path) for path in DEFAULT_FILES]
    for path in wanted:
        found = file_at(api, repository, path, sha)
        if found is not None:
            return path, found
    raise GitHubFailed(f"there is no {' and no '.join(wanted)}")


def _cant_be_had(ref: str, error: GitHubFailed) -> str:
    said = f"config_ref {ref}: the gate's files can't be taken from there: {error}"
    return f"{said}; it needs the input token, and of it\n{PERMISSION}" if error.forbidden else said


def must_be_taken(config: Config, workspace: str) -> None:
    """Raises `StartFailed` if a file of the checkout is named by its path on the host."""
    for file in _named(config):
        if PurePosixPath(posixpath.normpath(file)).is_relative_to(workspace):
            raise StartFailed(
                f"{file} is in the checkout, and isn't taken from config_ref by that name: name it "
                "by its path in the repository"
            )


def scenario_files(config: Config) -> tuple[str, ...]:
    """The scenarios' files that lie in the checkout, by their paths in it."""
    named = map(_in_checkout, _named(config))
    return tuple(dict.fromkeys(path for path in named if path is not None))


def checked_out(loaded: Loaded, given: str | None) -> tuple[str, ...]:
    """The files that make up the checkout's own gate, by their paths in it.

    Where the config was looked for counts (``given``, if it was named): one that is removed there
    makes another one the gate's, as does one that becomes a link.
    """
    named = find_config(given)
    looked_for = [named] if given is not None else DEFAULT_FILES[: DEFAULT_FILES.index(named) + 1]
    places = filter(None, (_in_checkout(os.path.relpath(path)) for path in looked_for))
    return tuple(dict.fromkeys((*places, loaded.file, *scenario_files(loaded.config))))


def _named(config: Config) -> tuple[str, ...]:
    """The files that the scenarios name, as they name them."""
    workloads = [one.workload for one in config.scenarios]
    files = [one.file for one in workloads if isinstance(one, PythonWorkload)]
    return tuple(dict.fromkeys(files))


def _in_checkout(path: str) -> str | None:
    """A path below the working directory, without detours; None if it leads elsewhere."""
    plain = posixpath.normpath(path)
    return None if plain.startswith(("/", "../")) or plain in {"..", "."} else plain


@contextmanager
def placed(taken: Taken, beside: Path) -> Iterator[Mapping[str, Path]]:
    """Have the files in a new folder beside another one, while inside; each by its path.

    Nothing in the checkout is touched: no link that a pull request puts there leads root's writes
    elsewhere, and a kill leaves the checkout as it was.

    Raises:
        StartFailed: they can't be written.
    """
    base = next(one for one in beside.parents if one.exists())
    folder = base / f"ops002-gate-{secrets.token_hex(8)}"
    try:
        try:
            found = _written(taken, folder)
        except OSError as error:
            raise StartFailed(
                f"{folder}: the gate's files can't be written there ({error.strerror})"
            ) from None
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(taken: Taken, folder: Path) -> dict[str, Path]:
    folder.mkdir()
    found = {path: folder / str(number) for number, path in enumerate(taken.files)}
    for path, file in found.items():
        file.write_bytes(taken.files[path])
    owner = folder.parent.stat()
    for one in (folder, *found.values()):
        with suppress(OSError):  # a runner could not remove what is root's
            os.chown(one, owner.st_uid, owner.st_gid)
    return found


def changed(
    api: Api | GitHubFailed, repository: str, found: Commits, files: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Those files of the checkout that a pull request changes; None where that isn't known.

    What can't be compared hides nothing of what can: a pull request could bring such a file along.
    """
    if isinstance(api, GitHubFailed) or found.base is None:
        return None
    different, known = [], len(files) <= _MOST_COMPARED
    with api.at_most(_COMPARE_SECONDS):
        try:
            base = _merged_into(api, repository, found) or found.base
        except GitHubFailed:
            return None
        for one in files[:_MOST_COMPARED]:
            try:
                if _here(one) != file_at(api, repository, one, base):
                    different.append(one)
            except GitHubFailed:
                known = False
    return tuple(different) if different or known else None


def _merged_into(api: Api, repository: str, found: Commits) -> str | None:
    """What the tested merge was made onto: not what the base was when it was opened."""
    if found.tested in {None, found.head, found.base}:
        return None
    before = parents(api, repository, str(found.tested))
    return before[0] if found.head in before[1:] else None


def _here(path: str) -> bytes | None:
    """What the checkout has, as GitHub shows it: through a link, if it leads to another file of it.

    Others may lead to what has no end, or is nobody's business.
    """
    place = Path(os.path.realpath(path))  # no error where links loop
    try:
        known = place.is_relative_to(Path.cwd().resolve()) and place.is_file()
        return place.read_bytes() if known and place.stat().st_size <= MOST_BYTES else None
    except OSError:
        return None


def workflow_file(environ: Mapping[str, str]) -> str | None:
    """The workflow that runs, by its path in the repository, if it is this repository's."""
    name, _, _ = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")
    own = f"{environ.get('GITHUB_REPOSITORY', '')}/"
    return _in_checkout(name.removeprefix(own)) if name.startswith(own) else None

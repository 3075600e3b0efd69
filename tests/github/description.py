"""GitHub's own OpenAPI description of its API, and of the releases of its server, from npm.

Of each only what the gate asks for is kept, cached between sessions: the whole is 13 MB.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from tests.github.fake import Asked

PACKAGE = "@octokit/openapi"
PRISM = "@stoplight/prism-cli"
PATHS = (
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}",
    "/repos/{owner}/{repo}/commits/{ref}/check-runs",
    "/repos/{owner}/{repo}/git/commits/{commit_sha}",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/commits/{ref}",
)
_WANTED = re.compile(r"package/generated/((?:api\.github\.com|ghes-[\d.]+)\.json)")
_SECONDS = 180
_PLAIN = "application/json"
_ASKED_FOR = "application/vnd.github+json"
"""As GitHub's documentation has it; the description says it plainly."""


class NotToBeHad(Exception):
    """It can't be fetched here: why."""


def fetch(folder: Path) -> dict[str, dict[str, Any]]:
    """The descriptions by their names, fetched into ``folder`` unless they are there.

    Raises:
        NotToBeHad: no npm, or no network.
    """
    kept = folder / "kept"
    if not kept.is_dir():
        _npm(folder, "pack", "--silent", PACKAGE)
        (archive,) = folder.glob("*.tgz")
        (unfinished := folder / "unfinished").mkdir(exist_ok=True)
        for name, text in _members(archive):
            (unfinished / name).write_text(json.dumps(_part(json.loads(text))))
        archive.unlink()
        unfinished.rename(kept)
    return {file.stem: json.loads(file.read_text()) for file in sorted(kept.iterdir())}


def prism(folder: Path) -> Path:
    """The program that answers as a description says, and refuses what it doesn't allow.

    Raises:
        NotToBeHad: no npm, or no network.
    """
    program = folder / "node_modules/.bin/prism"
    if not program.exists():
        _npm(folder, "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", PRISM)
    return program


def _npm(folder: Path, *words: str) -> None:
    if shutil.which("npm") is None:
        raise NotToBeHad("there is no npm")
    try:
        subprocess.run(
            ["npm", *words],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotToBeHad("npm took too long") from None
    except subprocess.CalledProcessError as failed:
        last = (failed.stderr.strip().splitlines() or ["no word why"])[-1]
        raise NotToBeHad(f"npm can't have it here: {last}") from None


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            wanted = _WANTED.fullmatch(member.name)
            if wanted is not None:
                file = opened.extractfile(member)
                assert file is not None
                yield wanted[1], file.read()


def _part(document: dict[str, Any]) -> dict[str, Any]:
    """The paths that are asked for, and whatever they refer to."""
    paths = {path: document["paths"][path] for path in PATHS}
    for operations in paths.values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if _PLAIN in content:
                    content[_ASKED_FOR] = content.pop(_PLAIN)
    kept: dict[str, Any] = {
        key: document[key] for key in ("openapi", "info", "servers") if key in document
    }
    kept.update(paths=paths, components={})
    todo = list(_references(paths))
    while todo:
        kind, name = todo.pop().split("/")[2:]
        part = kept["components"].setdefault(kind, {})
        if name not in part:
            part[name] = document["components"][kind][name]
            todo += _references(part[name])
    return kept


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def problems(document: dict[str, Any], asked: Asked, status: int, said: Any) -> list[str]:
    """What of a request, and of the answer to it, isn't as the description has it.

    An answer may have less than GitHub's: nothing of it may be of another name or type.
    """
    path = next((one for one in PATHS if re.fullmatch(_pattern(one), asked.path)), "no such path")
    operation = document["paths"].get(path, {}).get(asked.method.lower())
    if operation is None:
        return [f"there is no {asked.method} {asked.path}"]
    known = {_resolved(document, one)["name"] for one in operation["parameters"]}
    found = [f"no such parameter: {name}" for name in asked.query if name not in known]
    if asked.body is not None:
        schema = operation["requestBody"]["content"][_PLAIN]["schema"]
        found += _errors(document, schema, asked.body)
        found += [f"no such key: {key}" for key in asked.body if key not in schema["properties"]]
    content = operation["responses"].get(str(status), {}).get("content", {})
    if _ASKED_FOR in content and not isinstance(said, bytes):
        found += _errors(document, _lenient(content[_ASKED_FOR]["schema"]), said)
    return found


def _pattern(path: str) -> str:
    return re.sub(
        r"\\{(\w+)\\}", lambda one: ".+" if one[1] in {"path", "ref"} else "[^/]+", re.escape(path)
    )


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in value:
        kind, name = value["$ref"].split("/")[2:]
        found: dict[str, Any] = document["components"][kind][name]
        return found
    return value


def _errors(document: dict[str, Any], schema: Any, value: Any) -> list[str]:
    whole = {**_nullable(schema), "components": _lenient(_nullable(document["components"]))}
    validator = jsonschema.Draft202012Validator(whole)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's null, as JSON Schema has it."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def _lenient(schema: Any) -> Any:
    """Without what has to be there."""
    if isinstance(schema, list):
        return [_lenient(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _lenient(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list))
    }

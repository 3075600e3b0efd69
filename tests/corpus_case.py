"""A corpus case: a scenario file whose folder and docstring say what it must come to."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ops002.units import parse_size

CORPUS = Path(__file__).parent / "corpus"
SERVER = {
    "run": ["{python}", "{file}", "{port}"],
    "ready": {"url": "http://127.0.0.1:{port}/health"},
    "healthy": {"url": "http://127.0.0.1:{port}/infer", "json": {"prompt": "hi"}},
    "env": {"PYTHONPATH": str(CORPUS)},  # the server that they share is there
    "stop": {"timeout": "2s"},
    "timeouts": {"start": "10s", "infer": "5s"},
}
"""What a case of a server needn't say."""


@dataclass(frozen=True)
class Held:
    """Who must be named first as the holder, and the line that must be named with it."""

    kind: str
    name: str
    file: Path
    line: int


@dataclass(frozen=True)
class Case:
    """What one file of the corpus is run with, and what it must get."""

    file: Path
    outcome: str
    reason: str
    retained_bytes: int | None
    holder: Held | None
    scenario: dict[str, Any]
    point: str | None = None

    @property
    def line_of_point(self) -> int | None:
        """The line at which running out of memory leaves most behind, where the case names it."""
        lines = [line.strip() for line in self.file.read_text().splitlines()]
        return None if self.point is None else 1 + lines.index(self.point)

    def contained(self, image: str, env: dict[str, str]) -> Case:
        """The same case, with its workload in a container and a Python of its own."""
        scenario = _replaced(self.scenario, {sys.executable: "python3"})
        workload = scenario["workload"]
        workload["env"] = {**workload.get("env", {}), **env}
        container = {"image": image, "shm_size": "2GiB"}
        return replace(self, scenario={**scenario, "container": container})

    def write_config(self, folder: Path) -> Path:
        """The config file that runs this case alone."""
        config = folder / "ops002.yml"
        document = {
            "version": 1,
            "device": "cpu",
            "repeat": 2,
            "control": 1,
            "retry_inconclusive": 0,
            "settle": {"timeout": "5s", "window": "300ms"},
            "scenarios": [self.scenario],
        }
        config.write_text(json.dumps(document, indent=1))
        return config


def cases() -> list[Case]:
    """Every case of the corpus."""
    return [read_case(file) for file in sorted(CORPUS.glob("*/*.py"))]


def read_case(file: Path) -> Case:
    """One case, from its file."""
    docstring = ast.get_docstring(ast.parse(file.read_bytes())) or ""
    header = yaml.safe_load(docstring.partition("\n---\n")[2])
    retained = header.pop("retained", None)
    reason = header.pop("reason")
    point = header.pop("point", None)
    holder = header.pop("holder", None)
    scenario = {"name": file.stem, "workload": {"kind": "python", "file": "{file}"}, **header}
    if scenario["workload"]["kind"] == "server":
        scenario["workload"] = {**SERVER, **scenario["workload"]}
        scenario = {"settle": {"timeout": "3s"}, **scenario}
    return Case(
        file=file,
        outcome=file.parent.name,
        reason=reason,
        retained_bytes=None if retained is None else parse_size(retained),
        holder=None if holder is None else _held(file, **holder),
        scenario=_filled_in(scenario, file),
        point=point,
    )


def _held(file: Path, kind: str, name: str = "") -> Held:
    """The line is the one that says ``# kept``, in the case or in the model that cases share."""
    for place in (file, CORPUS / "decoder.py"):
        for number, line in enumerate(place.read_text().splitlines(), start=1):
            if line.endswith("  # kept"):
                return Held(kind, name, place, number)
    raise ValueError(f"{file} says of no line that what it allocates is kept")


def _filled_in(value: Any, file: Path) -> Any:
    return _replaced(value, {"{file}": str(file), "{python}": sys.executable})


def _replaced(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, words) for item in value]
    return words.get(value, value) if isinstance(value, str) else value

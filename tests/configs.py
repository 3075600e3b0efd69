"""Config texts for tests: a valid one, and what is wrong with another."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ops002.config.file import read_yaml
from ops002.config.problems import ConfigError
from ops002.config.resolved import Config, parse

PYTHON: Final = """\
version: 1
device: cpu
scenarios:
  - name: generate
    workload:
      kind: python
      file: generate.py
    faults: [oom]
"""

COMMAND: Final = """\
version: 1
device: cpu
scenarios:
  - name: cli
    workload:
      kind: command
      run: [apr, run, model.gguf]
    faults:
      - kind: exit
        expect: {exit_code: [1]}
"""


SERVER: Final = """\
version: 1
device: cpu
scenarios:
  - name: api
    workload:
      kind: server
      run: [engine, serve, --port, "{port}"]
      ready: {url: "http://127.0.0.1:{port}/health"}
      healthy: {url: "http://127.0.0.1:{port}/infer", json: {prompt: hi}}
    faults:
      - {kind: request, url: "http://127.0.0.1:{port}/infer", json: {}, expect: {status: [400]}}
      - {kind: disconnect, url: "http://127.0.0.1:{port}/infer", json: {}, after_bytes: 1B}
      - {kind: kill}
"""


def with_faults(faults: str) -> str:
    """The python config with other faults, on its line 8."""
    return PYTHON.replace("[oom]", f"[{faults}]")


def load(text: str | bytes) -> Config:
    """What the gate does with a file's content."""
    read = read_yaml(text.encode() if isinstance(text, str) else text)
    return parse(read.value, read.lines, misread=read.problems)


def problems(text: str | bytes) -> list[str]:
    """Every problem, as it is shown; empty if the config is valid."""
    try:
        load(text)
    except ConfigError as error:
        return [problem.render("f.yml") for problem in error.problems]
    return []


def places(text: str | bytes) -> list[tuple[int, str]]:
    """Line and key path of every problem."""
    try:
        load(text)
    except ConfigError as error:
        return [(problem.line, problem.path) for problem in error.problems]
    return []


def without_lines(config: Config) -> Config:
    """The config as it would be on line 1: what it means, wherever it was written."""
    return replace(config, scenarios=tuple(replace(one, line=1) for one in config.scenarios))

"""YAML text -> plain values that remember their lines. The only room that knows PyYAML.

Works on PyYAML's nodes: its constructors let duplicate keys pass, read ``1:30`` as ninety and
``no`` as false, and expand aliases without end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from ops002.config.problems import ConfigError, Path, Problem, dotted

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 50_000
"""Values after aliases are followed: a few lines of nested aliases name billions."""
MAX_DEPTH: Final = 40

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_PLAIN_FLOAT: Final = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """Parsed YAML: plain values, and the line (from 1) on which each path stands.

    ``problems`` are values that mean something else than they look like; the rest is still there,
    so that its problems can be told in the same breath.
    """

    value: object
    lines: dict[Path, int]
    problems: tuple[Problem, ...]


def read_yaml(data: bytes) -> Document:
    """Parse one YAML document.

    Raises:
        ConfigError: too large, not UTF-8, not YAML, or not one document.
    """
    root = _compose(data)
    if root is None:
        raise ConfigError([Problem(1, "", "the file is empty; it needs version and scenarios")])
    build = _Build()
    value = build.value(root, ())
    return Document(value, build.lines, tuple(build.problems))


def _compose(data: bytes) -> yaml.Node | None:
    if len(data) > MAX_BYTES:
        raise ConfigError(
            [Problem(1, "", "the file is over 1 MiB; a config is a few hundred lines")]
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(line, "", "not UTF-8 text; save the file as UTF-8")]) from None
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = error.problem or error.context or "unreadable"
        raise ConfigError([Problem(line, "", f"not valid YAML: {problem}")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError([Problem(line, "", "a control character; YAML is plain text")]) from None
    except (ValueError, OverflowError):
        # PyYAML's own: an escape beyond Unicode, a version of thousands of digits.
        line = 1 if loader is None else loader.line + 1
        message = "not valid YAML: a number out of range in an escape or a directive"
        raise ConfigError([Problem(line, "", message)]) from None
    except RecursionError:
        raise ConfigError([Problem(1, "", f"nested deeper than {MAX_DEPTH} levels")]) from None
    return node


@dataclass(slots=True)
class _Build:
    """Walks the nodes once; every problem is kept and the walk goes on."""

    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        self.values += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if self.values > MAX_VALUES or len(path) > MAX_DEPTH:
            self._problem(node, path, "too many or too deeply nested values (aliases count)")
            # Nothing below is of use, and walking on could take forever.
            raise ConfigError(self.problems)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _problem(self, node: yaml.Node, path: Path, message: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, dotted(path), message))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            here = (*path, key)
            if not isinstance(key, str) or key_node.tag != f"{_TAG}str":
                self._problem(
                    key_node, path, "a key must be plain text (merge keys don't work here)"
                )
                continue
            if key in mapping:
                first = self.lines[here]
                self._problem(key_node, here, f"given twice; the first is on line {first}")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            mapping[key] = self.value(value_node, here)
        return mapping

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool" and text in ("true", "false"):
            return text == "true"
        if kind == "int" and _PLAIN_INT.fullmatch(text):
            return int(text)
        if kind == "float" and _PLAIN_FLOAT.fullmatch(text):
            return float(text)
        meaning = {"bool": "a boolean", "int": "a number", "float": "a number"}.get(
            kind, f"a {kind}"
        )
        self._problem(
            node,
            path,
            f"YAML reads {text!r} as {meaning}; quote it if it is text, else write it plainly",
        )
        return text

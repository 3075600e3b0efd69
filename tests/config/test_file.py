"""YAML text that means what it looks like, or is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.config.file import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_yaml
from ops002.config.problems import ConfigError, Problem
from ops002.config.resolved import parse
from tests.configs import COMMAND, PYTHON, places, problems

LAUGHS = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
)


def test_plain_values_are_read_as_they_look() -> None:
    text = 'a: 1\nb: -2\nc: true\nd: 1.5\ne: "1:30"\nf: no way\ng: ~\nh: [x, {y: z}]\ni: "yes"\n'
    assert read_yaml(text.encode()).value == {
        "a": 1,
        "b": -2,
        "c": True,
        "d": 1.5,
        "e": "1:30",
        "f": "no way",
        "g": None,
        "h": ["x", {"y": "z"}],
        "i": "yes",
    }


def test_every_value_has_its_line() -> None:
    read = read_yaml(b"# a comment\na:\n  - b: 1\n    c:\n      d: 2\n")
    assert read.lines[("a",)] == 2
    assert read.lines[("a", 0, "b")] == 3
    assert read.lines[("a", 0, "c", "d")] == 5


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read_yaml("\ufeffa: 1\n".encode()).value == {"a": 1}


def test_an_alias_stands_for_its_value() -> None:
    assert read_yaml(b"a: &x {k: 1}\nb: *x\n").value == {"a": {"k": 1}, "b": {"k": 1}}


REFUSED: dict[str, tuple[str | bytes, int, str, str]] = {
    "empty": ("", 1, "", "empty"),
    "only a comment": ("# nothing\n", 1, "", "empty"),
    "binary": (b"a: 1\nb: \xff\xfe\n", 2, "", "UTF-8"),
    "a null byte": (b"a: 1\n\x00", 2, "", "control character"),
    "a control character": ("a: 1\nb: \x07\n", 2, "", "control character"),
    "a syntax error": ("a: 1\nb: ]\n", 2, "", "not valid YAML"),
    "a tab": ("a:\n\tb: 1\n", 2, "", "not valid YAML"),
    "an undefined alias": ("a: 1\nb: *x\n", 2, "", "'x'"),
    "an escape beyond Unicode": ('a: 1\nb: "\\UFFFFFFFF"\n', 2, "", "not valid YAML"),
    "a version of very many digits": (f"%YAML 1.{'9' * 5000}\n---\na: 1\n", 1, "", "not valid"),
    "two documents": ("a: 1\n---\nb: 1\n", 2, "", "another document"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", 3, "a", "the first is on line 1"),
    "a duplicate key further in": ("x:\n  a: 1\n  a: 3\n", 3, "x.a", "the first is on line 2"),
    "a sexagesimal number": ("a: 1:30\n", 1, "a", "'1:30'"),
    "yes": ("x: 1\na: yes\n", 2, "a", "boolean"),
    "no": ("a: no\n", 1, "a", "boolean"),
    "a capital boolean": ("a: True\n", 1, "a", "boolean"),
    "an octal number": ("a: 010\n", 1, "a", "number"),
    "a hexadecimal number": ("a: 0x10\n", 1, "a", "number"),
    "underscores in a number": ("a: 1_000\n", 1, "a", "number"),
    "infinity": ("a: .inf\n", 1, "a", "number"),
    "a date": ("a: 2026-01-02\n", 1, "a", "timestamp"),
    "a binary value": ("a: !!binary eA==\n", 1, "a", "binary"),
    "a value of its own type": ("a: !thing 1\n", 1, "a", "!thing"),
    "an object": ("a: !!python/name:os.system x\n", 1, "a", "python/name"),
    "a merge key": ("x: &x {a: 1}\ny:\n  <<: *x\n", 3, "y", "merge keys"),
    "a number as a key": ("1: a\n", 1, "", "a key must be plain text"),
    "a list as a key": ("? [a]\n: 1\n", 1, "", "a key must be plain text"),
    "a boolean as a key": ("yes: 1\n", 1, "", "a key must be plain text"),
}


def misread(data: bytes) -> tuple[Problem, ...]:
    """What is wrong with the text itself, whether or not the rest of it can be used."""
    try:
        return read_yaml(data).problems
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("name", REFUSED)
def test_text_that_does_not_mean_what_it_looks_like_is_refused(name: str) -> None:
    text, line, path, words = REFUSED[name]
    data = text if isinstance(text, bytes) else text.encode()
    (problem,) = misread(data)
    assert (problem.line, problem.path) == (line, path)
    assert words in problem.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LAUGHS, id="a billion laughs"),
        pytest.param("a: &a [*a]\n", id="an alias within itself"),
        pytest.param("a: &a {b: *a}\n", id="a mapping within itself"),
        pytest.param("[" * 5000, id="lists without end"),
        pytest.param("- " * 5000, id="block lists without end"),
        pytest.param("{a: " * 5000, id="mappings without end"),
        pytest.param("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), id="just too deep"),
        pytest.param("x: &x [" + "1, " * 1000 + "]\ny: [" + "*x, " * 50 + "]", id="wide aliases"),
        pytest.param(" " * (MAX_BYTES + 1), id="over 1 MiB"),
    ],
)
def test_what_would_blow_up_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_yaml(text.encode())
    assert len(refused.value.problems) == 1


def test_exactly_one_mebibyte_is_read() -> None:
    text = "a: 1 #"
    assert read_yaml(text.ljust(MAX_BYTES, "x").encode()).value == {"a": 1}


def test_the_deepest_allowed_nesting_is_read() -> None:
    """The outermost value is at depth 0."""
    assert read_yaml(("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).encode()).value


def test_aliases_count_as_what_they_stand_for() -> None:
    """A thousand aliases of a hundred values are more than the limit, in a small file."""
    text = f"x: &x [{'1, ' * 100}]\ny: [{'*x, ' * 1000}]\n"
    assert len(text) < MAX_VALUES
    with pytest.raises(ConfigError):
        read_yaml(text.encode())


def test_all_problems_of_the_text_are_told_at_once() -> None:
    read = read_yaml(b"a: yes\nb: 1:30\na: 2\n1: x\n")
    assert [(one.line, one.path) for one in read.problems] == [
        (1, "a"),
        (2, "b"),
        (3, "a"),
        (4, ""),
    ]


def test_problems_of_the_text_and_of_the_schema_are_told_together_and_once() -> None:
    text = PYTHON.replace("version: 1", "version: 1\nrepeat: 0\nwarmup: 1:30\nwarmup: 2")
    assert [path for _, path in places(text)] == ["repeat", "warmup", "warmup"]


def test_a_file_without_any_mapping_is_no_config() -> None:
    assert problems("just text\n") == ["f.yml:1: must be a mapping, got 'just text'"]


def reads_or_refuses(data: bytes) -> None:
    try:
        read = read_yaml(data)
        parse(read.value, read.lines)
    except ConfigError:
        return


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_any_bytes_are_a_config_or_a_config_error(data: bytes) -> None:
    reads_or_refuses(data)


@given(
    st.lists(
        st.sampled_from([*"-:?[]{},#&*!|>'\"%@` \n\tab1", "<<", "!!", "\\U", "---"]), max_size=25
    )
)
def test_any_punctuation_is_a_config_or_a_config_error(parts: list[str]) -> None:
    reads_or_refuses("".join(parts).encode())


@given(st.sampled_from([PYTHON, COMMAND]), st.data(), st.text(max_size=4))
def test_a_config_with_any_typing_error_is_a_config_or_a_config_error(
    text: str, data: st.DataObject, typed: str
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    reads_or_refuses((text[:start] + typed + text[end:]).encode("utf-8", "ignore"))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text("abc 1:~-yes", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_json_is_read_as_json_does(value: Any) -> None:
    assert read_yaml(json.dumps(value).encode()).value == value

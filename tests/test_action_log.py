"""What a step prints, as the runner reads it; and what it leaves in the runner's files."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.commands.action_log import Log
from ops002.commands.action_report import defect, refused, tell
from ops002.config.problems import Problem
from ops002.github.workflow import write_outputs
from ops002.reporters.annotations import Level
from ops002.reporters.places import Place, Places
from ops002.reporters.step import Ending, of_result
from ops002.result import GateResult
from tests.reporters.poison import ATTACKS, poisoned, results, words
from tests.reports import RESULTS
from tests.runners_log import MATCHERS, Read, read_log

KINDS = {Level.NOTICE: "notice", Level.WARNING: "warning", Level.FAILURE: "error"}


def printed(ending: Ending) -> str:
    tell(ending, {}, Log(out := io.StringIO()))
    return out.getvalue()


def assert_only_ours(read: Read, ending: Ending) -> None:
    assert not read.stopped
    meant = []
    for one in ending.annotations:
        place = {} if one.place is None else {"file": one.place.file, "line": str(one.place.line)}
        meant.append((KINDS[one.level], {**place, "title": one.title}, one.message))
    assert [(one.name, one.properties, one.data) for one in read.commands] == meant
    for line in read.shown:
        assert not any(re.search(pattern, line) for pattern in MATCHERS.values()), line


@given(result=results, word=words, gates=st.booleans())
def test_only_our_own_commands_are_carried_out(
    result: GateResult, word: str, *, gates: bool
) -> None:
    hostile = poisoned(result, word)
    config = f"a {word}.yml"
    places = (
        Places(config=config, scenarios={hostile.trials[0].scenario: Place(config, 3)})
        if (hostile.trials)
        else Places()
    )

    ending = of_result(hostile, f"/r {word}", places, gates=gates)

    assert_only_ours(read_log(printed(ending)), ending)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_known_attack_is_a_command(attack: str) -> None:
    ending = of_result(poisoned(RESULTS["fail"], f"\n{attack}\n"), "/r", Places(), gates=True)

    assert_only_ours(read_log(printed(ending)), ending)


@given(lines=st.lists(st.sampled_from(ATTACKS) | words))
def test_no_line_of_others_is_a_command(lines: list[str]) -> None:
    log = Log(out := io.StringIO())
    with log.fenced() as show:
        for line in lines:
            show(line)

    read = read_log(out.getvalue())

    assert read.commands == []
    assert not read.stopped
    assert len(read.shown) == len(lines) + 1  # a line each; the last ends in a newline


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_line_of_others_is_one_even_without_the_fence(attack: str) -> None:
    """Two walls: either would do."""
    log = Log(out := io.StringIO())
    with log.fenced() as show:
        show(attack)

    inside = "\n".join(out.getvalue().splitlines()[1:-1])

    assert read_log(inside).commands == []


def test_fence_is_closed_when_something_breaks_in_it() -> None:
    log = Log(out := io.StringIO())

    def breaks() -> None:
        with log.fenced() as show:
            show("no newline at its end")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    log.line("after")

    read = read_log(out.getvalue())
    assert (read.shown, read.stopped) == (["no newline at its end", "after", ""], False)


def test_what_comes_after_the_fence_is_not_shown() -> None:
    """A reader that is still at it when the fence is closed."""
    log = Log(out := io.StringIO())
    with log.fenced() as show:
        pass
    show("late")

    assert "late" not in out.getvalue()


def test_fence_cant_be_guessed() -> None:
    texts = []
    for _ in range(2):
        with Log(out := io.StringIO()).fenced():
            pass
        texts.append(out.getvalue())

    assert texts[0] != texts[1]
    assert all(len(text.splitlines()[1]) > 32 for text in texts)


@given(result=results, word=words)
def test_outputs_are_what_was_meant(
    tmp_path_factory: pytest.TempPathFactory, result: GateResult, word: str
) -> None:
    meant = of_result(result, f"/r {word}", Places(), gates=True).outputs
    write_outputs(file := tmp_path_factory.mktemp("o") / "set_output", meant)

    lines = file.read_bytes().split(b"\n")
    found = {}
    while lines and lines[0]:
        name, mark = lines.pop(0).split(b"<<")
        end = lines.index(mark)
        found[name.decode()] = b"\n".join(lines[:end]).decode()
        del lines[: end + 1]

    assert found == {
        name: value.encode("utf-8", "backslashreplace").decode() for name, value in meant.items()
    }


def test_files_of_the_runner_are_written(tmp_path: Path) -> None:
    environ = {
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    ending = of_result(RESULTS["fail"], "/r", Places(), gates=True)

    tell(ending, environ, Log(io.StringIO()))

    assert (tmp_path / "summary").read_text() == ending.summary
    assert "survivors" in (tmp_path / "outputs").read_text()


def test_a_file_that_cant_be_written_keeps_nothing_else(tmp_path: Path) -> None:
    environ = {
        "GITHUB_OUTPUT": str(tmp_path / "no/such/folder"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    ending = of_result(RESULTS["pass"], "/r", Places(), gates=True)

    tell(ending, environ, Log(out := io.StringIO()))

    assert "the outputs can't be set" in out.getvalue()
    assert (tmp_path / "summary").read_text() == ending.summary


def test_config_errors_stand_on_their_lines() -> None:
    problems = (Problem(3, "repeat", "too few"), Problem(9, "device", "unknown"))
    ending = refused(("not shown",), "a.yml", problems)

    read = read_log(printed(ending))

    assert [one.properties["line"] for one in read.annotations()] == ["3", "9"]
    assert {one.properties["file"] for one in read.annotations()} == {"a.yml"}
    assert ending.code == 2


def test_a_defect_is_told() -> None:
    ending = defect(RuntimeError("::error::x\nsecond"))

    (told,) = read_log(printed(ending)).annotations()

    assert told.data.startswith("RuntimeError: ::error::x\nsecond")
    assert (ending.code, ending.outputs["reason"]) == (70, "internal-error")

"""What holds for any input whatever, border by border: each function raises where it doesn't."""

from __future__ import annotations

import json
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Final

from ops002.agents import wire
from ops002.commands.check_config import check_config
from ops002.commands.judge import judge
from ops002.config.parameters import resolved
from ops002.config.resolved import parse
from ops002.report import judge_again
from ops002.reporters import console
from ops002.result import EXIT_USAGE
from tests.configs import load, without_lines
from tests.fuzz.oracle import is_green
from tests.fuzz.replies import KEY

_HANG_SECONDS: Final = 60
"""No bound on speed: what takes longer than this on a few kilobytes would take for ever."""

_LONGEST: Final = 50_000
"""Characters of one line: what is shown of a text is cut, however much of it there is."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_EXIT_CODES: Final = frozenset({0, 1, EXIT_USAGE, 3, 70, 129, 130, 131, 143})


def config(data: bytes) -> None:
    """A config file is valid and means the same when written out, or every problem has its line."""
    out, err = StringIO(), StringIO()
    with _file(data) as name, _ends():
        code = check_config(name, out, err)
    _assert_harmless(out.getvalue())
    _assert_harmless(err.getvalue())
    if code == EXIT_USAGE:
        assert not out.getvalue()
        _assert_problems(err.getvalue(), name, data)
        return
    assert code == 0
    assert not err.getvalue()
    checked = load(data)
    assert without_lines(parse(resolved(checked), {})) == without_lines(checked)


def _assert_problems(told: str, name: str, data: bytes) -> None:
    lines = 1 + len(re.findall(r"[\n\r\x85\u2028\u2029]", data.decode("utf-8", "replace")))
    assert told
    for line in told.splitlines():
        problem = re.fullmatch(rf"{re.escape(name)}:([0-9]+): .+", line)
        assert problem, line
        assert 1 <= int(problem[1]) <= lines, line


def report(data: bytes) -> bool:
    """A report is refused in a few lines, or follows from its readings; whether it is green."""
    out, err = StringIO(), StringIO()
    with _file(data) as name, _ends():
        code = judge(name, out, err)
    _assert_harmless(out.getvalue())
    _assert_harmless(err.getvalue())
    assert code in _EXIT_CODES
    assert bool(out.getvalue()) == (code != EXIT_USAGE)
    assert bool(err.getvalue()) == (code == EXIT_USAGE)
    if code == EXIT_USAGE:
        return False
    result = judge_again(data.decode())
    assert result.exit_code == code
    _assert_harmless(_COLOUR.sub("", console.render(result, colour=True)))
    green = result.outcome.value == "pass"
    assert green == (code == 0)
    meant = resolved(parse(result.parameters, {}))
    assert not green or is_green({**json.loads(data), "parameters": meant})
    return green


def line(data: bytes) -> None:
    """A line of the channel is a message or none, and the answer to at most one question."""
    with _ends():
        message = wire.decode(data)
    if message is None:
        return
    answered = [number for number in (0, 1, 2) if wire.is_reply(message, number, KEY)]
    assert len(answered) <= 1
    assert not answered or (KEY.encode() in data or b"\\u" in data)


@contextmanager
def _file(data: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="fuzz-") as file:
        file.write(data)
        file.flush()
        yield file.name


class _Hang(BaseException):
    """Not an `Exception`, so that nothing under test takes it for one of its own."""


def _hang(_number: int, _frame: object) -> None:
    raise _Hang


@contextmanager
def _ends() -> Iterator[None]:
    previous = signal.signal(signal.SIGALRM, _hang)
    signal.alarm(_HANG_SECONDS)
    try:
        yield
    except _Hang:
        raise AssertionError(f"no end within {_HANG_SECONDS} s") from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def _assert_harmless(text: str) -> None:
    """Printable lines, none of them a command to a CI runner (`::` first, `##[` anywhere)."""
    assert not text or text.endswith("\n")
    for shown in text.split("\n"):
        assert shown.isprintable(), shown
        assert not shown.lstrip().startswith("::"), shown
        assert "##[" not in shown, shown
        assert len(shown) <= _LONGEST

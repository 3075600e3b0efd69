"""What is shown while a run goes on."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios

from ops002.commands.live import LineAtTerminal, LineInLog, looking_on
from ops002.commands.printing import show
from ops002.measurement import Stage
from tests.builders import MIB, missing, reading, snapshot


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class HungUp(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_log_gets_a_line_per_trial_and_no_escape_codes() -> None:
    log = io.StringIO()
    with looking_on(log) as onlooker:
        onlooker.trial("generate", "oom")
        onlooker.stage(Stage.BASELINE, None)
        onlooker.snapshot(snapshot(Stage.BASELINE, reading(MIB)))
    assert isinstance(onlooker, LineInLog)
    assert log.getvalue() == "trying generate: oom\n"


def test_a_terminal_gets_one_line_that_is_gone_in_the_end() -> None:
    terminal = Terminal()
    with looking_on(terminal) as onlooker:
        onlooker.trial("generate", "oom")
        onlooker.stage(Stage.AFTER_ERROR, 2)
        onlooker.snapshot(snapshot(Stage.AFTER_ERROR, missing(), reading(300 * MIB), fault=2))
    assert isinstance(onlooker, LineAtTerminal)
    *_, drawn, wiped = terminal.getvalue().split("\r")
    assert "\n" not in terminal.getvalue()
    assert "generate: oom  after-error 3" in drawn
    assert "300 MiB" in drawn
    assert wiped == "\x1b[K"


def test_another_trial_begins_with_an_empty_picture() -> None:
    terminal = Terminal()
    line = LineAtTerminal(terminal)
    line.snapshot(snapshot(Stage.BASELINE, reading(300 * MIB)))
    line.trial("generate", "kill")
    line.stage(Stage.WARM_UP, None)
    assert "MiB" not in terminal.getvalue().split("\r")[-1]


def test_a_name_cant_move_the_cursor() -> None:
    terminal = Terminal()
    LineAtTerminal(terminal).trial("\x1b[2Jgone\r\n", "oom")
    log = io.StringIO()
    LineInLog(log).trial("\x1b[2Jgone\r\n::error::no", "oom")
    assert "\x1b" not in log.getvalue()
    assert log.getvalue().count("\n") == 1


def test_a_display_that_hangs_up_stops_nothing() -> None:
    LineAtTerminal(HungUp()).stage(Stage.BASELINE, None)
    LineInLog(HungUp()).trial("generate", "oom")


def test_blocks_are_spelled_in_ascii_where_the_terminal_knows_no_others() -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show("▁█", terminal)
    terminal.seek(0)
    assert terminal.read() == "_@"


def test_a_line_is_as_wide_as_the_terminal_it_is_drawn_on() -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        line = LineAtTerminal(terminal)
        line.trial("generate" * 10, "oom")
        line.stage(Stage.BASELINE, None)
        terminal.flush()
        drawn = os.read(ours, 1000).decode()
    os.close(ours)
    assert drawn == "\r\x1b[K" + ("generate" * 10)[:29]

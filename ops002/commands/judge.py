"""``ops002 judge``."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from ops002.commands.printing import show
from ops002.report import ReportRefused, judge_again
from ops002.reporters import console
from ops002.result import EXIT_USAGE
from ops002.text import inert


def judge(file: str, out: TextIO, err: TextIO) -> int:
    """Judge a report again from its raw measurement; exits as the run must have."""
    try:
        result = judge_again(Path(file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        err.write(f"{file}: can't be read: {error}\n")
        return EXIT_USAGE
    except ReportRefused as refused:
        # It quotes the report, perhaps a stranger's.
        lines = f"{file}: refused: {refused}".split("\n")
        err.writelines(f"{inert(line)}\n" for line in lines)
        return EXIT_USAGE
    show(console.render(result, colour=out.isatty()), out)
    return result.exit_code

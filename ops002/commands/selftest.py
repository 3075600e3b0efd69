"""``ops002 selftest``: plants leaks and their clean twins here, and has the gate judge them."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

import ops002.planted
from ops002.clock import Clock
from ops002.commands.printing import show
from ops002.commands.run import local_lab, measure
from ops002.config import parse
from ops002.config_problems import ConfigError
from ops002.reporters.selftest import conclusion, heading, line
from ops002.result import EXIT_USAGE
from ops002.selftest import LONGEST_SECONDS, PLANTED, Place, Planted, Row, exit_code
from ops002.trials.onlooker import NobodyLooks

_SHM: Final = Path("/dev/shm")  # noqa: S108 (the name of what is planted there can't be guessed)


def selftest(
    device: str,
    environ: Mapping[str, str],
    out: TextIO,
    err: TextIO,
    due: Sequence[Planted] = PLANTED,
) -> int:
    """Say in a table whether the gate can be trusted on this machine; the exit code."""
    clock = Clock(LONGEST_SECONDS)
    rows: list[Row] = []
    with clock.listening(), ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ops002-selftest-"))
            place = _place(device, folder)
            configs = [parse(planted.document(place), {}) for planted in due]
        except OSError as error:
            err.write(f"no temporary folder ({error.strerror}); name another one with TMPDIR\n")
            return EXIT_USAGE
        except ConfigError as error:
            err.writelines(f"{problem.path}: {problem.message}\n" for problem in error.problems)
            return EXIT_USAGE
        lab = local_lab(clock, environ, Path(folder), NobodyLooks())
        show(heading(due), out)
        for planted, config in zip(due, configs, strict=True):
            try:
                result = measure(config, lab, err)
            finally:
                Path(place.segment).unlink(missing_ok=True)
            rows.append(Row(planted, result))
            show(line(rows[-1], due), out)
            if clock.over:
                break
    show(conclusion(rows, due, clock.now()), out)
    return exit_code(rows, due)


def _place(device: str, folder: str) -> Place:
    return Place(
        device=device,
        python=sys.executable,
        files=str(Path(ops002.planted.__file__).parent),
        cwd=folder,
        segment=str(_SHM / f"ops002-selftest-{os.getpid()}-{secrets.token_hex(8)}"),
    )

"""``ops002 selftest``: plants leaks and their clean twins here, and has the gate judge them."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, TextIO

import ops002.planted
from ops002.clock import Clock
from ops002.commands.containers import Containers
from ops002.commands.instruments import Instruments
from ops002.commands.printing import show
from ops002.commands.run import measure
from ops002.config.resolved import parse
from ops002.cookie import GATE, Gate, this_gate
from ops002.executors.local import LocalExecutor
from ops002.process_table import NotShown
from ops002.reporters.selftest import conclusion, heading, line
from ops002.result import EXIT_INCONCLUSIVE, EXIT_USAGE
from ops002.selftest import LONGEST_SECONDS, PLANTED, Place, Planted, Row, exit_code
from ops002.trials.lab import Lab
from ops002.trials.onlooker import NobodyLooks

_SHM: Final = Path("/dev/shm")  # noqa: S108 (the name of what is planted there can't be guessed)
_PLANTED_BY: Final = re.compile(rf"ops002-selftest-{GATE}-\w+")


def selftest(
    device: str,
    environ: Mapping[str, str],
    out: TextIO,
    err: TextIO,
    due: Sequence[Planted] = PLANTED,
) -> int:
    """Say in a table whether the gate can be trusted on this machine; the exit code."""
    clock = Clock(LONGEST_SECONDS)
    try:
        prefix = f"ops002-selftest-{this_gate()}-"
    except NotShown as error:
        err.write(f"{error}\n")
        return EXIT_INCONCLUSIVE
    rows: list[Row] = []
    with clock.listening(), ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
            place = _place(device, folder, prefix)
            configs = [parse(planted.document(place), {}) for planted in due]
        except OSError as error:
            err.write(f"no temporary folder ({error.strerror}); name another one with TMPDIR\n")
            return EXIT_USAGE
        _take_back_what_was_left()
        lab = _lab(clock, environ, Path(folder), err)
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


def _lab(clock: Clock, environ: Mapping[str, str], folder: Path, err: TextIO) -> Lab:
    """This machine's host memory: what is planted is planted there."""
    return Lab(
        executor=LocalExecutor(environ),
        containers=Containers(clock, err, environ={}, mounts=()),
        clock=clock,
        instruments=Instruments(environ, clock, err, gpus=False),
        environ=environ,
        output_dir=folder,
        onlooker=NobodyLooks(),
    )


def _take_back_what_was_left() -> None:
    """Remove the files of self-tests that were killed: they couldn't do it themselves."""
    for folder in (_SHM, Path(tempfile.gettempdir())):
        for path in folder.glob("ops002-selftest-*"):
            owner = _PLANTED_BY.fullmatch(path.name)
            if owner is not None and Gate.named_in(owner).is_gone():
                _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):  # another user's, and not ours to remove
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _place(device: str, folder: str, prefix: str) -> Place:
    return Place(
        device=device,
        python=sys.executable,
        files=str(Path(ops002.planted.__file__).parent),
        cwd=folder,
        segment=str(_SHM / f"{prefix}{secrets.token_hex(8)}"),
    )

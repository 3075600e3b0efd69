"""The report's folder, as an action's container shares it with the gate beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ops002.commands.run import OUTPUT_NAME, REPORT_NAME
from ops002.executors import StartFailed
from ops002.executors.docker.sibling import Own
from ops002.reporters import junit
from ops002.trials.lab import old_output


def report_folder(given: str | None, environ: Mapping[str, str], own: Own) -> Path:
    """Where the report goes, in this container: a folder of the host.

    Runners before 2.329 don't mount their RUNNER_TEMP: there the report is in HOME.

    Raises:
        StartFailed: there is none, or a link leads elsewhere: what the checkout holds doesn't say
            where root writes.
    """
    bases = [environ[name] for name in ("RUNNER_TEMP", "HOME") if environ.get(name)]
    wanted = [given] if given else [f"{base}/ops002" for base in bases]
    for path in map(_absolute, wanted):
        if own.on_host(str(path)) is not None and not Path.cwd().is_relative_to(path):
            _must_not_be_linked(path)
            return path
    raise StartFailed(
        f"the gate's sibling can't leave its report in {' or '.join(wanted)}: that isn't a folder "
        "of the host, or not one of its own; have report_dir name one below the workspace"
    )


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 (links stay)


def _must_not_be_linked(path: Path) -> None:
    found = os.path.realpath(path)
    if found != str(path):
        raise StartFailed(
            f"{path}: a symbolic link leads to {found}, and on the host to who knows "
            "where; remove the link, or have report_dir name one below the workspace"
        )


@contextmanager
def prepared(folder: Path) -> Iterator[Path]:
    """Have the folder there, without an older report; the report's file.

    What was made in it belongs afterwards to whom the folder does: root's files would be in the way
    of the runner's next job. Whatever else is there stays as it is.

    Raises:
        StartFailed: nothing can be written there.
    """
    report, cases = folder / REPORT_NAME, folder / junit.NAME
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        owner = (missing[-1].parent if missing else folder).stat()
        folder.mkdir(parents=True, exist_ok=True)
        for old in (report, cases):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StartFailed(
            f"{folder}: the report can't be written there ({error.strerror}), and a run without a "
            "report proves nothing; have report_dir name one below the workspace"
        ) from None
    try:
        yield report
    except BaseException:
        with suppress(OSError):  # nothing has judged it here, and it may look green
            cases.unlink(missing_ok=True)
        raise
    finally:
        for file in (*missing, report, cases, *_output(folder)):
            with suppress(OSError):  # a share that keeps its files' owners: the report is there
                os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _output(folder: Path) -> Iterator[Path]:
    output = folder / OUTPUT_NAME
    if output.is_dir() and not output.is_symlink():
        yield output
        yield from old_output(output)

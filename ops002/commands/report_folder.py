"""The report's folder, as an action's container shares it with the gate beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ops002.commands.run import OUTPUT_NAME, REPORT_NAME
from ops002.executors import StartFailed
from ops002.trials.lab import old_output


def report_folder(given: str | None, environ: Mapping[str, str]) -> Path:
    """Where the report goes.

    Raises:
        StartFailed: a link leads elsewhere: what the checkout holds doesn't say where root writes.
    """
    base = environ.get("RUNNER_TEMP") or environ.get("HOME") or "."
    path = Path(os.path.abspath(given or Path(base) / "ops002"))  # noqa: PTH100 (links stay)
    found = os.path.realpath(path)
    if found != str(path):
        raise StartFailed(
            f"{path}: a symbolic link leads to {found}, and on the host to who knows "
            "where; remove the link, or name another folder with report_dir"
        )
    return path


@contextmanager
def prepared(folder: Path) -> Iterator[Path]:
    """Have the folder there, without an older report; the report's file.

    What was made in it belongs afterwards to whom the folder does: root's files would be in the way
    of the runner's next job. Whatever else is there stays as it is.

    Raises:
        StartFailed: nothing can be written there.
    """
    report = folder / REPORT_NAME
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        owner = (missing[-1].parent if missing else folder).stat()
        folder.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
    except OSError as error:
        raise StartFailed(
            f"{folder}: the report can't be written there ({error.strerror}), and a run without a "
            "report proves nothing; name another folder with report_dir"
        ) from None
    try:
        yield report
    finally:
        for file in (*missing, report, *_output(folder)):
            with suppress(OSError):  # a share that keeps its files' owners: the report is there
                os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _output(folder: Path) -> Iterator[Path]:
    output = folder / OUTPUT_NAME
    if output.is_dir() and not output.is_symlink():
        yield output
        yield from old_output(output)

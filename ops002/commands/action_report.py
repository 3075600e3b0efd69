"""What a step of a workflow leaves: annotations first, then the log, then the runner's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ops002.clock import Interrupted
from ops002.commands.action_log import Log
from ops002.config.problems import Problem
from ops002.github.workflow import write_outputs
from ops002.reasons import Reason
from ops002.report import ReportRefused, judge_again
from ops002.reporters import junit
from ops002.reporters.places import Place, Places
from ops002.reporters.step import CONFIG_ERROR, Cause, Ending, not_judged, of_result
from ops002.result import EXIT_BUG, EXIT_INCONCLUSIVE, EXIT_USAGE
from ops002.wording.advice import ADVICE

NO_CHECK_RUN: Final = "no-check-run"
"""The reason where `check_run: required` can't be met: no reason of a verdict."""


def refused(
    lines: Sequence[str], file: str | None = None, problems: Sequence[Problem] = ()
) -> Ending:
    """The end of a step whose inputs or config can't be used: each problem on its line."""
    found: list[tuple[str, Place | None]] = [(line, None) for line in lines]
    if file is not None and problems:
        found = [(one.render(file), Place(file, one.line)) for one in problems]
    return not_judged(Cause(code=EXIT_USAGE, reason=CONFIG_ERROR, problems=found), gates=True)


def interrupted(ended: Interrupted, places: Places, *, gates: bool) -> Ending:
    """The end of a step that was cancelled, or took too long."""
    why = f"{ended.detail}; {ADVICE[Reason.INTERRUPTED]}"
    cause = Cause(
        code=128 + ended.signal if ended.signal else EXIT_INCONCLUSIVE,
        reason=Reason.INTERRUPTED.value,
        problems=[(why, places.top)],
    )
    return not_judged(cause, gates=gates)


def defect(error: Exception) -> Ending:
    """The end of a step that met a defect of ours."""
    why = f"{type(error).__name__}: {error}. {ADVICE[Reason.INTERNAL_ERROR]}"
    cause = Cause(code=EXIT_BUG, reason=Reason.INTERNAL_ERROR.value, problems=[(why, None)])
    return not_judged(cause, gates=True)


def could_not_start(why: str, places: Places, *, gates: bool) -> Ending:
    """The end of a step that found what it needs missing."""
    cause = Cause(
        code=EXIT_INCONCLUSIVE,
        reason=Reason.WORKLOAD_FAILED.value,
        problems=[(why, places.top)],
    )
    return not_judged(cause, gates=gates)


def without_check(why: str) -> Ending:
    """The end of a step that has to have a check run, and has none."""
    said = f"the workflow says check_run: required, and {why}"
    cause = Cause(code=EXIT_INCONCLUSIVE, reason=NO_CHECK_RUN, problems=[(said, None)])
    return not_judged(cause, gates=True)


def judged(code: int, report: Path, on_host: str, places: Places, *, gates: bool) -> Ending:
    """What the report comes to: recomputed here, whatever the sibling said of it.

    ``code`` is the one that the sibling ended with. The JUnit file that it left goes the same way.
    """
    ending = _ending(code, report, on_host, places, gates=gates)
    _keep_junit(ending, report.with_name(junit.NAME))
    return ending


def _ending(code: int, report: Path, on_host: str, places: Places, *, gates: bool) -> Ending:
    try:
        result = judge_again(report.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ReportRefused) as error:
        why = f"the gate ended with exit code {code} and left no report that can be used: {error}"
        return could_not_start(why, places, gates=gates)
    if code != result.exit_code:
        why = (
            f"the gate ended with exit code {code}, and its report says {result.exit_code}: it was "
            "killed on its way out (by the kernel, if memory ran out); run it again"
        )
        return could_not_start(why, places, gates=gates)
    return of_result(result, on_host, places, gates=gates)


def tell(ending: Ending, environ: Mapping[str, str], log: Log) -> None:
    """Say all that is to be said, the verdict first. What can't be written keeps nothing else."""
    for annotation in ending.annotations:
        log.annotate(annotation)
    with log.fenced() as show:
        for line in ending.log.splitlines():
            show(line)
    if ending.outputs["report_path"]:
        log.line(f"report: {ending.outputs['report_path']}")
    outputs, summary = environ.get("GITHUB_OUTPUT"), environ.get("GITHUB_STEP_SUMMARY")
    if outputs:
        try:
            write_outputs(Path(outputs), ending.outputs)
        except OSError as error:
            log.line(f"{outputs}: the outputs can't be set: {error.strerror}")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as opened:
                opened.write(ending.summary)
        except OSError as error:
            log.line(f"{summary}: the summary can't be written: {error.strerror}")


def _keep_junit(ending: Ending, file: Path) -> None:
    """Have the file that the sibling left say what was recomputed, or have none."""
    with suppress(OSError):  # the report is there, and it is what counts
        file.unlink(missing_ok=True)
        if ending.junit is not None:
            file.write_text(ending.junit, "utf-8", errors="backslashreplace")

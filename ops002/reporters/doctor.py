"""What the doctor found, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.diagnosis import EXIT_FIT, Finding, Weight, exit_code
from ops002.text import clean

_MARKS: Final = {Weight.OK: "ok      ", Weight.NOTE: "note    ", Weight.OBSTACLE: "OBSTACLE"}


def render(findings: Sequence[Finding]) -> str:
    """A line per finding, what to do about it below; the conclusion last."""
    return "".join(f"{line}\n" for line in _lines(findings))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{_MARKS[finding.weight]}  {clean(finding.subject)}: {clean(finding.words)}"
        if finding.remedy is not None and finding.weight is not Weight.OK:
            yield f"          -> {clean(finding.remedy)}"
    if exit_code(findings) == EXIT_FIT:
        yield "ops002 run can judge here."
    else:
        count = sum(finding.weight is Weight.OBSTACLE for finding in findings)
        yield f"ops002 run can't judge here: {count} obstacle(s) above."

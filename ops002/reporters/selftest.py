"""The self-test's table, a line at a time, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.reasons import Reason
from ops002.result import EXIT_FAIL, EXIT_PASS
from ops002.selftest import Finding, Planted, Row, exit_code
from ops002.units import show_delta, show_size
from ops002.wording.result import headline

_OUTPUT_LINES: Final = 5

_MEANING: Final = {
    Finding.MISSED: "a leak was there and the gate passed it: a pass here proves nothing",
    Finding.FALSE_ALARM: "nothing that counts was kept, and the gate failed it",
    Finding.WRONG_REASON: "the gate failed it, and called it what it isn't",
    Finding.WRONG_FIGURE: "the gate judged it rightly, and measured something else than was kept",
    Finding.NOT_JUDGED: "the gate could not tell",
}


def heading(due: Sequence[Planted]) -> str:
    """The table's first line."""
    return _line(due, "planted", "fault", "keeps", "retained", "expected", "found", "")


def line(row: Row, due: Sequence[Planted]) -> str:
    """A row of the table."""
    retained = row.retained_bytes
    before = ", ".join(trial.reason.value for trial in row.result.trials[:-1])
    return _line(
        due,
        row.planted.name,
        str(row.planted.fault["kind"]),
        show_size(row.planted.kept_bytes),
        "not measured" if retained is None else show_delta(retained),
        row.planted.reason.value,
        row.result.reason.value,
        f"{row.finding.value} (tried again after {before})" if before else row.finding.value,
    )


def _line(due: Sequence[Planted], *cells: str) -> str:
    name, fault, kept, retained, expected, found, finding = cells
    names = max(len(planted.name) for planted in due)
    return (
        f"{name:<{names}}  {fault:<9}  {kept:>8}  {retained:>12}  {expected:<20}  {found:<20}  "
        f"{finding}"
    ).rstrip() + "\n"


def conclusion(rows: Sequence[Row], due: Sequence[Planted], seconds: float) -> str:
    """What every row that isn't as expected means; the verdict last."""
    lines = [*_explanations(rows), _verdict(rows, due, round(seconds))]
    return "".join(f"{text}\n" for text in lines)


def _explanations(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.finding is Finding.AS_EXPECTED:
            continue
        yield f"{row.planted.name}: {row.finding.value}: {_MEANING[row.finding]}"
        yield f"  {headline(row.result)}"
        tail = row.trial.measurement.output_tail if row.trial else ()
        for printed in tail[-_OUTPUT_LINES:]:
            yield f"  | {printed}"
        yield ""


def _verdict(rows: Sequence[Row], due: Sequence[Planted], seconds: int) -> str:
    good = sum(row.finding is Finding.AS_EXPECTED for row in rows)
    counted = f"{good} of {len(due)} planted workloads were judged as they must be, in {seconds} s"
    code = exit_code(rows, due)
    if code == EXIT_PASS:
        return f"fit: {counted}"
    if code == EXIT_FAIL:
        return (
            f"NOT FIT: {counted}. Run it again while the machine does nothing else; if it comes "
            "again, don't trust the gate here, and report the table."
        )
    if any(row.result.reason is Reason.INTERRUPTED for row in rows):
        return f"INTERRUPTED: {counted}. Nothing is known of this machine until all of them are."
    return (
        f"NOT JUDGED: {counted}. Mend what is named above, or let the machine do nothing else, and "
        "run it again."
    )

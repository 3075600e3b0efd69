"""The report document: a `GateResult` as JSON, and back; pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ops002.config.problems import ConfigError
from ops002.config.resolved import Config, parse
from ops002.measurement import MeasuredTrial
from ops002.result import GateResult, Made, gate_result
from ops002.text import clean

_ADAPTER: Final = TypeAdapter(GateResult)
_MAX_DIFFERENCES: Final = 10
_MOST_DIGITS: Final = 50
"""Of a whole number: far more than any reading has, few enough to reckon with as a float."""
_ABSENT: Final = object()


class ReportRefused(Exception):
    """The document is no report of a run as it was: says where."""


def to_document(result: GateResult) -> dict[str, Any]:
    """The report as plain JSON values, its digest filled in."""
    unsigned = _ADAPTER.dump_python(replace(result, digest=""), mode="json")
    canonical = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    return {**unsigned, "digest": f"sha256:{digest}"}


def to_json(result: GateResult) -> str:
    """The report file's text."""
    return json.dumps(to_document(result), indent=1, ensure_ascii=False) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return _ADAPTER.json_schema(mode="serialization")


def judge_again(text: str) -> GateResult:
    """Recompute every derived figure, outcome and reason from the raw measurement in a report.

    Raises:
        ReportRefused: it isn't a report, or what it derives doesn't follow from what it measured.
    """
    try:
        claimed = _ADAPTER.validate_json(text, strict=True)
        document = json.loads(text, object_pairs_hook=_without_duplicates, parse_int=_number)
    except (ValidationError, ValueError, RecursionError) as error:
        raise ReportRefused(
            f"not a report of schema version 1: {clean(_first_line(error))}"
        ) from None
    again = _build_again(claimed)
    differences = list(_differences(document, to_document(again), ""))
    if differences:
        shown = "\n".join(f"  {clean(difference)}" for difference in differences[:_MAX_DIFFERENCES])
        raise ReportRefused(
            f"what the report derives doesn't follow from what it measured; it was edited, or made "
            f"by another version of ops002:\n{shown}"
        )
    return again


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document


def _number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits; nothing that is measured has")
    return int(digits)


def _build_again(claimed: GateResult) -> GateResult:
    try:
        config = parse(claimed.parameters, {})
    except ConfigError as error:
        found = "; ".join(problem.render("parameters") for problem in error.problems)
        raise ReportRefused(f"its parameters aren't valid: {found}") from None
    measured = _measured(config, claimed)
    made = Made(
        tool=claimed.tool,
        started_at=claimed.started_at,
        finished_at=claimed.finished_at,
        environment=claimed.environment,
    )
    return gate_result(config, claimed.parameters, measured, claimed.incidents, made)


def _measured(config: Config, claimed: GateResult) -> list[MeasuredTrial]:
    """The raw measurements, each with its place: an attempt's trials stand in order of faults."""
    places = {scenario.name: number for number, scenario in enumerate(config.scenarios)}
    seen: Counter[tuple[str, int]] = Counter()
    measured = []
    for trial in claimed.trials:
        number = places.get(trial.scenario)
        fault = seen[trial.scenario, trial.attempt]
        seen[trial.scenario, trial.attempt] += 1
        if number is None or fault >= len(config.scenarios[number].faults):
            raise ReportRefused(
                f"trial {clean(trial.scenario)!r}: its parameters know no such trial"
            )
        measured.append(
            MeasuredTrial(
                scenario=number, fault=fault, attempt=trial.attempt, measurement=trial.measurement
            )
        )
    return measured


def _differences(given: object, derived: object, path: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(derived, dict):
        for key in sorted(given.keys() | derived.keys(), key=str):
            yield from _differences(
                given.get(key, _ABSENT), derived.get(key, _ABSENT), f"{path}.{key}"
            )
    elif isinstance(given, list) and isinstance(derived, list):
        if len(given) != len(derived):
            yield f"{path.lstrip('.')}: {len(given)} entries, {len(derived)} derived"
        for index, (one, other) in enumerate(zip(given, derived, strict=False)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif type(given) is not type(derived) or given != derived:
        yield f"{path.lstrip('.')}: {_shown(given)}, derived {_shown(derived)}"


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "(absent)"
    return json.dumps(value, ensure_ascii=True, default=str)[:120]


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__

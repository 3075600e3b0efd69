"""The keys of a sweep, and of where an exception is raised."""

from __future__ import annotations

import pytest

from ops002.config.parameters import resolved
from ops002.config.schema import ExceptionFault, OomSweepFault
from tests.configs import load, problems, with_faults


def test_a_sweep_has_its_defaults_and_is_one_fault() -> None:
    config = load(with_faults("oom-sweep").replace("version: 1", "version: 1\nrepeat: 7"))
    [scenario] = config.scenarios
    [fault] = scenario.faults

    assert fault == OomSweepFault(kind="oom-sweep", points="sites", eager=False, repeat=1)
    assert scenario.limits(fault).repeat == 1
    assert resolved(config)["scenarios"][0]["faults"] == [
        {"kind": "oom-sweep", "points": "sites", "eager": False, "repeat": 1, "after": "serving"}
    ]


@pytest.mark.parametrize("points", ["sites", "all", 1, 20_000])
def test_points_are_a_word_or_a_number(points: str | int) -> None:
    [scenario] = load(with_faults(f"{{kind: oom-sweep, points: {points}}}")).scenarios

    assert scenario.faults[0] == OomSweepFault(kind="oom-sweep", points=points, repeat=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "keys", ["points: 0", "points: some", "repeat: 2", "after: exited", "eager: 1", "at: 3"]
)
def test_what_a_sweep_does_not_carry_out_is_an_error(keys: str) -> None:
    assert len(problems(with_faults(f"{{kind: oom-sweep, {keys}}}"))) >= 1


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("at_operator: 3", ExceptionFault(kind="exception", at_operator=3, repeat=5)),
        ("in_function: a.b", ExceptionFault(kind="exception", in_function="a.b", repeat=5)),
    ],
)
def test_an_exception_can_say_where(keys: str, fault: ExceptionFault) -> None:
    [scenario] = load(with_faults(f"{{kind: exception, {keys}}}")).scenarios

    assert scenario.faults == (fault,)


def test_an_exception_has_one_place() -> None:
    (told,) = problems(with_faults("{kind: exception, at_operator: 3, in_function: a.b}"))

    assert "an exception has one place" in told
    assert problems(with_faults("{kind: exception, at_operator: 0}"))

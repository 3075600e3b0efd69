"""What a workflow asks for of the check run, also where its other inputs can't be used."""

from __future__ import annotations

import pytest

from ops002.github.inputs import BadInputs, CheckInputs, CheckWish, check_inputs, read_inputs


@pytest.mark.parametrize(
    ("given", "name", "wish"),
    [
        ({}, "OPS-002", CheckWish.AUTO),
        ({"CHECK_NAME": " memory (h100) ", "CHECK_RUN": "Required"}, "memory (h100)", "required"),
        ({"CHECK_RUN": "off"}, "OPS-002", CheckWish.OFF),
        # A ruleset that requires the gate's check must not be met by a run that doesn't gate.
        ({"MODE": "report"}, "OPS-002 (report only)", CheckWish.AUTO),
        ({"MODE": "report", "CHECK_NAME": "gate"}, "gate (report only)", CheckWish.AUTO),
        ({"CHECK_RUN": "sometimes", "TOLERENCE": "1MiB"}, "OPS-002", CheckWish.AUTO),
    ],
)
def test_check_run_that_is_asked_for(given: dict[str, str], name: str, wish: str) -> None:
    environ = {f"INPUT_{key}": value for key, value in {**given, "TOKEN": "t"}.items()}

    assert check_inputs(environ) == CheckInputs(name=name, wish=CheckWish(wish), token="t")


@pytest.mark.parametrize(
    "given",
    [
        {"CHECK_NAME": "a" * 101},
        {"CHECK_NAME": "two\nlines"},
        {"CHECK_NAME": "\x1b[31m"},
        {"CHECK_RUN": "sometimes"},
    ],
)
def test_what_cant_be_carried_out_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(BadInputs, match=next(iter(given)).lower()):
        read_inputs({f"INPUT_{key}": value for key, value in given.items()})


def test_ref_is_read() -> None:
    assert read_inputs({"INPUT_CONFIG_REF": " main\n"}).config_ref == "main"
    assert read_inputs({"INPUT_CONFIG_REF": " "}).config_ref is None

"""The decision rule, in our own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.contract import (
    AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES,
    AC_OPS_002_MAX_TOLERANCE_BYTES,
    Ops002Verdict,
    verdict_from_gpu_memory_leak_delta,
)
from tests.builders import GIB, KIB, MIB, TIB

CAP = 256 * MIB
BEYOND_U64 = 2**64

plausible = st.sampled_from([0, 1, TIB - 1, TIB]) | st.integers(0, TIB)
tolerances = st.sampled_from([0, 1, CAP - 1, CAP]) | st.integers(0, CAP)
deltas = st.sampled_from([0, 1, CAP, CAP + 1]) | st.integers(0, 2 * CAP)
any_int = plausible | tolerances | st.integers()


def passes(baseline: int, post_error: int, tolerance: int) -> bool:
    verdict = verdict_from_gpu_memory_leak_delta(baseline, post_error, tolerance)
    return verdict is Ops002Verdict.PASS


def test_the_constants_are_those_of_the_contract() -> None:
    assert AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES == 1_099_511_627_776
    assert AC_OPS_002_MAX_TOLERANCE_BYTES == 268_435_456


@pytest.mark.parametrize(
    ("baseline", "post_error", "tolerance"),
    [
        pytest.param(0, 0, 0, id="nothing is held, nothing allowed"),
        pytest.param(GIB, GIB, 0, id="exactly back, nothing allowed"),
        pytest.param(GIB, GIB + 64 * MIB, 64 * MIB, id="above by exactly the tolerance"),
        pytest.param(GIB, GIB - 64 * MIB, 64 * MIB, id="below by exactly the tolerance"),
        pytest.param(0, CAP, CAP, id="the cap itself is a legal tolerance"),
        pytest.param(TIB, TIB, 0, id="one tebibyte is still plausible"),
        pytest.param(TIB - KIB, TIB, KIB, id="up to the last plausible byte"),
    ],
)
def test_memory_is_back(baseline: int, post_error: int, tolerance: int) -> None:
    assert passes(baseline, post_error, tolerance)


@pytest.mark.parametrize(
    ("baseline", "post_error", "tolerance"),
    [
        pytest.param(0, 1, 0, id="one byte retained, nothing allowed"),
        pytest.param(1, 0, 0, id="one byte lost, nothing allowed"),
        pytest.param(GIB, GIB + 64 * MIB + 1, 64 * MIB, id="one byte over the tolerance"),
        pytest.param(GIB, GIB - 64 * MIB - 1, 64 * MIB, id="one byte under it"),
        pytest.param(GIB, GIB, CAP + 1, id="tolerance one byte over the cap"),
        pytest.param(GIB, 3 * GIB, 8 * GIB, id="a tolerance that would hide a model"),
        pytest.param(GIB, GIB, BEYOND_U64, id="tolerance beyond u64"),
        pytest.param(GIB, GIB, -1, id="negative tolerance"),
        pytest.param(TIB + 1, TIB, MIB, id="implausible baseline"),
        pytest.param(TIB, TIB + 1, MIB, id="implausible reading after the error"),
        pytest.param(TIB + 1, TIB + 1, MIB, id="both implausible, though equal"),
        pytest.param(-1, 0, MIB, id="negative baseline"),
        pytest.param(0, -1, MIB, id="negative reading after the error"),
        pytest.param(BEYOND_U64, BEYOND_U64, MIB, id="beyond u64, though equal"),
    ],
)
def test_memory_is_not_back(baseline: int, post_error: int, tolerance: int) -> None:
    assert not passes(baseline, post_error, tolerance)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("value", [1.0, True, False, None, "1", b"1", [1]])
def test_what_is_no_integer_was_never_measured(value: object, position: int) -> None:
    arguments: list[object] = [GIB, GIB, MIB]
    arguments[position] = value
    name = ("baseline_bytes", "post_error_bytes", "tolerance_bytes")[position]
    with pytest.raises(TypeError, match=name):
        # What no type checker would let through is the point.
        verdict_from_gpu_memory_leak_delta(*arguments)  # type: ignore[arg-type]


@given(any_int, any_int, any_int)
def test_every_three_integers_have_a_verdict(a: int, b: int, tolerance: int) -> None:
    assert verdict_from_gpu_memory_leak_delta(a, b, tolerance) in Ops002Verdict


@given(any_int, any_int, any_int)
def test_the_direction_of_the_delta_does_not_matter(a: int, b: int, tolerance: int) -> None:
    assert passes(a, b, tolerance) == passes(b, a, tolerance)


@given(st.integers(0, TIB - 2 * CAP), deltas, tolerances, st.integers(0, CAP))
def test_a_larger_tolerance_never_fails_what_passed(
    baseline: int, delta: int, tolerance: int, more: int
) -> None:
    wider = min(tolerance + more, CAP)
    if passes(baseline, baseline + delta, tolerance):
        assert passes(baseline, baseline + delta, wider)


@given(plausible, deltas, tolerances, st.integers(0, CAP))
def test_a_larger_delta_never_passes_what_failed(
    baseline: int, delta: int, tolerance: int, more: int
) -> None:
    if not passes(baseline, baseline + delta, tolerance):
        assert not passes(baseline, baseline + delta + more, tolerance)


@given(any_int, any_int, st.integers(min_value=CAP + 1))
def test_no_tolerance_above_the_cap_passes(a: int, b: int, tolerance: int) -> None:
    assert not passes(a, b, tolerance)


@given(st.integers(min_value=TIB + 1) | st.integers(max_value=-1), any_int, tolerances)
def test_no_implausible_reading_passes(wrong: int, other: int, tolerance: int) -> None:
    assert not passes(wrong, other, tolerance)
    assert not passes(other, wrong, tolerance)
    assert not passes(wrong, wrong, tolerance)


@given(st.integers(0, TIB - 2 * CAP), deltas, tolerances)
def test_within_the_domain_only_delta_and_tolerance_decide(
    baseline: int, delta: int, tolerance: int
) -> None:
    assert passes(baseline, baseline + delta, tolerance) == (delta <= tolerance)

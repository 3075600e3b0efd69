"""The environment that limits a command's torch, with what the user already says there."""

from __future__ import annotations

import pytest

from ops002.workloads.allocator_option import with_fraction

OURS = "per_process_memory_fraction:0.250000000"
CUDA, ALL = "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"


@pytest.mark.parametrize(("given", "limited"), [
    pytest.param({}, {CUDA: OURS}, id="nothing given"),
    pytest.param({CUDA: ""}, {CUDA: OURS}, id="an empty one"),
    pytest.param({CUDA: "a:1,b:[2,3]"}, {CUDA: f"a:1,b:[2,3],{OURS}"}, id="by its old name"),
    pytest.param({CUDA: "a:1, "}, {CUDA: f"a:1,{OURS}"}, id="one that ends with a comma"),
    pytest.param({ALL: "a:1"}, {ALL: f"a:1,{OURS}"}, id="by its new name"),
    pytest.param({CUDA: "a:1", ALL: "b:2"}, {CUDA: f"a:1,{OURS}", ALL: f"b:2,{OURS}"}, id="both"),
    pytest.param(
        {CUDA: "per_process_memory_fraction:0.9"},
        {CUDA: f"per_process_memory_fraction:0.9,{OURS}"},
        id="a fraction of its own: the last counts",
    ),
])  # fmt: skip
def test_the_fraction_comes_after_what_is_given(
    given: dict[str, str], limited: dict[str, str]
) -> None:
    assert with_fraction({"PATH": "/bin", **given}, 0.25) == limited


def test_a_small_part_of_a_large_device_is_still_a_part() -> None:
    assert with_fraction({}, 64 / (1 << 20)) == {CUDA: "per_process_memory_fraction:0.000061035"}

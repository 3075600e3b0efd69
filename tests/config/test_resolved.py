"""What a valid config means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.config.overrides import Instead
from ops002.config.parameters import resolved
from ops002.config.problems import ConfigError
from ops002.config.resolved import CUDA_VARIABLES, parse
from ops002.config.schema import OomFault, PythonWorkload
from ops002.config.sections import Timeouts
from ops002.settle import SettleRule
from ops002.units import SIZE_UNITS
from ops002.verdict.expect import OUT_OF_MEMORY_OUTPUT, Expectation, Nature
from tests.builders import GIB, MIB, document, limits, scenario_document
from tests.configs import COMMAND, PYTHON, load, with_faults, without_lines


def scenario_of(text: str) -> Any:
    (scenario,) = load(text).scenarios
    return scenario


def test_every_default_of_a_python_scenario() -> None:
    scenario = scenario_of(PYTHON)
    assert scenario.name == "generate"
    assert scenario.line == 4
    assert scenario.device == "cpu"
    assert scenario.tolerance_bytes == 64 * MIB
    assert scenario.min_at_stake_bytes == 64 * MIB
    assert scenario.warmup == 2
    assert scenario.control == 3
    assert scenario.repeat == 5
    assert scenario.held_until_gc == "fail"
    assert scenario.settle == SettleRule(timeout=30.0, window=0.5, interval=0.05, band=4 * MIB)
    assert scenario.faults == (OomFault(kind="oom", repeat=5),)
    assert scenario.workload == PythonWorkload(
        kind="python",
        file="generate.py",
        python=None,
        env={},
        cwd=".",
        timeouts=Timeouts(),
    )
    assert scenario.workload.timeouts.model_dump() == {"start": 600.0, "infer": 120.0, "exit": 30.0}


def test_a_command_is_repeated_once_by_default() -> None:
    scenario = scenario_of(COMMAND)
    assert scenario.repeat == 1
    assert scenario.workload.healthy is None
    assert scenario.workload.timeouts == Timeouts()


def test_a_kill_is_forced_once_by_default_and_last() -> None:
    scenario = scenario_of(
        with_faults("kill, {kind: oom, after: exited, expect: {output: x}}, oom")
    )
    assert [(fault.kind, fault.repeat) for fault in scenario.faults] == [
        ("oom", 5),
        ("kill", 1),
        ("oom", 5),
    ]


def test_a_run_may_take_an_hour_by_default() -> None:
    assert load(PYTHON).max_duration == 3600.0


def test_the_least_at_stake_follows_the_tolerance() -> None:
    assert scenario_of(PYTHON + "tolerance: 16MiB\n").min_at_stake_bytes == 16 * MIB


def test_the_stake_may_be_waived() -> None:
    assert scenario_of(PYTHON + "min_at_stake: 0B\n").min_at_stake_bytes == 0


def test_the_tolerance_may_be_the_cap_itself() -> None:
    assert scenario_of(PYTHON + "tolerance: 256MiB\n").tolerance_bytes == 256 * MIB


@pytest.mark.parametrize(
    ("key", "near", "far", "value"),
    [
        ("tolerance", "1MiB", "2MiB", MIB),
        ("min_at_stake", "0B", "2MiB", 0),
        ("warmup", 7, 8, 7),
        ("repeat", 7, 8, 7),
    ],
)
def test_a_scenario_overrides_what_stands_above_it(
    key: str, near: object, far: object, value: int
) -> None:
    text = document(scenario_document(**{key: near}), **{key: far})
    (scenario,) = parse(text, {}).scenarios
    assert getattr(scenario, f"{key}_bytes", getattr(scenario, key, None)) == value


def test_settle_keys_are_overridden_one_by_one() -> None:
    text = document(
        scenario_document(settle={"timeout": "9s"}), settle={"timeout": "8s", "band": "1MiB"}
    )
    (scenario,) = parse(text, {}).scenarios
    assert scenario.settle == SettleRule(timeout=9.0, window=0.5, interval=0.05, band=MIB)


def test_a_device_from_the_command_line_overrides_every_other() -> None:
    text = document(scenario_document(device="cuda:0"), device="cuda")
    (scenario,) = parse(Instead(device="cpu").in_place_of(text), {}).scenarios
    assert scenario.device == "cpu"


def test_a_wrong_device_from_the_command_line_is_refused() -> None:
    with pytest.raises(ConfigError):
        parse(Instead(device="gpu").in_place_of(document()), {})


def test_the_limits_of_a_trial_are_those_of_its_scenario() -> None:
    scenario = parse(document(min_at_stake="0B"), {}).scenarios[0]
    assert scenario.limits(scenario.faults[0]) == limits(min_at_stake_bytes=0)


@pytest.mark.parametrize(
    ("kind", "fault", "nature"),
    [
        ("python", {"kind": "call", "expect": {"match": "boom"}}, Nature.EXCEPTION),
        ("python", {"kind": "oom", "expect": {"match": "boom"}}, Nature.OUT_OF_MEMORY),
        ("command", {"kind": "exit", "expect": {"output": "boom"}}, Nature.FAILING_EXIT),
    ],
)
def test_each_fault_has_its_nature(kind: str, fault: dict[str, Any], nature: Nature) -> None:
    workload = {"kind": kind, **({"file": "a.py"} if kind == "python" else {"run": ["a"]})}
    (scenario,) = parse(
        document(scenario_document(workload=workload, faults=[fault])), {}
    ).scenarios
    expectation = scenario.limits(scenario.faults[0]).expectation
    changes: dict[str, Any] = fault["expect"]
    assert expectation == Expectation(nature=nature, **changes)


@pytest.mark.parametrize(("expect", "expected"), [
    ({}, {"output": OUT_OF_MEMORY_OUTPUT}),
    ({"exit_code": [3]}, {"output": OUT_OF_MEMORY_OUTPUT, "exit_code": (3,)}),
    ({"output": "no room"}, {"output": "no room"}),
])  # fmt: skip
def test_a_command_that_runs_out_of_memory_fails_and_says_so(
    expect: dict[str, Any], expected: dict[str, Any]
) -> None:
    fault = {"kind": "oom", **({"expect": expect} if expect else {})}
    text = scenario_document(workload={"kind": "command", "run": ["a"]}, faults=[fault])
    (scenario,) = parse(document(text, device="cuda"), {}).scenarios
    expectation = scenario.limits(scenario.faults[0]).expectation
    assert expectation == Expectation(nature=Nature.FAILING_EXIT, **expected)


@pytest.mark.parametrize(
    ("workload", "faults", "starts"),
    [
        ({"kind": "python", "file": "a.py"}, ["oom", "oom"], 1),
        ({"kind": "command", "run": ["a"]}, [{"kind": "exit", "expect": {"output": "x"}}], 2),
        (
            {"kind": "command", "run": ["a"], "healthy": ["b"]},
            [{"kind": "exit", "expect": {"output": "x"}}] * 2,
            16,
        ),
        ({"kind": "python", "file": "a.py"}, ["kill", "oom"], 3),
        ({"kind": "command", "run": ["a"]}, ["oom"], 3),
        ({"kind": "command", "run": ["a"], "healthy": ["b"]}, ["oom", "kill"], 17),
        (
            {"kind": "python", "file": "a.py"},
            [
                {"kind": "kill", "repeat": 4},
                {"kind": "oom", "after": "exited", "expect": {"output": "x"}},
            ],
            6,
        ),
    ],
)
def test_how_often_a_workload_is_started(
    workload: dict[str, Any], faults: list[Any], starts: int
) -> None:
    text = document(scenario_document(workload=workload, faults=faults), warmup=3, device="cuda")
    assert parse(text, {}).scenarios[0].starts() == starts


size_texts = st.sampled_from(["0B", "1KiB", "64MiB", "1.5KiB"]) | st.builds(
    "{}{}".format, st.integers(0, 2**16), st.sampled_from(list(SIZE_UNITS))
)
tolerance_texts = st.builds("{}{}".format, st.integers(0, 256), st.sampled_from(["B", "MiB"]))
duration_texts = st.sampled_from(["1.5s", "0.25m", "0.001s"]) | st.builds(
    "{}{}".format, st.integers(1, 999), st.sampled_from(["ms", "s", "m", "h"])
)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20
).filter(str.isprintable)
paths = words.filter(lambda word: word.rpartition("/")[2] not in ("docker", "podman", "nerdctl"))
patterns = st.sampled_from(["boom", "^a.*b$", "[0-9]+", "(?i)out of memory"])
timeouts = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("start", "infer", "exit"), duration_texts)
)
common: dict[Any, st.SearchStrategy[Any]] = {
    "env": st.dictionaries(
        words.filter(lambda word: "=" not in word and word not in CUDA_VARIABLES), words, max_size=2
    ),
    "cwd": words,
    "timeouts": timeouts,
}
python_expects = st.fixed_dictionaries(
    {"match": patterns},
    optional={"exception": words, "output": patterns},
)
command_expects = st.fixed_dictionaries(
    {"exit_code": st.lists(st.integers(1, 255), min_size=1, max_size=3)},
    optional={"output": patterns},
)
python_faults = st.one_of(
    st.just("oom"),
    st.fixed_dictionaries({"kind": st.just("oom")}, optional={"expect": python_expects}),
    st.fixed_dictionaries({"kind": st.just("call"), "expect": python_expects}),
    st.just("kill"),
    st.just({"kind": "kill", "repeat": 3}),
    st.just({"kind": "call", "expect": {"recovers": True, "output": "o"}}),
    st.just({"kind": "exception", "after": "exited", "expect": {"exit_code": [3]}}),
)
command_faults = st.one_of(
    st.fixed_dictionaries({"kind": st.just("exit"), "expect": command_expects}),
    st.fixed_dictionaries({"kind": st.just("oom")}, optional={"expect": command_expects}),
    st.just("oom"),
)
measuring: dict[Any, st.SearchStrategy[Any]] = {
    "tolerance": tolerance_texts,
    "min_at_stake": size_texts,
    "warmup": st.integers(1, 9),
    "control": st.integers(0, 9),
    "held_until_gc": st.sampled_from(["fail", "accept"]),
    "repeat": st.integers(1, 9),
    "settle": st.fixed_dictionaries(
        {},
        optional={
            "timeout": st.builds("{}s".format, st.integers(1, 99)),
            "window": st.builds("{}ms".format, st.sampled_from([50, 200, 999])),
            "interval": st.builds("{}ms".format, st.sampled_from([1, 7, 50])),
            "band": st.just("0B"),
        },
    ),
}
python_scenarios: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "workload": st.fixed_dictionaries(
            {"kind": st.just("python"), "file": words}, optional={"python": words, **common}
        ),
        "faults": st.lists(python_faults, min_size=1, max_size=3),
    },
    optional=measuring,
)
command_scenarios: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "workload": st.fixed_dictionaries(
            {"kind": st.just("command"), "run": st.lists(paths, min_size=1, max_size=3)},
            optional={"healthy": st.lists(paths, min_size=1, max_size=3), **common},
        ),
        "faults": st.lists(command_faults, min_size=1, max_size=3),
    },
    optional=measuring,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Valid configs: whatever stands in the schema."""
    bodies = draw(st.lists(python_scenarios | command_scenarios, min_size=1, max_size=2))
    names = draw(st.lists(words, min_size=2, max_size=2, unique=True))
    top = draw(st.fixed_dictionaries({}, optional={"max_duration": duration_texts, **measuring}))
    scenarios = [{"name": name, **body} for name, body in zip(names, bodies, strict=False)]
    return {"version": 1, "device": "cuda", **top, "scenarios": scenarios}


@given(documents())
def test_a_resolved_config_means_the_same(text: dict[str, Any]) -> None:
    """A report is judged again from what is resolved: nothing may be rounded away."""
    config = parse(text, {})
    assert without_lines(parse(resolved(config), {})) == without_lines(config)


@given(documents())
def test_what_is_resolved_stays_as_it_is(text: dict[str, Any]) -> None:
    once = resolved(parse(text, {}))
    assert resolved(parse(once, {})) == once


@pytest.mark.parametrize(
    "measuring_keys",
    [
        {"min_at_stake": "100000000000000.5KiB"},
        {"min_at_stake": "999999999999999GiB"},
        {"settle": {"interval": "0.5ms"}},
        {"settle": {"window": "62.5ms"}},
        {"settle": {"timeout": "999999999999999.5h"}},
        {"max_duration": "0.4ms"},
    ],
)
def test_what_can_not_be_written_down_again_is_refused(measuring_keys: dict[str, Any]) -> None:
    try:
        config = parse(document(**measuring_keys), {})
    except ConfigError:
        return
    assert without_lines(parse(resolved(config), {})) == without_lines(config)


def test_a_size_is_resolved_to_its_largest_unit() -> None:
    (scenario,) = resolved(load(PYTHON + f"min_at_stake: {3 * GIB}B\n"))["scenarios"]
    assert (scenario["min_at_stake"], scenario["tolerance"]) == ("3GiB", "64MiB")
    assert scenario["settle"] == {
        "timeout": "30s",
        "window": "500ms",
        "interval": "50ms",
        "band": "4MiB",
    }

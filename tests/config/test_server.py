"""The part of a config that is about servers: what it means, and what is refused."""

from __future__ import annotations

import json

import pytest

from ops002.config.parameters import resolved
from ops002.config.recognition import expectation_of
from ops002.config.resolved import ends_workload
from ops002.config.server import DisconnectFault, RequestFault, ServerWorkload
from ops002.verdict.expect import Nature
from tests.configs import SERVER, load, problems

REQUEST = '{kind: request, url: "http://127.0.0.1:{port}/infer", json: {}, expect: {status: [400]}}'


def test_a_server_is_forced_in_its_own_ways() -> None:
    (scenario,) = load(SERVER).scenarios
    request, disconnect, kill = scenario.faults
    assert isinstance(scenario.workload, ServerWorkload)
    assert isinstance(request, RequestFault)
    assert isinstance(disconnect, DisconnectFault)
    assert (request.repeat, disconnect.repeat, kill.repeat) == (5, 5, 1)
    natures = [expectation_of(fault).nature for fault in scenario.faults]
    assert natures == [Nature.ANSWERED, Nature.DISCONNECTED, Nature.KILLED]
    assert [ends_workload(fault) for fault in scenario.faults] == [False, False, True]
    assert scenario.starts() == 2
    assert scenario.limits(request).may_cache
    assert scenario.limits(request).gauge_within is None


def test_the_report_says_that_a_gauge_may_stand_for_the_stake() -> None:
    gauge = '      gauge: {url: "http://[::1]:{port}/metrics", metric: m}\n    faults:'
    (with_one,) = load(SERVER.replace("    faults:", gauge)).scenarios
    (without,) = load(SERVER).scenarios
    assert without.remarks() == ()
    assert ["gauge" in remark for remark in with_one.remarks()] == [True]


def test_what_a_config_comes_to_can_be_run_again() -> None:
    odd = SERVER.replace("json: {prompt: hi}", "json: {a: null, b: [1, 2.5, true, x]}, timeout: 7s")
    odd = odd.replace(
        "    faults:", "      stop: {signal: SIGINT, timeout: 1500ms}\n"
        '      gauge: {url: "http://[::1]:{port}/metrics", metric: m, within: 1}\n    faults:'
    )  # fmt: skip
    config = load(odd)
    document = resolved(config)
    assert document["scenarios"][0]["workload"]["healthy"]["json"] == {
        "a": None,
        "b": [1, 2.5, True, "x"],
    }
    again = load(json.dumps(document))
    assert resolved(again) == document
    assert again.scenarios[0].workload == config.scenarios[0].workload
    assert again.scenarios[0].limits(again.scenarios[0].faults[0]).gauge_within == 1.0


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://10.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:{port}@example.org/",
        "http://localhost.example.org:{port}/",
        "http://127.0.0.1:{port}.example.org/",
        "http://127.0.0.1:{port}/ HTTP/1.1",
        "file:///etc/passwd",
    ],
)
def test_whoever_isnt_the_server_isnt_asked(url: str) -> None:
    told = problems(SERVER.replace("http://127.0.0.1:{port}/health", url))
    assert any("isn't an address of the server" in one for one in told)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("expect: {status: [400]}", "expect: {}", "at least one of: output, status, body"),
        (", expect: {status: [400]}}", "}", "is required"),
        ("status: [400]", "status: [4000]", "599"),
        ("{status: [400]}", "{status: [400]}, after: exited", "exit_code or output"),
        ("{status: [400]}", "{status: [400]}, concurrent: 0", "greater than or equal to 1"),
        ("{status: [400]}", "{status: [400]}, concurrent: 5000", "less than or equal to 1000"),
        ("json: {}, expect", "json: {}, file: a.json, expect", "one body"),
        ("json: {}, expect", "jsn: {}, expect", "did you mean json?"),
        ("json: {}, expect", 'json: "\\ud800", expect', "what JSON can hold"),
        ("json: {}, expect", "headers: {Host: a}, expect", "set by the gate"),
        ("json: {}, expect", 'headers: {"A B": a}, expect', "isn't the name of a header"),
        ("json: {}, expect", 'headers: {A: "a\\r\\nB: c"}, expect', "printable ASCII"),
        (", after_bytes: 1B", "", "after_bytes or after_time"),
        ("after_bytes: 1B", "after_bytes: 1B, after_time: 1s", "after_bytes or after_time"),
        ("after_bytes: 1B", "after_bytes: 1B, expect: {recovers: true, output: a}", "goes away"),
        ("{kind: kill}", "{kind: kill, process: all}", "'parent' or 'child'"),
        ("{kind: kill}", "{kind: oom}", "not implemented yet"),
        (', "{port}"]', ', "8000"]', "can't know its port"),
        ('{port}/infer", json: {}, expect', '8001/infer", json: {}, expect', "no server at that"),
        ("kind: server", "kind: server\n      gauge: {url: 'http://[::1]:{port}/'}", "give metric"),
        (
            "kind: server",
            "kind: server\n      gauge: {url: 'http://[::1]:{port}/', pattern: a}",
            "exactly one group",
        ),
        ("kind: server", "kind: server\n      stop: {signal: SIGKILL}", "'SIGTERM'"),
        ("kind: server", "kind: server\n      timeouts: {exit: 1s}", "unknown key"),
    ],
)
def test_what_cant_be_carried_out_is_refused(old: str, new: str, words: str) -> None:
    assert old in SERVER
    told = problems(SERVER.replace(old, new, 1))
    assert any(words in one for one in told), told

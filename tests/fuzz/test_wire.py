"""Whatever a workload says on its channel, it is only ever its own word: cleaned, and bounded."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Final, cast

from hypothesis import given
from hypothesis import strategies as st

from ops002.agents import wire
from ops002.clock import Clock
from ops002.config.schema import ExceptionFault, OomFault, PythonWorkload
from ops002.executors import Running
from ops002.executors.streams import LineReader
from ops002.measurement import Evidence, IncidentKind, Measurement, Phase, Seen, Source, Stage
from ops002.reasons import Outcome
from ops002.report import judge_again, to_json
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.workloads import StepFailed
from ops002.workloads.python import PythonProcess
from ops002.workloads.serving import HealthyInference
from ops002.workloads.worker_channel import WorkerChannel
from tests.builders import Serving, gate
from tests.configs import load, with_faults
from tests.fakes import ScriptedProbe
from tests.fuzz import targets
from tests.fuzz.replies import KEY, lines, replies

_SECONDS: Final = 60.0
_LONGEST: Final = 50_000


class Answering:
    """A workload that has one answer to everything, and a real pipe to give it on."""

    def __init__(self, reply: dict[str, Any]) -> None:
        out, self._in = os.pipe()
        self._reply = reply
        self._heard = LineReader(os.fdopen(out, "rb"), KEY)

    def send(self, line: bytes) -> None:
        """Answer; what a pipe holds at least is written in one go."""
        request = wire.decode(line)
        assert request is not None
        answer = {**self._reply, "id": request["id"], "key": request["key"]}
        rest = wire.encode(answer)
        while rest:
            rest = rest[os.write(self._in, rest) :]

    def receive(self, seconds: float) -> bytes | None:
        """What came through the pipe."""
        return self._heard.receive(max(seconds, _SECONDS))

    def exit_status(self) -> None:
        """It lives."""

    def output_mark(self) -> int:
        """It prints nothing."""
        return 0

    def close(self) -> None:
        """Hang up."""
        os.close(self._in)


def _recorded(reply: dict[str, Any]) -> Measurement:
    """What a trial keeps of a workload that answers so."""
    scenario = load(with_faults("oom, exception")).scenarios[0]
    assert isinstance(scenario.workload, PythonWorkload)
    answering, clock = Answering(reply), Clock(_SECONDS)
    channel = WorkerChannel(cast("Running", answering), KEY, clock)
    process = PythonProcess(scenario.workload, channel, clock)
    recording = Recording((Phase.AFTER_ERROR,), ScriptedProbe([0]), clock, NobodyLooks())
    try:
        process.load("cpu")
    except StepFailed as failed:
        recording.add_incident(IncidentKind.WORKLOAD_FAILED, str(failed))
    recording.set_quiesce(process.quiesce().did)
    recording.enter(Stage.FAULT, 0)
    for index, fault in enumerate(scenario.faults):
        assert isinstance(fault, OomFault | ExceptionFault)
        recording.add_fault(index, process.force(fault, HealthyInference(), 1))
    answering.close()
    return recording.measurement()


def _assert_own_word(evidence: Evidence) -> None:
    """Only the size of the inference that failed is the gate's own observation."""
    assert evidence.source is (Source.GATE if evidence.what is Seen.SIZE else Source.WORKLOAD)
    parts = evidence.value if isinstance(evidence.value, tuple) else (evidence.value,)
    assert all(len(str(part)) <= _LONGEST for part in parts)
    assert all(str(part).isprintable() for part in parts)


@given(replies)
def test_any_reply_is_evidence_of_the_workload_alone(reply: dict[str, Any]) -> None:
    measurement = _recorded(reply)
    for record in measurement.faults:
        for evidence in record.evidence:
            _assert_own_word(evidence)
    told = (*measurement.quiesce, *(incident.detail for incident in measurement.incidents))
    assert all(text.isprintable() and len(text) <= _LONGEST for text in told)
    back = Serving().measurement(faults=measurement.faults, quiesce=measurement.quiesce)
    result = gate(replace(back, incidents=measurement.incidents))
    assert result.outcome is not Outcome.PASS or not reply["ok"]
    assert judge_again(to_json(result)) == result


@given(lines)
def test_any_line_is_a_message_or_none(line: bytes) -> None:
    targets.line(line)


@given(st.lists(lines, max_size=4), st.integers(0, 300_000))
def test_the_line_after_any_others_is_heard(earlier: list[bytes], padding: int) -> None:
    out, write = os.pipe()
    reader = LineReader(os.fdopen(out, "rb"), KEY)
    wanted = {"id": 7, "key": KEY, "ok": True}
    with os.fdopen(write, "wb") as channel:
        channel.writelines([*earlier, b"x" * padding, wire.encode(wanted)])
    heard = []
    while (line := reader.receive(_SECONDS)) is not None:
        assert len(line) <= wire.MAX_LINE
        heard.append(wire.decode(line))
        if heard[-1] == wanted:
            break
    assert heard[-1] == wanted

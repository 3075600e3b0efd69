"""Evidence held against expectations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.measurement import Evidence, Seen, Source
from ops002.verdict.expect import Expectation, Nature, found_in, is_out_of_memory, unmet
from tests.builders import OUT_OF_MEMORY, RETURNED, call, ends, exit_status, output, raised
from tests.strategies import evidence as any_evidence
from tests.strategies import expectations


def allocator_ooms(count: int | str) -> Evidence:
    return Evidence(source=Source.WORKLOAD, what=Seen.ALLOCATOR_OOMS, value=count)


FIRED = {
    "any exception": (call(), raised("ValueError", "Exception")),
    "its class": (call(exception="ValueError"), raised("ValueError", "Exception")),
    "a base of its class": (call(exception="Exception"), raised("ValueError", "Exception")),
    "its full name": (call(exception="torch.OutOfMemoryError"), OUT_OF_MEMORY),
    "its name without the module": (call(exception="OutOfMemoryError"), OUT_OF_MEMORY),
    "a class along the chain": (
        call(exception="MemoryError"),
        (*raised("RuntimeError", "Exception"), *raised("MemoryError", "Exception")),
    ),
    "a message": (call(match="bo+m"), raised("ValueError", message="a boom, loud")),
    "a message along the chain": (
        call(match="boom"),
        (*raised("A", message="outer"), *raised("B", message="boom")),
    ),
    "out of memory": (Expectation(nature=Nature.OUT_OF_MEMORY), OUT_OF_MEMORY),
    "out of memory that the workload is meant to swallow": (
        Expectation(nature=Nature.OUT_OF_MEMORY, recovers=True, output="smaller"),
        (RETURNED, allocator_ooms(1), output("smaller")),
    ),
    "out of memory that the workload wrapped": (
        Expectation(nature=Nature.OUT_OF_MEMORY),
        (*raised("EngineError", message="busy"), allocator_ooms(2)),
    ),
    "any failing status": (ends(), (exit_status(1),)),
    "death by a signal": (ends(), (exit_status(137),)),
    "the status that is expected": (ends(exit_code=(3, 137)), (exit_status(137),)),
    "status and output": (ends(exit_code=(1,), output="boom"), (exit_status(1), output("boom"))),
    "recovered, and the output says so": (
        call(recovers=True, output="boom"),
        (RETURNED, output("boom")),
    ),
    "a command that recovered": (ends(recovers=True, output="boom"), (exit_status(0), output("x"))),
}

NOT_FIRED = {
    "nothing seen": (call(), ()),
    "it returned": (call(), (RETURNED,)),
    "a message but no class": (
        call(),
        (Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value="boom"),),
    ),
    "another class": (call(exception="KeyError"), raised("ValueError", "Exception")),
    "a class whose name only ends alike": (call(exception="Error"), raised("ValueError")),
    "a pattern for a class": (call(exception="Value.*"), raised("ValueError")),
    "another message": (call(match="^boom"), raised("ValueError", message="a boom")),
    "the class but not the message": (
        call(exception="ValueError", match="boom"),
        raised("ValueError", message="quiet"),
    ),
    "the message but not the class": (
        call(exception="KeyError", match="boom"),
        raised("ValueError", message="boom"),
    ),
    "the error but not the output": (call(output="boom"), raised("ValueError")),
    "another error than out of memory": (
        Expectation(nature=Nature.OUT_OF_MEMORY),
        raised("ValueError", message="shape mismatch"),
    ),
    "out of memory is its nature, whatever else is expected": (
        Expectation(nature=Nature.OUT_OF_MEMORY, match="boom"),
        raised("ValueError", message="boom"),
    ),
    "dying instead of raising": (call(), (exit_status(139),)),
    "dying instead of running out of memory": (
        Expectation(nature=Nature.OUT_OF_MEMORY),
        (exit_status(137),),
    ),
    "out of memory that something helped itself out of": (
        Expectation(nature=Nature.OUT_OF_MEMORY),
        (RETURNED, allocator_ooms(1)),
    ),
    "no memory ran out": (Expectation(nature=Nature.OUT_OF_MEMORY), (RETURNED, allocator_ooms(0))),
    "memory that ran out is no exception": (call(), (RETURNED, allocator_ooms(1))),
    "a count that isn't one": (
        Expectation(nature=Nature.OUT_OF_MEMORY),
        (RETURNED, allocator_ooms("1")),
    ),
    "no status": (ends(), ()),
    "success": (ends(), (exit_status(0),)),
    "another status": (ends(exit_code=(2, 3)), (exit_status(1),)),
    "the status but not the output": (ends(exit_code=(1,), output="boom"), (exit_status(1),)),
    "the output but not the status": (
        ends(exit_code=(1,), output="boom"),
        (exit_status(2), output("boom")),
    ),
    "success that was asked for": (ends(exit_code=(0,)), (exit_status(0),)),
    "success among those asked for": (ends(exit_code=(0, 1)), (exit_status(0),)),
    "recovered, and nothing shows the error": (call(recovers=True), (RETURNED,)),
    "recovered, and the output is silent": (call(recovers=True, output="boom"), (RETURNED,)),
    "it was to recover and raised": (
        call(recovers=True, output="boom"),
        (*raised("ValueError"), output("boom")),
    ),
    "it was to recover and failed": (
        ends(recovers=True, output="boom"),
        (exit_status(1), output("boom")),
    ),
}


@pytest.mark.parametrize("name", FIRED)
def test_the_fault_fired(name: str) -> None:
    expectation, evidence = FIRED[name]
    assert unmet(expectation, evidence) == ()


@pytest.mark.parametrize("name", NOT_FIRED)
def test_the_fault_did_not_fire(name: str) -> None:
    expectation, evidence = NOT_FIRED[name]
    assert unmet(expectation, evidence)


def test_everything_that_is_missing_is_said() -> None:
    expectation = call(exception="KeyError", match="boom", output="crash", exit_code=(3, 4))
    assert unmet(expectation, ()) == (
        "no sign of an exception",
        "no exception KeyError",
        "no message matches 'boom'",
        "the output doesn't match 'crash'",
        "no exit status 3 or 4",
    )


def test_what_a_recovery_lacks_is_said() -> None:
    assert unmet(call(recovers=True), ()) == (
        "it should have recovered from the error",
        "nothing but expect.output can show an error that the workload swallows",
    )


def test_of_an_error_that_something_helped_itself_out_of_it_is_said_what_to_do() -> None:
    (missing,) = unmet(Expectation(nature=Nature.OUT_OF_MEMORY), (RETURNED, allocator_ooms(2)))
    assert missing.startswith("no sign of an out-of-memory error that the inference ended with")
    assert "say recovers: true" in missing


@pytest.mark.parametrize(
    "evidence",
    [
        raised("MemoryError", "Exception"),
        raised("numpy.core._exceptions._ArrayMemoryError", "MemoryError", "Exception"),
        raised("torch.OutOfMemoryError", "RuntimeError"),
        raised("torch.cuda.OutOfMemoryError", "RuntimeError"),
        raised("RuntimeError", message="CUDA out of memory. Tried to allocate 2.00 GiB"),
        raised("RuntimeError", message="CUDA error: out of memory"),
        raised("RuntimeError", message="DefaultCPUAllocator: can't allocate memory: you tried"),
        raised("OSError", message="[Errno 12] Cannot allocate memory"),
        raised("RuntimeError", message="std::bad_alloc"),
        (*raised("ServingError", message="failed"), *raised("MemoryError")),
    ],
)
def test_known_as_out_of_memory(evidence: tuple[Evidence, ...]) -> None:
    assert is_out_of_memory(evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        (),
        (RETURNED,),
        raised("NotAMemoryError"),
        raised("MemoryErrorHandler"),
        raised("ValueError", message="memory"),
        raised("ValueError", message="out of memoryless states"),
        (output("out of memory"),),
        (exit_status(137),),
    ],
)
def test_not_known_as_out_of_memory(evidence: tuple[Evidence, ...]) -> None:
    assert not is_out_of_memory(evidence)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("boom", "one boom two", "boom"),
        ("boom", "quiet", None),
        ("^fatal: .*", "line\nfatal: disk\nmore", "fatal: disk"),
        ("x+", "x" * 1000, "x" * 200),
        ("a|$", "", ""),
    ],
)
def test_output_is_searched_line_by_line(pattern: str, text: str, found: str | None) -> None:
    assert found_in(pattern, text) == found


@given(expectations, st.lists(any_evidence, max_size=4))
def test_any_evidence_can_be_held_against_any_expectation(
    expectation: Expectation, evidence: list[Evidence]
) -> None:
    assert all(unmet(expectation, evidence))


@given(expectations)
def test_no_evidence_never_meets_an_expectation(expectation: Expectation) -> None:
    assert unmet(expectation, ())


@given(expectations, st.lists(any_evidence, max_size=3))
def test_a_workload_that_only_returns_shows_no_error(
    expectation: Expectation, evidence: list[Evidence]
) -> None:
    said = [item for item in evidence if item.what is Seen.RETURNED]
    assert unmet(expectation, said)


def test_a_failed_import_is_no_out_of_memory_error_whatever_it_says() -> None:
    evidence = (
        Evidence(source=Source.WORKLOAD, what=Seen.EXCEPTION, value=("ImportError", "Exception")),
        Evidence(
            source=Source.WORKLOAD,
            what=Seen.MESSAGE,
            value="libgomp.so.1: cannot allocate memory in static TLS block",
        ),
    )
    assert not is_out_of_memory(evidence)


@pytest.mark.parametrize(
    ("evidence", "fired"),
    [
        (((Source.KERNEL, Seen.EXIT_STATUS, 137), (Source.GATE, Seen.KILLED_AFTER, 40)), True),
        (((Source.KERNEL, Seen.EXIT_STATUS, 137),), False),
        (((Source.KERNEL, Seen.EXIT_STATUS, 0), (Source.GATE, Seen.KILLED_AFTER, 40)), False),
        (((Source.KERNEL, Seen.EXIT_STATUS, 137), (Source.WORKLOAD, Seen.KILLED_AFTER, 4)), False),
    ],
)
def test_a_kill_is_in_the_middle_and_seen_by_the_kernel(
    evidence: tuple[tuple[Source, Seen, int], ...], *, fired: bool
) -> None:
    seen = [Evidence(source=source, what=what, value=value) for source, what, value in evidence]
    assert (unmet(Expectation(nature=Nature.KILLED), seen) == ()) is fired


@pytest.mark.parametrize(
    ("name", "fired"), [("ops002.agents.worker.injection.InjectedError", True), ("KeyError", False)]
)
def test_the_injected_exception_is_ours(name: str, *, fired: bool) -> None:
    seen = [Evidence(source=Source.WORKLOAD, what=Seen.EXCEPTION, value=(name, "Exception"))]
    assert (unmet(Expectation(nature=Nature.INJECTED), seen) == ()) is fired

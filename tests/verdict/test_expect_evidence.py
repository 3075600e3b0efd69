"""Evidence counts for what it is about, from whom it can be known, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops002.measurement import Evidence, Seen, Source
from ops002.verdict.expect import Expectation, Nature, is_out_of_memory, unmet
from tests.builders import RETURNED, call, ends, exit_status, output, raised

NOT_THE_KERNEL = [source for source in Source if source is not Source.KERNEL]
NOT_THE_GATE = [source for source in Source if source is not Source.GATE]
KILLED_AFTER = Evidence(source=Source.GATE, what=Seen.KILLED_AFTER, value=40)
SHOWN_BY = {
    "a class": (Seen.EXCEPTION, call(), raised("ValueError")),
    "a class by name": (
        Seen.EXCEPTION,
        call(exception="A", output="x"),
        (*raised("A"), output("x")),
    ),
    "a class of out-of-memory errors": (
        Seen.EXCEPTION,
        Expectation(nature=Nature.OUT_OF_MEMORY),
        raised("MemoryError"),
    ),
    "the class of the injected exception": (
        Seen.EXCEPTION,
        Expectation(nature=Nature.INJECTED),
        raised("InjectedError"),
    ),
    "a message": (Seen.MESSAGE, call(match="boom"), raised("A", message="boom")),
    "words of out-of-memory errors": (
        Seen.MESSAGE,
        Expectation(nature=Nature.OUT_OF_MEMORY),
        raised("RuntimeError", message="CUDA out of memory"),
    ),
    "an output": (Seen.OUTPUT, call(output="boom"), (*raised("A"), output("boom"))),
    "a status": (Seen.EXIT_STATUS, ends(), (exit_status(1),)),
    "a return": (Seen.RETURNED, call(recovers=True, output="boom"), (RETURNED, output("boom"))),
    "a kill": (
        Seen.KILLED_AFTER,
        Expectation(nature=Nature.KILLED),
        (exit_status(137), KILLED_AFTER),
    ),
}


@pytest.mark.parametrize("source", NOT_THE_KERNEL)
def test_an_exit_status_counts_from_the_kernel_only(source: Source) -> None:
    assert unmet(ends(exit_code=(1,)), (exit_status(1, source),))
    assert unmet(ends(), (exit_status(1, source),))
    assert unmet(ends(recovers=True, output="x"), (exit_status(0, source), output("x")))


@pytest.mark.parametrize("source", NOT_THE_GATE)
def test_an_output_counts_if_the_gate_found_it_only(source: Source) -> None:
    assert unmet(call(output="boom"), (*raised("ValueError"), output("boom", source)))
    assert unmet(call(recovers=True, output="boom"), (RETURNED, output("boom", source)))


def test_evidence_may_come_one_by_one() -> None:
    assert unmet(call(exception="A", match="boom"), iter(raised("A", message="boom"))) == ()


@pytest.mark.parametrize("other", Seen)
@pytest.mark.parametrize("name", SHOWN_BY)
def test_evidence_counts_for_what_it_is_about_alone(name: str, other: Seen) -> None:
    what, expectation, evidence = SHOWN_BY[name]
    mistaken = [replace(item, what=other) if item.what is what else item for item in evidence]
    assert (unmet(expectation, mistaken) == ()) is (other is what)


@pytest.mark.parametrize("source", NOT_THE_GATE)
def test_a_kill_counts_if_the_gate_dealt_it_only(source: Source) -> None:
    evidence = (exit_status(137), replace(KILLED_AFTER, source=source))
    assert unmet(Expectation(nature=Nature.KILLED), evidence)


def test_evidence_of_another_type_than_its_kind_has_shows_nothing() -> None:
    classes = Evidence(source=Source.WORKLOAD, what=Seen.EXCEPTION, value="MemoryError")
    message = Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value=("out of memory",))
    status = Evidence(source=Source.KERNEL, what=Seen.EXIT_STATUS, value="1")
    assert unmet(call(), (classes,))
    assert unmet(call(match="memory"), (*raised("A"), message))
    assert unmet(ends(), (status,))
    assert not is_out_of_memory((classes, message, replace(classes, value=7)))


def test_an_exception_without_a_class_is_not_the_injected_one() -> None:
    assert unmet(Expectation(nature=Nature.INJECTED), raised())

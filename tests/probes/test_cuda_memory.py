"""A GPU's readings: the card's own, and whose they are. The meter is scripted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from ops002.measurement import JudgedDevice, Missing, Owner, Reading
from ops002.probes.cards import Card, Sample, Tenant
from ops002.probes.cuda_memory import OTHERS, OWN, CudaMemory
from ops002.probes.cuda_selection import Selected
from ops002.probes.meter_client import MeterSilent
from ops002.processes import describe
from tests.builders import GIB, MIB, process

CARD = Card(uuid="GPU-aa", name="NVIDIA L4", pci_bus_id="0000:01", total_bytes=24 * GIB)
USED = "nvml-used-v2"
UNTOLD = "the driver doesn't say how much each process holds, or says more than there is"
OURS, XORG = 2**22 + 7, 2**22 + 8
"""PIDs of nobody: the kernel gives none above 2**22."""


def sample(
    used: int | None = 3 * GIB,
    tenants: tuple[Tenant, ...] | None = (),
    version: str = "v2",
) -> Sample:
    return Sample(
        uuid=CARD.uuid,
        version=version,
        used_bytes=used,
        why_unread=None if used is not None else "NVML: GPU is lost",
        tenants=tenants,
        why_unlisted=None if tenants is not None else "hidden",
    )


@dataclass
class ScriptedMeter:
    """Answers what its script says, a text being why there is no answer; then the last for ever."""

    script: list[Sample | str]
    listings: int = 0

    def sample(self, _uuids: Sequence[str], *, listed: bool = True) -> tuple[Sample, ...]:
        self.listings += listed
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, str):
            raise MeterSilent(answer)
        return (answer,)


def probe(*script: Sample | str) -> CudaMemory:
    """A probe whose first reading, that of its making, is 3 GiB by the second call."""
    return CudaMemory(ScriptedMeter([sample(), *script]), [Selected("cuda:0", CARD)])


def told(memory: CudaMemory, *pids: int) -> dict[str, int | str]:
    """Bytes by instrument, or why there are none."""
    readings = memory.read([process(pid) for pid in pids]).readings
    return {
        one.instrument: one.bytes if isinstance(one, Reading) else one.missing for one in readings
    }


def test_the_card_is_judged_by_the_call_that_answered_first() -> None:
    assert probe(sample()).devices == (
        JudgedDevice(device="cuda:0", instrument=USED, own=OWN, others=OTHERS),
    )
    assert told(probe(sample(version="v1"))) == {
        USED: "the driver answers another call now: v1",
        OWN: 0,
        OTHERS: 0,
    }


def test_a_card_that_cant_be_read_from_the_start_has_no_probe() -> None:
    with pytest.raises(MeterSilent, match="cuda:0: NVML: GPU is lost"):
        CudaMemory(ScriptedMeter([sample(used=None)]), [Selected("cuda:0", CARD)])


TENANTS = (Tenant(pid=OURS, name="python", bytes=2 * GIB), Tenant(pid=XORG, name="Xorg", bytes=MIB))


def test_the_workloads_bytes_are_told_from_everybody_elses() -> None:
    memory = probe(sample(tenants=TENANTS))
    assert told(memory, OURS) == {USED: 3 * GIB, OWN: 2 * GIB, OTHERS: MIB}
    parts = {(part.pid, part.owner) for part in memory.read([]).processes}
    assert parts == {(OURS, Owner.WORKLOAD), (XORG, Owner.OTHER)}


def test_one_that_has_ended_stays_the_workloads_while_the_driver_counts_it() -> None:
    memory = probe(sample(tenants=TENANTS))
    assert told(memory, OURS)[OWN] == 2 * GIB
    assert told(memory)[OWN] == 2 * GIB
    assert told(memory)[OTHERS] == MIB


def test_a_stranger_that_is_given_a_pid_of_the_workloads_is_a_stranger() -> None:
    here = describe(os.getpid())
    assert here is not None
    memory = probe(sample(tenants=(Tenant(pid=here.pid, name="python", bytes=GIB),)))
    before = replace(here, started=here.started - 1)
    (part,) = memory.read([before]).processes
    assert part.owner is Owner.OTHER
    (part,) = memory.read([here]).processes
    assert part.owner is Owner.WORKLOAD


def test_whoever_had_a_pid_after_the_workload_doesnt_leave_it_to_the_workload() -> None:
    """The stranger ends as well, and the driver counts it on."""
    with subprocess.Popen(["sleep", "600"]) as stranger:
        there = describe(stranger.pid)
        assert there is not None
        memory = probe(sample(tenants=(Tenant(pid=there.pid, name="sleep", bytes=GIB),)))
        assert memory.read([replace(there, started=there.started - 1)]).processes[0].owner is (
            Owner.OTHER
        )
        stranger.kill()
    assert memory.read([]).processes[0].owner is Owner.OTHER


def test_who_isnt_listed_is_missing_and_never_nobody() -> None:
    hidden = told(probe(sample(tenants=None)), OURS)
    assert hidden == {USED: 3 * GIB, OWN: "hidden", OTHERS: "hidden"}


def test_a_process_of_unknown_size_makes_its_side_missing() -> None:
    sized, unsized = TENANTS[1], Tenant(pid=OURS, name="python", bytes=None)
    found = told(probe(sample(tenants=(unsized, sized))), OURS)
    assert found[OWN] == UNTOLD
    assert found[OTHERS] == MIB


@pytest.mark.parametrize("impossible", [24 * GIB + 1, 2**63, -1])
def test_a_size_that_the_card_doesnt_have_is_not_told(impossible: int) -> None:
    there = (
        Tenant(pid=OURS, name="python", bytes=impossible),
        Tenant(pid=XORG, name="Xorg", bytes=24 * GIB),
    )
    memory = probe(sample(tenants=there))
    assert told(memory, OURS) == {USED: 3 * GIB, OWN: UNTOLD, OTHERS: 24 * GIB}


def test_a_meter_that_is_silent_is_a_missing_reading_of_each_card() -> None:
    memory = probe("the driver did not answer within 10 s")
    assert told(memory) == {USED: "the driver did not answer within 10 s"}
    assert memory.read([]).processes == ()


def test_there_is_no_high_water_mark() -> None:
    assert isinstance(probe(sample()).read_peak(process()), Missing)


TICK_SECONDS = 0.005


@dataclass
class SlowMeter:
    """Memory that grows by a byte at each reading, which costs what is said, then the last ever."""

    costs: list[float]
    seconds: float = 0.0
    asked_at: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sample(self, _uuids: Sequence[str], *, listed: bool = True) -> tuple[Sample, ...]:
        del listed
        self.asked_at.append(self.seconds)
        self.seconds += self.costs[min(len(self.asked_at), len(self.costs)) - 1]
        return (sample(used=len(self.asked_at)),)


def polls(*costs: float, seconds: float = 1.0) -> list[float]:
    """When the driver was asked by polls at every tick."""
    meter = SlowMeter([0.001, *costs])
    memory = CudaMemory(meter, [Selected("cuda:0", CARD)], meter.now)
    while meter.seconds < seconds:
        assert memory.poll([]) == len(meter.asked_at)
        meter.seconds += TICK_SECONDS
    return meter.asked_at[1:]


def gaps(asked_at: list[float]) -> list[float]:
    return [later - one for one, later in pairwise(asked_at)]


def test_polls_are_as_far_apart_as_they_cost() -> None:
    assert min(gaps(polls(0.0006))) > 0.0155
    assert max(gaps(polls(0.0006))) < 0.021


def test_dear_polls_leave_no_more_than_twenty_milliseconds_unseen() -> None:
    assert max(gaps(polls(0.002))) < 0.0271


def test_polls_that_would_take_the_core_are_further_apart() -> None:
    assert min(gaps(polls(0.01))) > 0.059


def test_a_poll_that_was_held_up_does_not_blind() -> None:
    assert max(gaps(polls(0.001, 0.1, 0.001, seconds=5.0))) < 0.126


def test_a_cheap_poll_is_made_at_every_tick() -> None:
    assert max(gaps(polls(0.0001))) < 0.006


def test_a_fault_begins_with_a_poll() -> None:
    meter = SlowMeter([0.001])
    memory = CudaMemory(meter, [Selected("cuda:0", CARD)], meter.now)
    assert memory.poll([]) == 2
    assert memory.poll([]) == 2
    memory.reset_peak(process())
    assert memory.poll([]) == 3


def test_a_poll_is_what_is_used_of_all_cards() -> None:
    assert probe(sample(used=GIB)).poll([]) == GIB
    assert probe("silent").poll([]) == 0


def test_a_poll_asks_for_no_lists() -> None:
    meter = ScriptedMeter([sample(), sample(), sample(tenants=None)])
    memory = CudaMemory(meter, [Selected("cuda:0", CARD)])
    memory.read([])
    before = meter.listings
    memory.poll([])
    assert meter.listings == before

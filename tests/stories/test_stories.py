"""No run ends green on a reading that is missing or made up, or over memory that is kept.

A story draws a machine, a workload and what the driver and others do meanwhile. The gate goes
through it: its runner, trials, waits, probe and verdict, pynvml and the stand-in driver. Only time,
and the processes of the workload, aren't real. What there truly was is known to the story alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from ops002.measurement import Stage
from ops002.reasons import Outcome, Reason
from tests.standin_nvml.machine import Card, Listing
from tests.stories import drawn
from tests.stories.engine import Keeper, Leak, Plan
from tests.stories.oracle import borrowed, wrongs
from tests.stories.story import Act, Event, Listed, ListLost, MemoryLost, Neighbour, Story, tell

assert settings.default is not None
FEW = settings.default.max_examples // 5


@given(drawn.stories)
def test_green_is_true_whatever_the_driver_and_others_do(nvml_library: Path, story: Story) -> None:
    assert wrongs(tell(story, nvml_library)) == []


@given(drawn.clean_stories)
@settings(max_examples=FEW)
def test_a_healthy_workload_beside_steady_neighbours_is_green(
    nvml_library: Path, story: Story
) -> None:
    told = tell(story, nvml_library)
    assert told.result.reason is Reason.RETURNED_TO_BASELINE
    assert wrongs(told) == []


@given(drawn.leaking_stories)
@settings(max_examples=FEW)
def test_a_leak_that_nothing_covers_up_is_red(nvml_library: Path, story: Story) -> None:
    told = tell(story, nvml_library)
    assert told.result.outcome is Outcome.FAIL
    # And were it green, it would be noticed here.
    assert wrongs(replace(told, result=replace(told.result, outcome=Outcome.PASS)))


def at(stage: Stage, act: Act) -> Event:
    return Event(stage, 0, 0.0, act)


LEAKING = Plan(leaks=(Leak(0, 0, 200),))
LOST = ListLost(0, "NVML_ERROR_UNKNOWN")
COMES, GOES = Neighbour(0, 0, 200), Neighbour(0, 0, 0)


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            Story(
                plan=LEAKING,
                events=(
                    at(Stage.WARM_UP, LOST),
                    at(Stage.CONTROL, COMES),
                    at(Stage.AFTER_ERROR, GOES),
                ),
            ),
            id="the list is lost before anybody is on it",
        ),
        pytest.param(
            Story(
                plan=LEAKING,
                first=(Listed(0, Listing.UNAVAILABLE),),
                events=(at(Stage.CONTROL, COMES), at(Stage.AFTER_ERROR, GOES)),
            ),
            id="somebody comes and goes without a size",
        ),
        pytest.param(
            Story(
                plan=Plan(leaks=(Leak(0, 0, 200, Keeper.NOBODY),)),
                first=(COMES,),
                events=(at(Stage.AFTER_ERROR, GOES), at(Stage.AFTER_INFERENCE, COMES)),
            ),
            id="what nobody is listed for is covered by who leaves",
        ),
        pytest.param(
            Story(
                plan=Plan(leaks=(Leak(0, 0, 200, Keeper.STRANGER),)),
                first=(COMES,),
                events=(at(Stage.AFTER_ERROR, GOES), at(Stage.AFTER_INFERENCE, COMES)),
            ),
            id="what a stranger of the workload's has is covered by who leaves",
        ),
        pytest.param(
            Story(
                events=(at(Stage.AFTER_ERROR, MemoryLost("NVML_ERROR_NOT_SUPPORTED", both=False)),)
            ),
            id="the newer memory call is gone in the middle",
        ),
    ],
)
def test_what_was_once_green_or_might_be(nvml_library: Path, story: Story) -> None:
    told = tell(story, nvml_library)
    assert told.result.outcome is Outcome.INCONCLUSIVE
    calm = tell(replace(story, plan=Plan(), first=(), events=()), nvml_library)
    assert calm.result.outcome is Outcome.PASS


def test_a_card_that_isnt_read_is_never_green(nvml_library: Path) -> None:
    lost = at(Stage.AFTER_EXIT, MemoryLost("NVML_ERROR_GPU_IS_LOST"))
    told = tell(Story(cards=(Card(0), Card(1)), events=(lost,)), nvml_library)
    assert told.result.reason is Reason.NO_READING


BORROWED = Neighbour(0, 0, 400)


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            Story(
                plan=Plan(activations=10),
                events=(
                    at(Stage.FAULT, LOST),
                    at(Stage.FAULT, BORROWED),
                    at(Stage.AFTER_ERROR, GOES),
                    at(Stage.AFTER_ERROR, Listed(0, Listing.LISTED)),
                ),
            ),
            id="the list is lost during the fault",
        ),
        pytest.param(
            Story(
                plan=Plan(activations=10),
                first=(Listed(0, Listing.UNAVAILABLE),),
                events=(at(Stage.FAULT, BORROWED), at(Stage.AFTER_ERROR, GOES)),
            ),
            id="somebody without a size comes and goes during the fault",
        ),
    ],
)
def test_a_stake_that_is_a_neighbours(nvml_library: Path, story: Story) -> None:
    assert borrowed(tell(story, nvml_library)) == []

"""Strategies for stories. Sizes are few, so that what one gives back another has kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from ops002.measurement import Stage
from tests.standin_nvml.machine import Card, Listing, Slice
from tests.stories.engine import Keeper, Leak, Plan
from tests.stories.story import (
    Act,
    Event,
    Hidden,
    Implausible,
    Listed,
    ListLost,
    MemoryBack,
    MemoryLost,
    Neighbour,
    Silent,
    Story,
)

_ERRORS = st.sampled_from(
    [
        "NVML_ERROR_UNKNOWN",
        "NVML_ERROR_GPU_IS_LOST",
        "NVML_ERROR_NO_PERMISSION",
        "NVML_ERROR_NOT_SUPPORTED",
        "NVML_ERROR_FUNCTION_NOT_FOUND",
        "NVML_ERROR_UNINITIALIZED",
        "NVML_ERROR_TIMEOUT",
    ]
)
_T = TypeVar("_T")
_LEAKED = 200
_SIZES = st.sampled_from([_LEAKED, _LEAKED, _LEAKED, 400, 65, 64, 68, 69, 5, 4])
_PLACES = st.sampled_from([0, 0, 1])
_SECONDS = st.sampled_from([0.0, 0.0, 0.02, 0.1, 0.3, 1.0, 1.9])
_neighbours = st.builds(Neighbour, st.sampled_from([0, 0, 1]), _PLACES, st.just(0) | _SIZES)
_lists: st.SearchStrategy[Act] = st.one_of(
    st.builds(ListLost, st.sampled_from([0, 0, 1, 2]), _ERRORS),
    st.builds(Listed, _PLACES, st.just(Listing.UNAVAILABLE)),
    st.builds(Listed, _PLACES, st.just(Listing.LISTED)),
)
_failures: st.SearchStrategy[Act] = st.one_of(
    st.builds(MemoryLost, _ERRORS, st.booleans()),
    st.just(MemoryBack()),
    st.builds(Implausible, st.just((1 << 40) + 1)),
    st.builds(Hidden, _PLACES),
    st.just(Silent()),
)
_acts = st.one_of(_neighbours, _neighbours, _neighbours, _lists, _failures)
# Where what counts is read, and what is judged happens.
_STAGES = st.sampled_from(
    [
        Stage.WARM_UP,
        Stage.CONTROL,
        Stage.BASELINE,
        Stage.FAULT,
        Stage.FAULT,
        Stage.AFTER_ERROR,
        Stage.AFTER_ERROR,
        Stage.AFTER_EXIT,
        *Stage,
    ]
)


def _events(acts: st.SearchStrategy[Act]) -> st.SearchStrategy[Event]:
    return st.builds(Event, _STAGES, st.sampled_from([0, 0, 0, 1, 2]), _SECONDS, acts)


leaks = st.builds(
    Leak,
    fault=st.integers(0, 1),
    place=_PLACES,
    size=_SIZES,
    keeper=st.sampled_from(Keeper),
    each=st.booleans(),
    outlives=st.sampled_from([False, False, True]),
    collected=st.sampled_from([False, False, False, True]),
)
FAULTS = st.sampled_from([("call",), ("call",), ("call",), ("kill",), ("call", "kill")])
CARDS = st.sampled_from(
    [(Card(),), (Card(),), (Card(0), Card(1)), (Card(0, mig=1, slices=(Slice(0),)),)]
)
plans = st.builds(
    Plan,
    model=st.sampled_from([2048, 2048, 0]),
    activations=st.sampled_from([512, 512, 200, 65, 10]),
    late=st.sampled_from([0.0, 0.0, 0.5, 3.0]),
    lingers=st.sampled_from([0.0, 0.0, 0.5, 3.0]),
    child=st.sampled_from([0, 0, 200, 5]),
    child_outlives=st.sampled_from([False, False, False, True]),
    leaks=st.lists(leaks, max_size=2).map(tuple),
)


def _stories(
    plans: st.SearchStrategy[Plan], acts: st.SearchStrategy[Act], most: int
) -> st.SearchStrategy[Story]:
    return st.builds(
        Story,
        cards=CARDS,
        plan=plans,
        first=st.lists(acts, max_size=most // 2).map(tuple),
        events=st.lists(_events(acts), max_size=most).map(tuple),
        faults=FAULTS,
        repeat=st.sampled_from([1, 1, 1, 2, 2, 5]),
        control=st.integers(0, 2),
        exclusive=st.sampled_from([False, False, False, True]),
    )


def _some(strategy: st.SearchStrategy[_T], most: int) -> st.SearchStrategy[tuple[_T, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


@st.composite
def cover_ups(draw: st.DrawFn) -> Story:
    """Somebody comes before the baseline, and leaves again with what the workload keeps."""
    came = Neighbour(0, 0, _LEAKED)
    early = draw(st.sampled_from([None, Stage.BEFORE_START, Stage.WARM_UP, Stage.CONTROL]))
    late = draw(st.sampled_from([Stage.FAULT, Stage.AFTER_ERROR, Stage.AFTER_EXIT]))
    turns = draw(st.sampled_from([0, 0, 1]))
    coming = () if early is None else (Event(early, 0, draw(_SECONDS), came),)
    leaving = Event(late, turns, draw(_SECONDS), Neighbour(0, 0, 0))
    # And is back, so that nothing is amiss once the workload is gone.
    back = draw(st.sampled_from([(), (Event(Stage.AFTER_INFERENCE, 0, 0.0, came),)]))
    story = draw(_stories(plans, _acts, 0))
    keeper, fault = draw(st.sampled_from(Keeper)), draw(st.integers(0, 1))
    leak = Leak(fault, 0, _LEAKED, keeper, outlives=draw(st.booleans()))
    return replace(
        story,
        plan=replace(story.plan, leaks=(leak,), child_outlives=False),
        first=(*((came,) if early is None else ()), *draw(_some(_lists, 1))),
        events=(*coming, leaving, *back, *draw(_some(_events(_lists | _neighbours), 3))),
        exclusive=False,
    )


stories = cover_ups() | _stories(plans, _neighbours | _lists, 4) | _stories(plans, _acts, 6)
"""Cover-ups; then what others take and give back, and lists that fail; then all a driver does."""

clean_stories = st.builds(
    Story,
    cards=CARDS,
    plan=st.builds(
        Plan,
        activations=st.sampled_from([512, 200]),
        late=st.sampled_from([0.0, 0.5, 1.4]),
        lingers=st.sampled_from([0.0, 0.5, 1.4]),
        child=st.sampled_from([0, 0, 200]),
    ),
    first=st.lists(_neighbours, max_size=3).map(tuple),
    faults=FAULTS,
    repeat=st.integers(1, 2),
    control=st.integers(0, 2),
)
"""A healthy workload, though memory comes back late, beside neighbours who hold still."""

leaking_stories = st.builds(
    lambda story, leak: replace(story, plan=replace(story.plan, leaks=(leak,)), faults=("call",)),
    clean_stories,
    st.builds(
        Leak,
        fault=st.just(0),
        place=_PLACES,
        size=st.sampled_from([69, 200]),
        keeper=st.sampled_from([Keeper.ROOT, Keeper.CHILD, Keeper.NOBODY]),
        each=st.booleans(),
        outlives=st.booleans(),
    ),
)
"""The same with a leak."""

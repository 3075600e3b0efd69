"""Hypothesis strategies for measurements that no trial would make."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from ops002.measurement import (
    Evidence,
    FaultRecord,
    GaugeMissing,
    GaugeReading,
    Incident,
    IncidentKind,
    JudgedDevice,
    Measurement,
    Missing,
    Owner,
    Phase,
    Process,
    ProcessMemory,
    Reading,
    Seen,
    Snapshot,
    Source,
    Stage,
)
from ops002.points import Sweep, SweptPoint, Untold
from ops002.retention import Climb, HeldBlocks, HeldBy, LadderStep, Place, Retention, Rung
from ops002.verdict.expect import Expectation, Nature
from ops002.verdict.limits import Limits
from tests.builders import GIB, MIB, OUT_OF_MEMORY, PEAK, TIB

_EDGES: Final = (0, -1, 1, 64 * MIB, 64 * MIB + 1, GIB, TIB, TIB + 1, 2**64, -(2**70))

sizes: Final = st.sampled_from(_EDGES) | st.integers(0, 2 * GIB) | st.integers()
_devices: Final = st.sampled_from(["cpu", "cuda:0"])
_instruments: Final = st.sampled_from(["pss-anon-shmem", PEAK, "own", "others"])
_words: Final = st.text(max_size=20)
_indexes: Final = st.none() | st.integers(0, 3)

missings: Final = st.builds(Missing, device=_devices, instrument=_instruments, missing=_words)
readings: Final = st.builds(Reading, device=_devices, instrument=_instruments, bytes=sizes)
processes: Final = st.builds(
    Process, pid=st.integers(1, 9), started=st.integers(), name=_words, command=_words
)
_parts: Final = st.builds(
    ProcessMemory,
    device=_devices,
    owner=st.sampled_from(Owner),
    pid=st.integers(1, 9),
    name=_words,
    bytes=sizes | missings,
)

snapshots: Final = st.builds(
    Snapshot,
    seconds=st.floats(0, 100) | st.floats(),
    stage=st.sampled_from(Stage),
    fault=_indexes,
    readings=st.lists(readings | missings, max_size=3).map(tuple),
    processes=st.lists(_parts, max_size=2).map(tuple),
)

evidence: Final = st.sampled_from(OUT_OF_MEMORY) | st.builds(
    Evidence,
    source=st.sampled_from(Source),
    what=st.sampled_from(Seen),
    value=_words | st.integers() | st.lists(_words, max_size=2).map(tuple),
)

_counts: Final = st.integers(0, 5)

sweeps: Final = st.builds(
    Sweep,
    points=_counts,
    sites=_counts,
    chosen=_counts,
    tried=_counts,
    raised=_counts,
    failed=_counts,
    differed=_counts,
    healthy_bytes=_counts,
    allocator_events=_counts | st.builds(Untold, untold=_words),
    out_of_reach=st.lists(_words, max_size=1).map(tuple),
    notable=st.lists(
        st.builds(
            SweptPoint,
            number=_counts,
            operator=_words,
            stack=st.lists(_words, max_size=2).map(tuple),
            raised=st.booleans(),
            returned=st.booleans(),
            live_bytes=sizes,
            kept_bytes=sizes,
            added_bytes=sizes,
            again_bytes=st.lists(sizes, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    stopped=st.none() | _words,
)
_places: Final = st.builds(Place, file=_words, line=st.integers(), function=_words)
_held: Final = st.lists(
    st.builds(
        HeldBlocks,
        kind=st.sampled_from(HeldBy),
        name=st.sampled_from(["Engine.kept[0]", "Engine.kept[1]"]),
        chain=st.sampled_from(["Engine.kept[0]", "Engine.kept[0].kv"]) | _words,
        what=st.sampled_from(["bytes", ""]),
        bytes=sizes,
        blocks=st.integers(0, 3),
        frame=st.none() | _places,
        made_at=st.lists(_places, max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
_climbs: Final = st.builds(
    Climb,
    bytes=sizes,
    held=_held,
    steps=st.lists(
        st.builds(
            LadderStep,
            rung=st.sampled_from(Rung),
            name=st.sampled_from(["Engine.kept[2]", ""]),
            before_bytes=sizes,
            after_bytes=sizes,
        ),
        max_size=2,
    ).map(tuple),
    left_bytes=sizes,
    left=_held,
    complete=st.booleans(),
)
_retentions: Final = st.builds(
    Retention,
    root=st.sampled_from(["", "/r"]),
    pid=st.integers(1, 9),
    faults=st.none() | _climbs,
    once_more=st.none() | _climbs,
)

measurements: Final = st.builds(
    Measurement,
    phases=st.lists(st.sampled_from(Phase), max_size=3).map(tuple),
    devices=st.lists(
        st.builds(
            JudgedDevice,
            device=_devices,
            instrument=_instruments,
            own=st.sampled_from([None, "own"]),
            others=st.sampled_from([None, "others"]),
        ),
        max_size=2,
    ).map(tuple),
    snapshots=st.lists(snapshots, max_size=12).map(tuple),
    faults=st.lists(
        st.builds(
            FaultRecord, index=st.integers(0, 3), evidence=st.lists(evidence, max_size=3).map(tuple)
        ),
        max_size=3,
    ).map(tuple),
    incidents=st.lists(
        st.builds(
            Incident,
            kind=st.sampled_from(IncidentKind),
            stage=st.sampled_from(Stage),
            detail=_words,
            signal=st.none() | st.integers(1, 64),
        ),
        max_size=1,
    ).map(tuple),
    survivors=st.lists(processes, max_size=2).map(tuple),
    sweep=st.none() | sweeps,
    retention=st.none() | _retentions,
    gauge=st.lists(
        st.builds(
            GaugeReading,
            seconds=st.floats(0, 100),
            stage=st.sampled_from(Stage),
            fault=_indexes,
            value=st.floats(),
        )
        | st.builds(
            GaugeMissing,
            seconds=st.floats(0, 100),
            stage=st.sampled_from(Stage),
            fault=_indexes,
            missing=_words,
        ),
        max_size=4,
    ).map(tuple),
)

expectations: Final = st.builds(
    Expectation,
    nature=st.sampled_from(Nature),
    exception=st.none() | _words,
    match=st.none() | st.sampled_from(["boom", "^a", "[0-9]+"]),
    output=st.none() | st.sampled_from(["boom", "^a"]),
    exit_code=st.lists(st.integers(0, 255), max_size=2).map(tuple),
    recovers=st.booleans(),
    status=st.lists(st.integers(200, 599), max_size=2).map(tuple),
    body=st.none() | st.sampled_from(["boom", "^a"]),
)

any_limits: Final = st.builds(
    Limits,
    tolerance_bytes=sizes,
    min_at_stake_bytes=sizes,
    window=st.floats(0, 5),
    band_bytes=sizes,
    repeat=st.integers(0, 3),
    expectation=expectations,
    may_cache=st.booleans(),
    gauge_within=st.none() | st.floats(0, 1),
)

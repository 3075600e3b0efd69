"""Hypothesis strategies for measurements that no trial would make."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from ops002.expect import Expectation, Nature
from ops002.limits import Limits
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

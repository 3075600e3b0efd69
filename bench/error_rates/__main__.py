"""``python -m bench.error_rates replays|real|record``: prints tables for docs/error-rates.md."""

from __future__ import annotations

import argparse
import os
import time

from bench.error_rates import cells, real, tables, trace

PLANTED_SHARE = 10
"""A false alarm is rarer than a leak that is found: clean cells are replayed so much more often."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.error_rates", description=__doc__)
    kinds = parser.add_subparsers(required=True, dest="kind")
    replays = kinds.add_parser("replays", help="replays of the recorded traces")
    replays.add_argument("--replays", type=int, default=1000, metavar="PER_CLEAN_CELL")
    runs = kinds.add_parser("real", help="real clean runs, on a machine that is kept busy")
    runs.add_argument("--runs", type=int, default=300)
    runs.add_argument("--at-once", type=int, default=2)
    record = kinds.add_parser("record", help="record the traces anew, from real trials")
    record.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    if options.kind == "real":
        return real.main(options.runs, options.at_once)
    if options.kind == "record":
        return real.record(options.repeat)
    return _replays(options.replays)


def _replays(per_cell: int) -> int:
    began = time.monotonic()
    traces = trace.saved()
    workers = os.cpu_count() or 1
    planted = max(1, per_cell // PLANTED_SHARE)

    def count(chosen: list[cells.Cell]) -> list[cells.Count]:
        return list(cells.all_counted(chosen, traces, workers))

    clean = count(cells.clean_cells(per_cell))
    print(*tables.false_alarm_table(clean, len(traces)), "", sep="\n", flush=True)
    leaking = count(cells.leaking_cells(planted))
    print(*tables.detection_table(leaking), "", sep="\n", flush=True)
    slabs = count(cells.slab_cells(planted))
    print(*tables.slab_table(slabs), "", sep="\n")
    made = sum(one.cell.replays for one in (*clean, *leaking, *slabs))
    seconds = time.monotonic() - began
    print(f"{made} replays of {len(traces)} recorded trials in {seconds:.0f} s on {workers} cores")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

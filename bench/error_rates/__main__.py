"""``python -m bench.error_rates replays|real|record``: prints tables for docs/error-rates.md."""

from __future__ import annotations

import argparse
import os

from bench.error_rates import real, tables


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.error_rates", description=__doc__)
    kinds = parser.add_subparsers(required=True, dest="kind")
    replays = kinds.add_parser("replays", help="replays of the recorded traces")
    replays.add_argument("--replays", type=int, default=400, metavar="PER_CELL")
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
    workers = os.cpu_count() or 1
    clean = list(tables.all_counted(tables.clean_cells(per_cell), workers))
    print(*tables.false_alarm_table(clean), sep="\n")
    print()
    leaking = list(tables.all_counted(tables.leaking_cells(per_cell // 4), workers))
    print(*tables.detection_table(leaking), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

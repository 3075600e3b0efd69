"""``python -m bench``."""

from __future__ import annotations

from itertools import chain

from bench import containers, gpus, holders, overhead, servers, startup, sweep


def main() -> None:
    """Print every ratio."""
    rows = (startup.rows(), overhead.rows(), holders.rows(), gpus.rows(), sweep.rows())
    for row in chain(*rows, servers.rows(), containers.rows()):
        print(row.render())


main()

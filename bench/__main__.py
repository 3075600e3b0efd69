"""``python -m bench``."""

from __future__ import annotations

from itertools import chain

from bench import containers, gpus, overhead, startup, sweep


def main() -> None:
    """Print every ratio."""
    for row in chain(startup.rows(), overhead.rows(), gpus.rows(), sweep.rows(), containers.rows()):
        print(row.render())


main()

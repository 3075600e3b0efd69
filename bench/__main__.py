"""``python -m bench``."""

from __future__ import annotations

from itertools import chain

from bench import containers, gpus, overhead, servers, startup


def main() -> None:
    """Print every ratio."""
    for row in chain(
        startup.rows(), overhead.rows(), gpus.rows(), servers.rows(), containers.rows()
    ):
        print(row.render())


main()

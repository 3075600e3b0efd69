"""``python -m bench``."""

from __future__ import annotations

from bench import startup


def main() -> None:
    """Print every ratio."""
    for row in startup.rows():
        print(row.render())


main()

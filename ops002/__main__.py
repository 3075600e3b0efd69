"""``python -m ops002``, and the ``ops002`` program."""

import os
import sys

from ops002.cli import main


def run() -> None:
    """Run the command line and exit with its code."""
    sys.exit(main(sys.argv[1:], os.environ))


if __name__ == "__main__":
    run()

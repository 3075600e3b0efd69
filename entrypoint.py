#!/opt/ops002/bin/python3 -I
"""The container's entry point: hands arguments and environment to ops002.

Isolated (-I): no module of the checkout it is started in, and no PYTHONPATH, is ever imported.
"""

import signal
import sys

# Before all else: the first process of a container is deaf to signals that it has no handler for.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda heard, _: sys.exit(128 + heard))

from ops002.__main__ import run  # noqa: E402 (takes a moment)

if __name__ == "__main__":
    run()

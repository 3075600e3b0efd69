#!/opt/ops002/bin/python3 -I
"""The container's entry point: hands arguments and environment to ops002.

Isolated (-I): no module of the checkout it is started in, and no PYTHONPATH, is ever imported.
"""

from ops002.__main__ import run

if __name__ == "__main__":
    run()

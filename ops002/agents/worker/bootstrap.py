"""Starts the worker by path, in an interpreter where ops002 isn't installed.

Only the package's own folder becomes importable as ``ops002``, without running its ``__init__``:
what else lies beside it (the gate's dependencies) must not shadow the workload's.
"""

import os
import sys
import types


def _main() -> None:
    package = types.ModuleType("ops002")
    package.__path__ = [
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    ]
    sys.modules["ops002"] = package
    del sys.path[0]
    from ops002.agents.worker.main import main  # noqa: PLC0415 (only now can it be found)

    main()


if __name__ == "__main__":
    _main()

"""Of torch's: what the gate uses."""

from . import _python_dispatch as _python_dispatch

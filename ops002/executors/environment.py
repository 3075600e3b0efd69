"""Which of the gate's environment a workload gets to see; pure.

The workload is code under test: in a pull request, anybody's. It must not find a token there, nor
the files through which a runner takes commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Always passed on: the runner ends left-over processes of a job by it.
_ALWAYS: Final = "RUNNER_TRACKING_ID"

_DENIED_PREFIXES: Final = ("GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_")
_DENIED_PARTS: Final = ("TOKEN", "SECRET")

# Under Actions anything may be in the environment, so only what programs need to run is passed.
_ALLOWED_UNDER_ACTIONS: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR"}
    | {"LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME"}
    | {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "OMP_NUM_THREADS"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}
)

# A C heap that neither spreads over per-thread arenas nor moves its own thresholds: what a CPU
# workload frees goes back to the system the same way every time. Sizes in bytes.
STEADY_HEAP: Final[Mapping[str, str]] = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}


def workload_environment(
    environ: Mapping[str, str], given: Mapping[str, str], base: Mapping[str, str]
) -> dict[str, str]:
    """The workload's environment: what it may see of the gate's, then ``base``, then ``given``."""
    under_actions = environ.get("GITHUB_ACTIONS") == "true"
    passed = {
        name: value
        for name, value in environ.items()
        if _may_pass(name, under_actions=under_actions)
    }
    return {**passed, **base, **given}


def _may_pass(name: str, *, under_actions: bool) -> bool:
    if name == _ALWAYS:
        return True
    if under_actions:
        return name in _ALLOWED_UNDER_ACTIONS or name.startswith("LC_")
    upper = name.upper()
    return not upper.startswith(_DENIED_PREFIXES) and not any(
        part in upper for part in _DENIED_PARTS
    )

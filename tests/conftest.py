"""Settings that every test module shares."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.standin_nvml import driver
from tests.standin_nvml.machine import Machine

# No deadline: a slow machine isn't a defect. No database: tests leave nothing in the checkout.
settings.register_profile(
    "ops002",
    max_examples=200,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# For `make fuzz`.
settings.register_profile("long", settings.get_profile("ops002"), max_examples=20_000)
# For `tests.mutation`: the same examples every time, few, and none made smaller once it failed.
settings.register_profile(
    "mutation",
    settings.get_profile("ops002"),
    max_examples=50,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("OPS002_HYPOTHESIS_PROFILE", "ops002"))

# A shell has it ignored in what it runs in the background, and so in all that this starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in for NVIDIA's driver library, built once."""
    return driver.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(nvml_library: Path, tmp_path: Path) -> Machine:
    """A machine with the stand-in driver and no card yet."""
    return Machine(tmp_path / "machine", nvml_library)

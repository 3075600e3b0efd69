"""A scenario file: loaded once, its functions called by name."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from typing import Any, Dict, Optional


class ScenarioFileError(Exception):
    """The scenario file isn't one: says what it lacks."""


class Scenario:
    """The module of a scenario file and the model that its ``load`` returned."""

    def __init__(self, file: str, device: str) -> None:
        """Import ``file`` and call ``load(device)``."""
        self._module = _import(file)
        for name in ("load", "infer"):
            if not callable(getattr(self._module, name, None)):
                raise ScenarioFileError(f"{file} defines no {name}(); it needs load and infer")
        self._sized = _takes_size(self._module.infer)
        self._model = self._module.load(device)

    @property
    def model(self) -> Any:
        """What ``load`` returned."""
        return self._model

    def optional_parts(self) -> Dict[str, bool]:
        """Which of the optional parts the file has."""
        return {"fail": hasattr(self._module, "fail"), "size": self._sized}

    def infer(self) -> None:
        """A plain inference: the largest healthy shape."""
        self._module.infer(self._model)

    def infer_sized(self, size: Optional[int]) -> None:
        """An inference of ``size`` times the plain one, where the scenario can do that."""
        if size is None or not self._sized:
            self._module.infer(self._model)
        else:
            self._module.infer(self._model, size=size)

    def fail(self) -> None:
        """The scenario's own failing call."""
        if not hasattr(self._module, "fail"):
            raise ScenarioFileError("the scenario file defines no fail()")
        self._module.fail(self._model)

    def unload(self) -> None:
        """The scenario's own clean-up, if it has one; then the model is let go."""
        model, self._model = self._model, None
        if hasattr(self._module, "unload"):
            self._module.unload(model)


def _import(file: str) -> Any:
    # As `python file.py` would: its folder comes first, then the working directory.
    sys.path[:0] = [os.path.dirname(os.path.abspath(file)), os.getcwd()]
    if not os.path.isfile(file):
        raise ScenarioFileError(f"no such file, or not for this user to read: {file}")
    # By its own name, so that processes it spawns can import its functions as they are pickled.
    name = os.path.splitext(os.path.basename(file))[0]
    if name in sys.modules:
        name = "ops002_scenario"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ScenarioFileError(f"{file} isn't a Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _takes_size(function: Any) -> bool:
    try:
        return "size" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False

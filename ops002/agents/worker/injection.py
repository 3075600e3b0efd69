"""An exception in the middle of an inference: wherever it is, at an operator, or in a function."""

from __future__ import annotations

import inspect
import signal
import sys
from types import CodeType, FrameType
from typing import Any, Callable, Optional, Tuple

from ops002.agents.worker.operators import Onlooker, looking_on


class InjectedError(RuntimeError):
    """What the gate raises; the workload knows nothing of it and must still clean up."""


class CantInject(Exception):
    """There is no such place: says which."""


def interrupted_after(seconds: float, call: Callable[[], object]) -> None:
    """Call it, and raise `InjectedError` in its main thread after so many seconds.

    A timer's signal handler runs between two bytecodes of the main thread, so the exception comes
    from where the inference is at that moment, or from where it waits for another thread.
    """
    previous = signal.signal(signal.SIGALRM, _raise)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def interrupted_at(number: int, call: Callable[[], object]) -> None:
    """Call it, and raise `InjectedError` in place of its torch operator ``number``, from 1.

    Raises:
        CantInject: it doesn't use torch.
    """
    if "torch" not in sys.modules:
        raise CantInject("the workload hasn't imported torch: it has no operators to raise at")
    with looking_on(sys.modules["torch"])(_AtOperator(number)):
        call()


def interrupted_in(name: str, call: Callable[[], object]) -> None:
    """Call it, and raise `InjectedError` where its main thread enters the function ``name``.

    Raises:
        CantInject: nothing that is loaded has such a function in Python.
    """
    code = _code_of(name)

    def entered(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is code:
            sys.setprofile(None)
            raise InjectedError(f"raised by the gate where {name} is entered")

    previous = sys.getprofile()
    sys.setprofile(entered)
    try:
        call()
    finally:
        sys.setprofile(previous)


class _AtOperator(Onlooker):
    def __init__(self, number: int) -> None:
        self._left = number
        self._number = number

    def before(self, _operator: Any) -> bool:
        self._left -= 1
        return self._left == 0

    def after(self, _operator: Any, _arguments: Tuple[Any, ...], _result: Any) -> bool:
        return False

    def fail(self) -> None:
        raise InjectedError(f"raised by the gate at operator {self._number}")


def _code_of(name: str) -> CodeType:
    """The code of ``module.function`` or ``module.Class.method``, behind its decorators."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:length]))
        for part in parts[length:]:
            found = inspect.getattr_static(found, part, None)
        if isinstance(found, (classmethod, staticmethod)):
            found = found.__func__
        code = getattr(inspect.unwrap(found), "__code__", None) if callable(found) else None
        if isinstance(code, CodeType):
            return code
    raise CantInject(f"no module that is loaded has a function {name} written in Python")


def _raise(_number: int, _frame: Optional[FrameType]) -> None:
    raise InjectedError("raised by the gate in the middle of an inference")

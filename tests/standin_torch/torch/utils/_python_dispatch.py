"""torch's dispatch modes as its documentation describes them: the innermost is asked first.

While a mode handles an operator it isn't asked itself.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

_modes: list[TorchDispatchMode] = []


class TorchDispatchMode:
    def __enter__(self) -> None:
        _modes.append(self)

    def __exit__(self, *_: object) -> None:
        _modes.pop()

    def __torch_dispatch__(
        self, operator: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError


class Operator:
    """One that returns a new tensor."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._schema = SimpleNamespace(returns=[SimpleNamespace(alias_info=None)])
        self._name, self._function = name, function

    def __str__(self) -> str:
        return self._name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not _modes:
            return self._function(*args, **kwargs)
        mode = _modes.pop()
        try:
            return mode.__torch_dispatch__(self, (), args, kwargs)
        finally:
            _modes.append(mode)

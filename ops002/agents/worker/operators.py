"""Looks on at torch's operators while an inference runs, and makes one of them fail.

torch is never imported here: who calls has found it in ``sys.modules``.
"""

from __future__ import annotations

import functools
import os
from types import CodeType, FrameType
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

Site = Tuple[Tuple[CodeType, int], ...]
"""Where an operator was called: for each frame, innermost first, its code and the instruction."""

_PLACES = 12
_MADE_OF_OTHERS = "CompositeImplicitAutograd"
_IMPOSSIBLE = 1 << 62
_WORKER = os.path.dirname(os.path.abspath(__file__))


class Onlooker:
    """Is asked before and after each operator whether to make it fail."""

    def before(self, operator: Any) -> bool:
        """Whether to have it fail instead."""
        raise NotImplementedError

    def after(self, operator: Any, arguments: Tuple[Any, ...], result: Any) -> bool:
        """Whether to have it fail after all: its result is thrown away."""
        raise NotImplementedError

    def fail(self) -> None:
        """Raise what it fails with."""
        raise NotImplementedError


@functools.lru_cache(maxsize=1)
def looking_on(torch: Any) -> Callable[[Onlooker], Any]:
    """A dispatch mode in which an `Onlooker` is asked.

    Its frame is part of the traceback of an error that comes from an operator. By then it refers
    to no tensor, else the gate itself would plant the leak that it looks for.
    """
    mode: Any = torch.utils._python_dispatch.TorchDispatchMode  # noqa: SLF001 (as documented)

    class LookingOn(mode):  # type: ignore[misc]
        def __init__(self, onlooker: Onlooker) -> None:
            super().__init__()
            self.onlooker = onlooker

    # Not in the class: there torch wraps it, in frames that refer to every tensor that is passed.
    LookingOn.__torch_dispatch__ = _dispatched
    return LookingOn


def _dispatched(
    self: Any, operator: Any, _types: Any, args: Any = (), kwargs: Optional[Dict[str, Any]] = None
) -> Any:
    onlooker: Onlooker = self.onlooker
    result = None
    try:
        if not onlooker.before(operator):
            result = operator(*args, **(kwargs or {}))
            if not onlooker.after(operator, (args, kwargs), result):
                return result
    finally:
        del args, kwargs
    del result
    return onlooker.fail()


def run_out_of_memory(torch: Any) -> None:
    """Fail as any allocation on the CPU does: torch is asked for more than there can be."""
    torch.empty(_IMPOSSIBLE, dtype=torch.uint8, device="cpu")


def tensors_in(torch: Any, found: Any) -> Iterator[Any]:
    """The tensors of an operator's result or arguments, as deep as those nest them."""
    if isinstance(found, torch.Tensor):
        yield found
    elif isinstance(found, (list, tuple)):
        for one in found:
            yield from tensors_in(torch, one)
    elif isinstance(found, dict):
        yield from tensors_in(torch, list(found.values()))


class FreshResults:
    """Which operators can return a storage that wasn't there before.

    Not those that return what they wrote into, nor views. An operator made of others (``reshape``)
    may return either: it counts.
    """

    def __init__(self) -> None:
        self._known: Dict[Any, bool] = {}

    def __contains__(self, operator: Any) -> bool:
        known = self._known.get(operator)
        if known is None:
            known = any(_may_be_new(operator, one.alias_info) for one in _returns(operator))
            self._known[operator] = known
        return known


def _may_be_new(operator: Any, alias: Any) -> bool:
    if alias is None:
        return True
    return not alias.is_write and operator.has_kernel_for_dispatch_key(_MADE_OF_OTHERS)


def _returns(operator: Any) -> Any:
    return operator._schema.returns  # noqa: SLF001 (nothing public tells what is an alias)


def site_of(frame: Optional[FrameType]) -> Site:
    """Where a frame is, down to the instruction."""
    found: List[Tuple[CodeType, int]] = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(found)


def places_of(torch: Any, site: Site) -> List[str]:
    """A site as ``file:line in function``, outermost first, without torch's and the gate's."""
    inside = (os.path.join(os.path.dirname(torch.__file__), ""), os.path.join(_WORKER, ""))
    here = os.path.join(os.getcwd(), "")
    theirs = (part for part in site if not part[0].co_filename.startswith((*inside, "<frozen")))
    shown = [
        f"{code.co_filename.removeprefix(here)}:{_line(code, instruction)} in {code.co_name}"
        for code, instruction in theirs
    ]
    return shown[:_PLACES][::-1]


def _line(code: CodeType, instruction: int) -> int:
    line = code.co_firstlineno
    for start, at in _line_starts(code):
        if start > instruction:
            break
        line = at or line
    return line


def _line_starts(code: CodeType) -> Iterable[Tuple[int, int]]:
    import dis  # noqa: PLC0415 (needed for what is reported alone)

    return dis.findlinestarts(code)

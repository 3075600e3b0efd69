"""Words for the way from a holder to what it holds: ``Engine.pending['req-17'].kv[3]``.

Only what the interpreter knows by itself is asked: no attribute, comparison or repr of the
workload's runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from functools import lru_cache
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

OURS = os.path.dirname(os.path.abspath(__file__))
"""The folder of the worker's own code: its frames hold nothing of the workload's for long."""

NEW_NAMESPACE = 0x0002  # CO_NEWLOCALS: a function's frame, not a module's or a class's
_REFERENCES = 3  # the frame's, the one here, and that of the call which counts them
_PLAIN = (str, int, float, bool, bytes, type(None))
_LONGEST_KEY = 40
_OF_MODULES = ("._modules", "._parameters", "._buffers")
_OF_EXCEPTIONS = ("__traceback__", "__context__", "__cause__", "args")
_OF_C_TYPES = {
    "method": ("__self__", "__func__"),
    "partial": ("func", "args", "keywords"),
    "Task": ("_coro", "_exception", "_result", "_callbacks", "_context"),
    "Future": ("_exception", "_result", "_callbacks"),
}
_PAUSED = {GeneratorType: "gi_frame", CoroutineType: "cr_frame", AsyncGeneratorType: "ag_frame"}
LRU_CACHE = type(lru_cache(len))


mro_of: Callable[[type], Tuple[type, ...]] = type.__dict__["__mro__"].__get__
"""A class's bases as the interpreter knows them, whatever the class says."""


def type_name(item: Any) -> str:
    """The name of its class, as the interpreter knows it."""
    name = type.__dict__["__name__"].__get__(type(item))
    return name if isinstance(name, str) else "?"


def module_of(kind: type) -> str:
    """The module of a class; empty where it doesn't say."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""


def is_exception(item: Any) -> bool:
    """Whether it is one, whatever it says of itself."""
    return BaseException in mro_of(type(item))


def traceback_of(error: Any) -> Optional[TracebackType]:
    """An exception's traceback."""
    trace = BaseException.__dict__["__traceback__"].__get__(error)
    return trace if isinstance(trace, TracebackType) else None


def has_frames(item: Any) -> bool:
    """Whether it is an exception with a traceback, or a traceback."""
    return type(item) is TracebackType or (is_exception(item) and traceback_of(item) is not None)


def steps_of(item: Any) -> Iterator[TracebackType]:
    """The steps of an exception's traceback, or of a traceback, the outermost first."""
    trace = item if type(item) is TracebackType else traceback_of(item)
    while trace is not None:
        yield trace
        trace = trace.tb_next


def locals_of(frame: FrameType) -> List[Tuple[str, Any]]:
    """The names and values of a frame's locals; the frame keeps none of them on that account."""
    held = frame.f_locals
    found = list(held.items())
    # Up to Python 3.12 this is a copy that the frame keeps; the workload may have it from locals().
    copy = frame.f_code.co_flags & NEW_NAMESPACE and type(held) is dict
    if copy and sys.getrefcount(held) <= _REFERENCES:
        held.clear()
    return found


def running_frames() -> Iterator[Tuple[str, FrameType]]:
    """The frames of the other threads: the collector doesn't know what running code holds."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    tops: Dict[int, Optional[FrameType]] = dict(sys._current_frames())  # noqa: SLF001 (no other way)
    tops.pop(threading.get_ident(), None)  # it would hold itself, in a circle
    for number, frame in tops.items():
        while frame is not None:
            yield names.get(number, "of C code"), frame
            frame = frame.f_back  # noqa: PLW2901 (from frame to frame)


def paused_frame(item: Any) -> Optional[FrameType]:
    """The frame of a generator or coroutine that isn't at its end."""
    name = _PAUSED.get(type(item))
    frame = getattr(item, name) if name else None
    return frame if isinstance(frame, FrameType) else None


def path(first: str, way: Sequence[Any]) -> str:
    """The way from a named root, object by object, to what it holds."""
    text = first
    for place in range(1, len(way)):
        before = way[place - 2] if place > 1 else None
        step = _step(way[place - 1], way[place], before)
        if step.startswith("[") and text.endswith(_OF_MODULES):
            text = text[: text.rindex(".")]
            step = f".{step[2:-2]}"
        text += step
    return text


def _step(holder: Any, held: Any, before: Any) -> str:
    for kinds, words in _STEPS:
        if isinstance_of(holder, kinds):
            return words(holder, held, before)
    frame = paused_frame(holder)
    if frame is None:
        return _attribute(holder, held)
    return "" if held is frame else f" → paused, {_local(frame, held)}"


def _of_mapping(holder: Any, held: Any, before: Any) -> str:
    return _key(holder, held, attribute=_is_namespace(holder, before))


def _of_sequence(holder: Any, held: Any, before: Any) -> str:
    if type(before) is FunctionType and type(held) is CellType:
        return f" → {_variable(before, held)}"
    return next((f"[{i}]" for i, one in enumerate(_iterate(holder)) if one is held), "[…]")


def _of_class(holder: Any, held: Any, _before: Any) -> str:
    return "" if type(held) is dict else _attribute(holder, held)


def _of_frame(holder: Any, held: Any, before: Any) -> str:
    paused = "paused, " if paused_frame(before) is holder else ""
    return f" → {paused}{_local(holder, held)}"


def isinstance_of(item: Any, kinds: Any) -> bool:
    """``isinstance`` by the real class: ``__class__`` may lie."""
    return issubclass(type(item), kinds)


def _iterate(holder: Any) -> Iterator[Any]:
    for kind in (list, tuple, deque):
        if isinstance_of(holder, kind):
            return kind.__iter__(holder)
    return iter(())


def _is_namespace(namespace: Any, owner: Any) -> bool:
    """Whether a dict is the attributes of the object that holds it."""
    if owner is None or isinstance_of(owner, type):
        return True  # a root that is a dict is a module's
    if isinstance_of(owner, (dict, list, tuple, set, deque)):
        return False
    return own_namespace(owner) is namespace


def own_namespace(item: Any) -> Optional[Dict[str, Any]]:
    """An object's ``__dict__``, where it has one."""
    try:
        found = object.__getattribute__(item, "__dict__")
    except BaseException:  # a property of that name may do anything
        return None
    return found if type(found) is dict else None


def _key(holder: Any, held: Any, *, attribute: bool) -> str:
    for key, value in list(dict.items(holder)):
        if value is held:
            return f".{key}" if attribute and type(key) is str else f"[{_shown(key)}]"
        if key is held:
            return " (as a key)"
    return "[…]"


def _shown(key: Any) -> str:
    parts = key if type(key) is tuple else (key,)
    text = repr(key) if all(type(part) in _PLAIN for part in parts) else f"<{type_name(key)}>"
    return text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}…"


def _local(frame: FrameType, held: Any) -> str:
    name = next((name for name, value in locals_of(frame) if value is held), "a value")
    return f"{name} in {frame.f_code.co_name}()"


def _of_function(function: FunctionType, held: Any, _before: Any) -> str:
    if held is function.__closure__:
        return ""  # the cell says which variable
    if type(held) is CellType:
        return f" → {_variable(function, held)}"
    name = function.__code__.co_name
    return f" → default of {name}()" if held is function.__defaults__ else f" → {name}()"


def _variable(function: FunctionType, cell: Any) -> str:
    closure = zip(function.__code__.co_freevars, function.__closure__ or ())  # noqa: B905 (3.9)
    name = next((name for name, one in closure if one is cell), "a value")
    return f"{name} in the closure of {function.__code__.co_name}()"


_STEPS: Tuple[Tuple[Any, Callable[[Any, Any, Any], str]], ...] = (
    (dict, _of_mapping),
    ((list, tuple, deque), _of_sequence),
    ((set, frozenset), lambda _holder, _held, _before: "{…}"),
    (FrameType, _of_frame),
    (CellType, lambda _holder, _held, _before: ""),
    (FunctionType, _of_function),
    (LRU_CACHE, lambda _holder, _held, _before: " (lru_cache)"),
    (type, _of_class),
    (TracebackType, lambda _holder, _held, _before: ""),
)


def _attribute(holder: Any, held: Any) -> str:
    if type(held) is TracebackType or (is_exception(holder) and type(held) is FrameType):
        return ""  # what holds a traceback is named, not the traceback
    names = _OF_EXCEPTIONS if is_exception(holder) else _OF_C_TYPES.get(type_name(holder), ())
    for name in names:
        with contextlib.suppress(BaseException):  # of another class by the same name
            if object.__getattribute__(holder, name) is held:
                return f".{name}"
    namespace = own_namespace(holder) or {}
    if namespace is held:
        return ""
    for key, value in list(namespace.items()):
        if value is held and type(key) is str:
            return f".{key}"
    return _slot(holder, held)


def _slot(holder: Any, held: Any) -> str:
    for kind in mro_of(type(holder)):
        for name, slot in list(type.__dict__["__dict__"].__get__(kind).items()):
            if type(slot) is MemberDescriptorType:
                with contextlib.suppress(BaseException):  # the slot is empty
                    if slot.__get__(holder) is held:
                        return f".{name}"
    return f" → {type_name(held)}"


def root_name(item: Any) -> Optional[str]:
    """The name of what is there for good: a module or a class."""
    if isinstance_of(item, ModuleType):
        return str((own_namespace(item) or {}).get("__name__", "a module"))
    if isinstance_of(item, type):
        return f"{module_of(item)}.{type.__dict__['__qualname__'].__get__(item)}"
    return None


def is_ours(item: Any) -> bool:
    """Whether it belongs to the gate's own machinery in this process."""
    if type(item) is FrameType:
        return item.f_code.co_filename.startswith(OURS)
    if type(item) in (FunctionType, MethodType, BuiltinFunctionType):
        return str(getattr(item, "__module__", "")).startswith("ops002.")
    return module_of(type(item)).startswith("ops002.agents.")

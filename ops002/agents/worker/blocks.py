"""What holds memory in this process: tensors by their storage, and big buffers of Python's own.

Found through the objects that Python's collector knows and what they refer to directly. Nothing of
the workload is called: its objects may raise, or lie about what they are.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections import OrderedDict, defaultdict, deque
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ops002.agents.worker.deadline import Deadline
from ops002.agents.worker.naming import locals_of, mro_of, own_namespace, running_frames

SMALLEST = 16 * 1024
"""Bytes from which a buffer of Python's own is looked at; tensors are at any size."""

_CHUNK = 1000
_MOST_ITEMS = 4
"""Objects that are kept for one block: each may be held by somebody else."""
_CONTAINERS = (list, dict, set, tuple, deque, OrderedDict, defaultdict)


_FROZEN_BY_PYTHON = gc.get_freeze_count()
"""Objects that are hidden from the collector before any code of the workload's has run."""


def is_frozen() -> bool:
    """Whether the workload has hidden objects from the collector."""
    return gc.get_freeze_count() > _FROZEN_BY_PYTHON


class Block(NamedTuple):
    """Memory with one address. ``items`` are the ids of the objects that it was found by."""

    address: int
    bytes: int
    what: str
    items: List[int]


class Found:
    """The blocks that are alive, by address, and the objects that a search keeps for a while.

    ``links`` are ways up that the collector doesn't know: from an object's id to those of objects
    that hold it. ``objects`` is the one container that refers to anything of the workload's.
    """

    def __init__(self) -> None:
        self.blocks: Dict[int, Block] = {}
        self.objects: Dict[int, Any] = {}
        self.links: Dict[int, List[int]] = {}
        self.complete = True

    def keep(self, item: Any) -> int:
        """Hold an object, for as long as this lives; its id."""
        self.objects[id(item)] = item
        return id(item)

    def link(self, child: int, parent: int) -> None:
        """One more way up."""
        self.links.setdefault(child, []).append(parent)

    def add(self, item: Any, address: int, size: int, what: str) -> None:
        """One more object by which a block is found."""
        block = self.blocks.get(address)
        if block is None:
            block = self.blocks[address] = Block(address, size, what, [])
        if len(block.items) < _MOST_ITEMS:
            block.items.append(self.keep(item))


def find(until: Deadline, *, on_gpus: bool, model: Any = None) -> Found:
    """Every block that is alive; on GPUs, tensors there alone. Incomplete if time runs out.

    What ``gc.freeze`` has hidden from the collector is found as far as modules or the model lead
    to it.
    """
    search = _Search(Found(), on_gpus=on_gpus)
    tracked = gc.get_objects()
    if is_frozen():
        tracked = [*_reachable([model, *sys.modules.values(), *tracked], until)]
    search.own = {id(tracked), id(search.found.objects)}
    with _torch_functions_off():
        for start in range(0, len(tracked), _CHUNK):
            if until.passed():
                search.found.complete = False
                break
            search.chunk(tracked[start : start + _CHUNK])
        for _, frame in running_frames():
            search.see([value for _, value in locals_of(frame)])
    search.end()
    return search.found


def referents(items: List[Any]) -> List[Any]:
    """What the objects refer to; modules to their names alone.

    Python 3.12's _asyncio would hand out its store of dead objects, and never be whole again.
    """
    found = gc.get_referents(*(item for item in items if type(item) is not ModuleType))
    names = (own_namespace(item) for item in items if type(item) is ModuleType)
    return [*found, *(one for one in names if one is not None)]


def _reachable(level: List[Any], until: Deadline) -> Iterator[Any]:
    seen: Set[int] = set()
    while level and not until.passed():
        level = [item for item in level if id(item) not in seen and gc.is_tracked(item)]
        seen.update(map(id, level))
        yield from level
        level = list({id(item): item for item in referents(level)}.values())


class _Search:
    def __init__(self, found: Found, *, on_gpus: bool) -> None:
        self.found = found
        self.own: Set[int] = set()
        self._on_gpus = on_gpus
        self._torch = sys.modules.get("torch")
        self._tensor = getattr(self._torch, "Tensor", None)
        self._array = getattr(sys.modules.get("numpy"), "ndarray", None)
        self._handlers: Dict[type, Optional[Callable[[Any], None]]] = {}

    def chunk(self, tracked: List[Any]) -> None:
        self.see(tracked)
        if not self._on_gpus:  # the collector knows each tensor; buffers it doesn't
            self.see(referents(tracked))

    def see(self, items: List[Any]) -> None:
        handlers = self._handlers
        for item in items:
            kind = type(item)
            try:
                handler = handlers[kind]
            except KeyError:
                handler = handlers[kind] = self._handler(kind)
            if handler is not None:
                handler(item)

    def end(self) -> None:
        """Refer to nothing in a circle: what was found must go when the caller lets go of it."""
        self._handlers.clear()

    def _handler(self, kind: type) -> Optional[Callable[[Any], None]]:
        bases = mro_of(kind)
        if self._tensor is not None and self._tensor in bases:
            return self._see_tensor
        if self._on_gpus:
            return None
        if self._array is not None and self._array in bases:
            return self._see_array
        if kind in (bytes, bytearray, str):
            return self._see_buffer
        return self._see_container if kind in _CONTAINERS else None

    def _see_tensor(self, tensor: Any) -> None:
        try:
            storage, shape, dtype, device = _facts_of(tensor, self._torch)
            address, size = storage.data_ptr(), storage.nbytes()
        except Exception:  # no storage of its own (sparse, fake), or one that was freed
            return
        if address and size and (device.type != "cpu" or not self._on_gpus):
            shown = "x".join(map(str, shape)) or "scalar"
            kind = str(dtype).rpartition(".")[2]
            self.found.add(tensor, address, size, f"{kind} tensor {shown} on {device}")

    def _see_array(self, array: Any) -> None:
        base = self._array.base.__get__(array)  # type: ignore[union-attr]
        size = self._array.nbytes.__get__(array)  # type: ignore[union-attr]
        if base is None and size >= SMALLEST:
            what = f"{self._array.dtype.__get__(array)} array"  # type: ignore[union-attr]
            # Its memory may be a tensor's as well.
            address = self._array.ctypes.__get__(array).data  # type: ignore[union-attr]
            self.found.add(array, address, size, what)

    def _see_buffer(self, buffer: Any) -> None:
        if len(buffer) >= SMALLEST:
            self.found.add(buffer, id(buffer), sys.getsizeof(buffer), type(buffer).__name__)

    def _see_container(self, container: Any) -> None:
        if id(container) in self.own:
            return
        if len(container) > SMALLEST >> 4:
            size = sys.getsizeof(container)
            if size >= SMALLEST:
                self.found.add(container, id(container), size, type(container).__name__)
        if type(container) in (dict, tuple) and not gc.is_tracked(container):
            self._see_untracked(container)

    def _see_untracked(self, container: Any) -> None:
        """The collector leaves out what can be part of no cycle: look into that by hand."""
        for item in gc.get_referents(container):
            kind = type(item)
            big = kind in (bytes, bytearray, str) and len(item) >= SMALLEST
            array = self._array is not None and self._array in mro_of(kind)
            inner = kind in (dict, tuple) and not gc.is_tracked(item)
            if big or array:
                (self._see_buffer if big else self._see_array)(item)
            elif inner:
                self._see_untracked(item)
            if (big or array or inner) and self.found.keep(container):
                self.found.link(id(item), id(container))


def _facts_of(tensor: Any, torch: Any) -> Tuple[Any, Any, Any, Any]:
    """Storage, shape, dtype and device, past whatever a subclass says."""
    base = torch._C.TensorBase  # noqa: SLF001 (a subclass may define each of these anew)
    return (
        base.untyped_storage(tensor),
        base.shape.__get__(tensor),
        base.dtype.__get__(tensor),
        base.device.__get__(tensor),
    )


def _torch_functions_off() -> contextlib.AbstractContextManager[object]:
    """No ``__torch_function__`` of a subclass is called."""
    inner = getattr(sys.modules.get("torch"), "_C", None)
    off = getattr(inner, "DisableTorchFunctionSubclass", None)
    return contextlib.nullcontext() if off is None else off()

"""Where memory was allocated: the Python stack at the creation of each block, during one call.

Tensors by a dispatch mode of torch's, which sees every operator on any device; Python's own blocks
by ``tracemalloc``. Both cost time, so they are on for a diagnosis alone.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import sysconfig
import tracemalloc
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

from ops002.agents.worker.blocks import Block, Found
from ops002.agents.worker.naming import OURS, mro_of
from ops002.agents.worker.referrers import Place

_DEEPEST = 100
_TRACED = 25
"""Frames that ``tracemalloc`` keeps of a stack, the innermost."""
_MOST_PLACES = 6
_LIBRARIES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_STANDARD = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))


class _Storage(NamedTuple):
    """A tensor's storage: where it was allocated, and whether it is gone."""

    bytes: int
    places: List[Place]
    expired: Callable[[], bool]


class Traces:
    """The places that blocks come from, the innermost first; a block without any is older."""

    def __init__(self, *, on_gpus: bool) -> None:
        self.on_gpus = on_gpus
        self._tensors: Dict[int, _Storage] = {}
        self._others: Dict[int, List[Place]] = {}

    def add_tensor(self, address: int, storage: _Storage) -> None:
        """A new storage: whatever was at its address before is gone."""
        self._tensors[address] = storage

    def add_python_blocks(self, found: Found) -> None:
        """Take what ``tracemalloc`` knows of the blocks, while it still does."""
        for block in found.blocks.values():
            trace = tracemalloc.get_object_traceback(found.objects[block.items[0]])
            if trace is not None:
                frames = ((frame.filename, frame.lineno, "") for frame in reversed(trace))
                self._others[block.address] = list(_of_the_user(frames))

    def of(self, block: Block) -> List[Place]:
        """Where a block was allocated; nothing if not in this call, or not by the user's code."""
        storage = self._tensors.get(block.address)
        if storage is not None and storage.bytes == block.bytes:
            return storage.places
        return self._others.get(block.address, [])

    def hidden(self, found: Found) -> List[Block]:
        """Storages that are alive with no tensor of Python's: an operator's, a graph's."""
        return [
            Block(address, storage.bytes, "tensor that no Python object refers to", [])
            for address, storage in self._tensors.items()
            if storage.places and address not in found.blocks and not storage.expired()
        ]


@contextlib.contextmanager
def recording(traces: Traces) -> Iterator[None]:
    """Record where tensors come from; Python's blocks are traced until `stop`."""
    mode = _dispatch_mode(traces)
    tracemalloc.start(_TRACED)
    with mode or contextlib.nullcontext():
        yield


def stop() -> None:
    """Trace no more."""
    tracemalloc.stop()


def _dispatch_mode(traces: Traces) -> Optional[contextlib.AbstractContextManager[Any]]:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    try:
        dispatch = importlib.import_module("torch.utils._python_dispatch")
        base: Any = dispatch.TorchDispatchMode
        weak = importlib.import_module("torch.multiprocessing.reductions").StorageWeakRef
        tensor = torch.Tensor
    except Exception:  # a torch without them (before 2.0), or half of one
        return None

    def recorded(_mode: Any, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        made = {
            storage.data_ptr(): storage
            for storage in _storages(result, tensor)
            if not traces.on_gpus or storage.device.type != "cpu"
        }
        for storage in _storages((args, kwargs), tensor) if made else ():
            made.pop(storage.data_ptr(), None)  # a view, or done in place
        places = list(_of_the_user(_stack(sys._getframe(1)))) if made else []  # noqa: SLF001 (its caller)
        for address, storage in made.items():
            gone = weak(storage).expired
            traces.add_tensor(address, _Storage(storage.nbytes(), places, gone))
        return result

    recorder: Any = type("Recorder", (base,), {})
    # Not in the class: there torch wraps it, which loads 68 MiB of modules and takes a second.
    compiler = sys.modules.get("torch._dynamo")  # else there is nothing that could compile it
    recorder.__torch_dispatch__ = recorded if compiler is None else compiler.disable(recorded)
    mode: contextlib.AbstractContextManager[Any] = recorder()
    return mode


def _storages(value: Any, tensor: type) -> Iterator[Any]:
    """The storages of the tensors in a result, or among arguments."""
    if tensor in mro_of(type(value)):
        with contextlib.suppress(Exception):  # one without a storage
            yield value.untyped_storage()
    elif type(value) in (list, tuple):
        for item in value:
            yield from _storages(item, tensor)
    elif type(value) is dict:
        for item in value.values():
            yield from _storages(item, tensor)


def _stack(frame: Optional[FrameType]) -> Iterator[Place]:
    for _ in range(_DEEPEST):
        if frame is None:
            return
        yield frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_name
        frame = frame.f_back


def _of_the_user(places: Iterator[Place]) -> Iterator[Place]:
    """Those in files that aren't a library's, Python's or the gate's, as far as they are told."""
    told = 0
    for place in places:
        file = place[0]
        library = any(part in file for part in _LIBRARIES) or file.startswith(_STANDARD)
        if library or file.startswith((OURS, "<")):
            continue
        yield os.path.abspath(file), place[1], place[2]
        told += 1
        if told == _MOST_PLACES:
            return

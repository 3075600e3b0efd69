"""What an inference does where no operator of it can be made to fail: found by torch's profiler."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

_COMPILED = "Torch-Compiled Region"
_FUSED = ("_transformer_encoder_layer_fwd", "_native_multi_head_attention")
_MARK = "ops002"
_QUIET = "KINETO_LOG_LEVEL"


def look(torch: Any, infer: Callable[[], object]) -> List[str]:
    """One inference; what of it is out of reach, in words. Empty if nothing is."""
    replays: List[int] = []
    torchs_own = _threads_of_others()
    everywhere = _of_all_threads(torch)
    with _replays_counted(torch, replays):
        events = _profiled(torch, infer, **everywhere)
        if events is None:
            infer()
    found = [f"it replays a CUDA graph {len(replays)} times"] if replays else []
    if (events is None or not everywhere) and threading.active_count() > 1:
        found.append("this torch can't be asked whether other threads take part")
    events = events or []
    names = {event.name() for event in events}
    if elsewhere := _operators_elsewhere(events, torchs_own):
        found.append(f"other threads run {len(elsewhere)} of its operators")
    if any(name.startswith(_COMPILED) for name in names):
        found.append("torch.compile runs a part of it")
    fused = sorted(name for name in _FUSED if f"aten::{name}" in names)
    if fused:
        found.append(f"a fused fast path ({fused[0]}) runs whole layers as one operator")
    return found


def _threads_of_others() -> Set[int]:
    """Threads that aren't Python's: those that torch has computed a part of an operator in."""
    pythons = {thread.native_id for thread in threading.enumerate()}
    return {int(task) for task in os.listdir("/proc/self/task")} - pythons


def _operators_elsewhere(events: List[Any], torchs_own: Set[int]) -> Set[str]:
    """Operators that neither this thread nor one of torch's own ran."""
    here = {event.device_resource_id() for event in events if event.name() == _MARK}
    return {
        event.name()
        for event in events
        if event.device_resource_id() not in (here | torchs_own)
        and event.name().startswith("aten::")
    }


def allocations(torch: Any, infer: Callable[[], object]) -> Optional[int]:
    """One inference; how often the CPU's allocator was asked in its thread, if that is told."""
    events = _profiled(torch, infer, profile_memory=True)
    if events is None:
        infer()
        return None
    return sum(1 for event in events if event.name() == "[memory]" and event.nbytes() > 0)


@contextlib.contextmanager
def eagerly(torch: Any, wanted: bool) -> Iterator[None]:  # noqa: FBT001 (of the config)
    """As far as torch can: without ``torch.compile`` and without fused fast paths."""
    with contextlib.ExitStack() as stack:
        compiler: Any = getattr(torch, "compiler", None)
        mha: Any = getattr(getattr(torch, "backends", None), "mha", None)
        if wanted and hasattr(compiler, "set_stance"):
            stack.enter_context(compiler.set_stance("force_eager"))
        if wanted and hasattr(mha, "set_fastpath_enabled"):
            stack.callback(mha.set_fastpath_enabled, mha.get_fastpath_enabled())
            mha.set_fastpath_enabled(False)
        yield


def _of_all_threads(torch: Any) -> Dict[str, Any]:
    """How its profiler is asked for the events of all threads; empty where it can't be."""
    try:
        setting = torch._C._profiler._ExperimentalConfig  # noqa: SLF001 (no other way to say it)
        return {"experimental_config": setting(profile_all_threads=True)}
    except (AttributeError, TypeError):  # an older torch's sees one thread alone
        return {}


def _profiled(torch: Any, infer: Callable[[], object], **how: Any) -> Optional[List[Any]]:
    """The profiler's events of an inference; None, and no inference, where there is none to use."""
    if not _has_profiler(torch):
        return None
    profiler = torch.autograd.profiler
    with _quietly(), profiler.profile(use_kineto=True, **how) as profile:
        with profiler.record_function(_MARK):
            pass
        infer()
    return list(profile.kineto_results.events())


def _has_profiler(torch: Any) -> bool:
    autograd = getattr(torch, "autograd", None)
    return bool(getattr(getattr(autograd, "profiler", None), "kineto_available", bool)())


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The profiler's library would write lines of its own into the workload's output."""
    before = os.environ.get(_QUIET)
    os.environ[_QUIET] = "99"
    try:
        yield
    finally:
        del os.environ[_QUIET]
        if before is not None:
            os.environ[_QUIET] = before


@contextlib.contextmanager
def _replays_counted(torch: Any, replays: List[int]) -> Iterator[None]:
    graph = getattr(sys.modules.get(f"{torch.__name__}.cuda"), "CUDAGraph", None)
    replay = vars(graph).get("replay") if graph is not None else None
    if replay is None:
        yield
        return

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        replays.append(1)
        return replay(self, *args, **kwargs)

    graph.replay = counted  # type: ignore[union-attr]
    try:
        yield
    finally:
        graph.replay = replay  # type: ignore[union-attr]

"""The environment by which torch's CUDA allocator in a command is held to a part of the device.

torch reads its allocator's options from PYTORCH_CUDA_ALLOC_CONF and, where that isn't set, from
PYTORCH_ALLOC_CONF (c10/cuda/CUDAAllocatorConfig.h of torch 2.13). An option that a version doesn't
know ends the command with an error that names it, when it first uses a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPTION: Final = "per_process_memory_fraction"
_OLD_NAME: Final = "PYTORCH_CUDA_ALLOC_CONF"
_NAMES: Final = (_OLD_NAME, "PYTORCH_ALLOC_CONF")


def with_fraction(environ: Mapping[str, str], fraction: float) -> dict[str, str]:
    """The variables that hold each device's allocator to ``fraction`` of it.

    Other options that ``environ`` gives stay. Of an option that is given twice the last counts.
    """
    given = [name for name in _NAMES if environ.get(name)] or [_OLD_NAME]
    return {
        name: ",".join([*_options(environ.get(name, "")), f"{OPTION}:{fraction:.9f}"])
        for name in given
    }


def _options(conf: str) -> list[str]:
    return [option for option in [conf.strip().rstrip(",")] if option]

"""Builds the stand-in for `libnvidia-ml.so.1`: C sources of this folder, NVIDIA's header."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = "libnvidia-ml.so.1"
STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
SHARED = ("-O1", "-shared", "-fPIC", "-fvisibility=hidden", f"-Wl,-soname,{LIBRARY}")


def build(folder: Path) -> Path:
    """Compile it into a folder; returns the library's path.

    Its soname is the real one's: what is loaded by its path serves whoever asks for the name.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("no C compiler: the tests of NVML need one as `cc` (Debian: gcc)")
    library = folder / LIBRARY
    sources = sorted(map(str, HERE.glob("*.c")))
    include = f"-I{header().parent}"
    command = [compiler, *STRICT, *SHARED, include, "-o", str(library), *sources]
    subprocess.run(command, check=True)
    return library


def header() -> Path:
    """NVIDIA's `nvml.h`, from the wheel that carries it."""
    for file in importlib.metadata.files("nvidia-nvml-dev") or ():
        if file.name == "nvml.h":
            return Path(str(file.locate()))
    raise RuntimeError("no nvml.h in nvidia-nvml-dev: pip install -r requirements/dev.txt")


@lru_cache
def functions() -> frozenset[str]:
    """The functions that a test may script."""
    sources = "".join(file.read_text() for file in HERE.glob("*.c"))
    return frozenset(re.findall(r"^(?:nvmlReturn_t |LIST\()(nvml\w+)", sources, re.MULTILINE))


@lru_cache
def codes() -> frozenset[str]:
    """The answers that it knows by name."""
    return frozenset(re.findall(r"NAMED\((NVML_\w+)\)", (HERE / "script.c").read_text()))

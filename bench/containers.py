"""What the image weighs, how soon it answers, and what siblings add to a run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bench.overhead import IDLE, run_config, run_seconds
from bench.table import LeftOut, Row
from tests.docker import engine
from tests.docker.runner import Step

MIB = 1 << 20
OWN_LAYERS = 16 * MIB
WHOLE_IMAGE = 60 * MIB
FIRST_LINE = 1.5
ADDED_SECONDS = 3.0
ANSWERS = 15
RUNS = 7
CHUNK = 1 << 20


def rows() -> Iterator[Row | LeftOut]:
    why = engine.why_not()
    if why is not None:
        yield LeftOut("containers", why)
        return
    base = os.environ.get("OPS002_BASE_IMAGE") or engine.published_base()
    with tempfile.TemporaryDirectory() as folder:
        try:
            engine.build(Path(folder), base)
        except AssertionError as error:
            yield LeftOut("containers", f"no image can be built on {base}: {str(error)[-200:]}")
            return
    yield from _weight(base)
    yield _first_line()
    with tempfile.TemporaryDirectory() as folder:
        yield _added_by_siblings(Path(folder))


def _weight(base: str) -> Iterator[Row | LeftOut]:
    """By layer, compressed as an engine compresses what it pushes."""
    shared = len(_layers(base))
    assert _layers(engine.IMAGE)[:shared] == _layers(base)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "image.tar"
        engine.ask("save", "--output", str(saved), engine.IMAGE)
        with tarfile.open(saved) as image:
            (manifest,) = json.load(_member(image, "manifest.json"))
            packed = [_compressed(_member(image, layer)) for layer in manifest["Layers"]]
    yield Row("own layers, compressed / 16 MiB", sum(packed[shared:]) / OWN_LAYERS, 1)
    label = "whole image, compressed / 60 MiB"
    if base == engine.published_base():
        yield Row(label, sum(packed) / WHOLE_IMAGE, 1)
    else:
        found = f"measured on {base}, not on the published base: {sum(packed) / MIB:.0f} MiB"
        yield LeftOut(label, found)


def _layers(image: str) -> list[str]:
    (found,) = json.loads(engine.ask("image", "inspect", image))
    layers: list[str] = found["RootFS"]["Layers"]
    return layers


def _member(image: tarfile.TarFile, name: str) -> IO[bytes]:
    file = image.extractfile(name)
    assert file is not None
    return file


def _compressed(layer: IO[bytes]) -> int:
    squeezer = zlib.compressobj()
    size = sum(len(squeezer.compress(chunk)) for chunk in iter(lambda: layer.read(CHUNK), b""))
    return size + len(squeezer.flush())


def _first_line() -> Row:
    """Beside an interpreter that does nothing but answer; in turn, so that a busy moment hits both.

    To the first line of either: a container's end takes time, too, and would flatter the ratio.
    """
    run = ["docker", "run", "--rm", "--network", "none"]
    gate = [*run, engine.IMAGE, "--version"]
    bare = [*run, "--entrypoint", "python3", engine.IMAGE, "-c", "print()"]
    seconds = [(_until_first_line(gate), _until_first_line(bare)) for _ in range(ANSWERS)]
    own, least = (statistics.median(column) for column in zip(*seconds, strict=True))
    return Row("first line of the image's --version / of its python3", own / least, FIRST_LINE)


def _until_first_line(command: list[str]) -> float:
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as container:
        assert container.stdout is not None
        assert container.stdout.readline()
        return time.perf_counter() - started


def _added_by_siblings(folder: Path) -> Row:
    """The action's step on a clean workload, minus the same run without containers."""
    step = Step(folder, engine.IMAGE)
    command = run_config(step.workspace, IDLE, min_at_stake="0B")
    added = []
    for _ in range(RUNS):
        locally = run_seconds(command)
        started = time.perf_counter()
        out, err = (ended := step.start()).communicate()
        added.append(time.perf_counter() - started - locally)
        assert ended.returncode == 0, out + err
    return Row("what siblings add to a run / 3 s", statistics.median(added) / ADDED_SECONDS, 1)


if __name__ == "__main__":
    for row in rows():
        print(row.render())

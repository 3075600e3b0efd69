"""What a run would meet on the Docker engine, if a scenario runs in a container."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing

from ops002.config.resolved import Scenario
from ops002.diagnosis import Finding, Weight
from ops002.executors import StartFailed

_HOOKS = ("nvidia-container-runtime-hook", "nvidia-ctk")


def look_at_docker(contained: Sequence[Scenario]) -> Iterator[Finding]:
    """The engine, and whether it and this user can do what scenarios in containers need."""
    from ops002.executors.docker.engine import Engine  # noqa: PLC0415 (slow, and for few)

    needed = Weight.OBSTACLE if contained else Weight.NOTE
    try:
        with closing(Engine()) as engine:
            images = {one.container.image: one for one in contained if one.container is not None}
            missing = [image for image in images if not engine.has(image)]
    except StartFailed as error:
        words, _, remedy = str(error).partition("; ")
        yield Finding(subject="docker", weight=needed, words=words, remedy=remedy or None)
        return
    yield Finding(subject="docker", weight=Weight.OK, words="an engine answers")
    for image in missing:
        yield Finding(
            subject="docker",
            weight=Weight.NOTE,
            words=f"{image} isn't here: a run would pull it",
            remedy=f"docker pull {image}",
        )
    if contained and os.geteuid() != 0:
        yield Finding(
            subject="docker",
            weight=Weight.OBSTACLE,
            words="the memory of a container's processes is shown to root alone",
            remedy="sudo ops002 run, or the Action",
        )
    if not any(shutil.which(hook) for hook in _HOOKS):
        on_gpus = any(one.kind_of_device == "cuda" for one in contained)
        yield Finding(
            subject="docker",
            weight=Weight.OBSTACLE if on_gpus else Weight.NOTE,
            words="no NVIDIA container toolkit: containers get no GPU",
            remedy="install nvidia-container-toolkit, and restart the engine",
        )

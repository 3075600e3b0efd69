"""The containers of a run: the engine is asked first when a scenario names an image."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from ops002.clock import Clock
from ops002.commands.printing import show
from ops002.config.resolved import Scenario
from ops002.config.schema import PythonWorkload
from ops002.cookie import this_gate
from ops002.executors import Executor, StartFailed
from ops002.executors.docker.container import agents_volume, container
from ops002.executors.docker.containment import GATE_LABEL, RUN_LABEL, Box
from ops002.executors.docker.leftovers import remove_left

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine


_GIT: Final = ".git"

RUN_VARIABLE: Final = "OPS002_RUN"
"""Names the run of the action that a gate belongs to, if it belongs to one."""

INSTEAD_VARIABLE: Final = "OPS002_INSTEAD"
"""The files that the action has put in the place of the workspace's: JSON, by their paths there."""


class Containers:
    """Opens the container of a scenario."""

    def __init__(
        self, clock: Clock, err: TextIO, environ: Mapping[str, str], mounts: Sequence[str]
    ) -> None:
        """What an earlier gate left is told on ``err``; the action, if any, tells by ``environ``.

        ``mounts`` are folders of this machine that workloads may read.
        """
        self._run = environ.get(RUN_VARIABLE)
        self._instead: dict[str, str] = json.loads(environ.get(INSTEAD_VARIABLE, "{}"))
        self._mounts = tuple(mounts)
        self._clock = clock
        self._err = err
        self._engine: Engine | None = None

    @contextmanager
    def __call__(self, scenario: Scenario) -> Iterator[Executor]:
        """A container for one start of the scenario's workload.

        Raises:
            StartFailed: no engine, no such image, or it can't be started.
            Interrupted: the run must end.
        """
        assert scenario.container is not None
        keys = scenario.container
        engine = self._asked()
        if not engine.has(keys.image):
            show(f"pulling {keys.image}\n", self._err)
            engine.pull(keys.image, self._until(scenario.workload.timeouts.start))
        for volume in keys.volumes:
            engine.must_have_volume(volume)
        labels = {GATE_LABEL: str(this_gate()), **({RUN_LABEL: self._run} if self._run else {})}
        with ExitStack() as stack:
            agents = None
            if isinstance(scenario.workload, PythonWorkload):
                agents = stack.enter_context(agents_volume(engine, keys.image, labels))
            box = Box(
                labels=labels,
                readable=(str(Path.cwd()), *self._mounts),
                hidden=self._hidden,
                instead=self._instead,
                agents=agents,
                volumes=keys.volumes,
                shm_bytes=keys.shm_size,
                host_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
                env=keys.env,
                network=keys.network,
                gpus=scenario.kind_of_device == "cuda",
            )
            yield stack.enter_context(container(engine, keys.image, box))

    @cached_property
    def _hidden(self) -> tuple[str, ...]:
        """Asked once: what holds a million files takes seconds, and workloads can't change it."""
        return tuple(repositories(Path.cwd()))

    def _until(self, seconds: float) -> Callable[[], None]:
        """A check that the run may go on, and that so many seconds haven't passed."""
        deadline = self._clock.now() + seconds

        def check() -> None:
            self._clock.check()
            if self._clock.now() > deadline:
                raise StartFailed(
                    f"the image wasn't here within {seconds:g} s: pull it before the run, or give "
                    "timeouts.start more"
                )

        return check

    def close(self) -> None:
        """Let the engine go."""
        if self._engine is not None:
            self._engine.close()

    def _asked(self) -> Engine:
        """The engine; what killed gates have left on it is removed first."""
        if self._engine is None:
            from ops002.executors.docker.engine import Engine  # noqa: PLC0415 (slow, and for few)

            self._engine = Engine()
            left = list(remove_left(self._engine))
            if left:
                show(f"removed what a killed run had left: {', '.join(left)}\n", self._err)
        return self._engine


def repositories(workspace: Path) -> Iterator[str]:
    """Where git keeps what it knows: a checkout's token is there, unless it was told not to.

    At any depth: a workflow may check out further repositories into folders of the first.
    """
    for folder, below, _ in os.walk(workspace):
        if _GIT in below:
            below.remove(_GIT)
            yield os.path.join(folder, _GIT)  # noqa: PTH118 (of an os.walk)

"""A command that ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ops002.clock import Clock
from ops002.config.recognition import output_of
from ops002.config.schema import CommandOomFault, CommandWorkload, ExitFault
from ops002.executors import Executor, Launch, Running
from ops002.executors.environment import STEADY_HEAP, workload_environment
from ops002.measurement import Evidence, Seen, Source
from ops002.workloads import DeadlinePassed, died_evidence, output_evidence
from ops002.workloads.allocator_option import with_fraction

_TICK_SECONDS: Final = 0.005
_KILL_SECONDS: Final = 10.0


def start(
    workload: CommandWorkload,
    argv: tuple[str, ...],
    executor: Executor,
    environ: Mapping[str, str],
    output: Path,
) -> Running:
    """Start the command.

    Raises:
        StartFailed: no such program, no permission, no such directory.
    """
    return executor.start(
        Launch(
            argv=argv,
            env=workload_environment(environ, workload.env, STEADY_HEAP),
            cwd=workload.cwd,
            output=output,
        )
    )


def wait(running: Running, seconds: float, clock: Clock, tick: Callable[[], None]) -> int:
    """Wait until the command ends; its exit status.

    Raises:
        DeadlinePassed: it ran longer than ``seconds``.
    """
    deadline = clock.now() + seconds
    while (status := running.exit_status()) is None:
        if clock.now() > deadline:
            raise DeadlinePassed(f"the command did not end within {seconds:g} s")
        tick()
        clock.sleep(_TICK_SECONDS)
    return status


def kill_after(
    seconds: float, running: Running, clock: Clock, tick: Callable[[], None]
) -> tuple[Evidence, ...]:
    """Kill the command after so many seconds, if it still runs then; what was seen of it."""
    started = clock.now()
    while (status := running.exit_status()) is None and clock.now() - started < seconds:
        tick()
        clock.sleep(_TICK_SECONDS)
    if status is not None:
        return (died_evidence(status),)
    after = round(1000 * (clock.now() - started))
    running.kill_root()
    status = wait(running, _KILL_SECONDS, clock, tick)
    return (
        died_evidence(status),
        Evidence(source=Source.GATE, what=Seen.KILLED_AFTER, value=after),
    )


def evidence(
    fault: ExitFault | CommandOomFault, running: Running, status: int, clock: Clock
) -> tuple[Evidence, ...]:
    """What was seen of the command's end."""
    return (died_evidence(status), *output_evidence(output_of(fault), running, 0, clock))


def limited(
    workload: CommandWorkload, environ: Mapping[str, str], fraction: float
) -> CommandWorkload:
    """The command with torch's allocator held to a part of each GPU."""
    seen = workload_environment(environ, workload.env, STEADY_HEAP)
    env = {**workload.env, **with_fraction(seen, fraction)}
    return workload.model_copy(update={"env": env})

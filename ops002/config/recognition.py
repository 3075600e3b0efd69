"""A fault of the config -> how it is recognised; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops002.config.schema import (
    CommandOomFault,
    ExceptionFault,
    ExitFault,
    Fault,
    InProcessFault,
    KillFault,
    OomFault,
    OomSweepFault,
    ServerKillFault,
)
from ops002.config.server import ClientFault, DisconnectFault, RequestFault
from ops002.verdict.expect import OUT_OF_MEMORY_OUTPUT, Expectation, Nature

_NATURES: Final[Mapping[type, Nature]] = {
    RequestFault: Nature.ANSWERED,
    DisconnectFault: Nature.DISCONNECTED,
    OomFault: Nature.OUT_OF_MEMORY,
    OomSweepFault: Nature.SWEPT,
    ExceptionFault: Nature.INJECTED,
}


def expectation_of(fault: Fault) -> Expectation:
    """The fault's nature, and whatever the config expects besides."""
    match fault:
        case ServerKillFault(process="child"):
            nature = Nature.CHILD_KILLED
        case KillFault():
            nature = Nature.KILLED
        case (
            ExitFault()
            | CommandOomFault()
            | InProcessFault(after="exited")
            | ClientFault(after="exited")
        ):
            nature = Nature.FAILING_EXIT
        case _:
            nature = _NATURES.get(type(fault), Nature.EXCEPTION)
    given = {} if fault.expect is None else fault.expect.model_dump(exclude_none=True)
    return Expectation(nature=nature, **{**given, "output": output_of(fault)})


def output_of(fault: Fault) -> str | None:
    """The pattern that the output must match for the fault to have fired, if any must.

    Of a command's out-of-memory error nothing else tells: its status may mean anything.
    """
    given = fault.expect.output if fault.expect is not None else None
    return OUT_OF_MEMORY_OUTPUT if given is None and isinstance(fault, CommandOomFault) else given

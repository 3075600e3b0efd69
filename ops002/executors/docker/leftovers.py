"""What a gate that was killed has left on the engine, or an action that was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ops002.cookie import GATE, Gate
from ops002.executors.docker.containment import ACTION_LABEL, GATE_LABEL

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine

_LABEL: Final = re.compile(GATE)


def remove_left(engine: Engine) -> Iterator[str]:
    """Remove every container and volume whose gate is gone; what they were.

    A gate beside an action's container that is gone is ended first.

    Raises:
        StartFailed: the engine doesn't answer.
    """
    gates = list(engine.labelled(ACTION_LABEL))
    actions = frozenset(engine.running())  # asked afterwards: an action is there before its gate
    for container, action in gates:
        if action not in actions:
            engine.remove(container)
            yield f"container {container[:12]}"
    for container, gate in engine.labelled(GATE_LABEL):
        if _is_gone(gate):
            engine.remove(container)
            yield f"container {container[:12]}"
    for volume, gate in engine.labelled_volumes(GATE_LABEL):
        if _is_gone(gate):
            engine.remove_volume(volume)
            yield f"volume {volume}"


def _is_gone(written: str) -> bool:
    """Whether it is known to be: one of another PID namespace isn't."""
    found = _LABEL.fullmatch(written)
    return found is not None and Gate.named_in(found).is_gone()

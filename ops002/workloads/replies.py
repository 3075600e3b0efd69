"""What a worker's reply says of a call: evidence, or a sentence on its error."""

from __future__ import annotations

from collections.abc import Iterator

from ops002.agents import wire
from ops002.measurement import Evidence, Seen, Source
from ops002.workloads import StepFailed, exception_evidence


def told(reply: wire.Message) -> Iterator[Evidence]:
    """That the call returned, or its exceptions."""
    if reply.get("ok") is True:
        yield Evidence(source=Source.WORKLOAD, what=Seen.RETURNED, value="normally")
    else:
        yield from exception_evidence(reply.get("exceptions"))


def must_succeed(step: str, reply: wire.Message) -> None:
    """Raises `StepFailed` unless the call returned."""
    if reply.get("ok") is not True:
        raise StepFailed(f"{step} failed: {first_error(reply)}")


def first_error(reply: wire.Message) -> str:
    """The exception that a call ended with: what, and from where."""
    seen = list(exception_evidence(reply.get("exceptions")))
    classes = next((item.value for item in seen if item.what is Seen.EXCEPTION), ("an error",))
    message = next((item.value for item in seen if item.what is Seen.MESSAGE), "")
    places = next((item.value for item in seen if item.what is Seen.RAISED_AT), ())
    name = classes[0] if isinstance(classes, tuple) else classes
    where = f" ({places[-1]})" if isinstance(places, tuple) and places else ""
    return f"{name}: {message}{where}"

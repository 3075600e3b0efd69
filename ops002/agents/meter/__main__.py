"""Answers one request per line until its input ends: the driver's cards, or a reading of some."""

from __future__ import annotations

import ctypes
import signal
import sys

from ops002.agents import wire
from ops002.probes.cards import to_document
from ops002.probes.nvml import Nvml, NvmlError

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Serve requests; the driver's session is opened by the first and held to the end."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    meter = _Meter()
    for line in sys.stdin.buffer:
        request = wire.decode(line)
        if request is None:
            continue
        reply = meter.answer(request)
        reply["id"], reply["key"] = request.get("id"), request.get("key")
        sys.stdout.buffer.write(wire.encode(reply))
        sys.stdout.buffer.flush()


class _Meter:
    def __init__(self) -> None:
        self._nvml: Nvml | None = None

    def answer(self, request: wire.Message) -> wire.Message:
        try:
            if self._nvml is None:
                self._nvml = Nvml()
            if request.get("op") == "driver":
                return {"ok": True, "driver": to_document(self._nvml.driver())}
            listed = bool(request["listed"])
            samples = [self._nvml.sample(str(uuid), listed=listed) for uuid in request["uuids"]]
        except NvmlError as error:
            return {"ok": False, "detail": str(error)}
        return {"ok": True, "samples": [to_document(sample) for sample in samples]}


if __name__ == "__main__":
    main()

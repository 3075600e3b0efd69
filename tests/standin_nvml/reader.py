"""The real pynvml in a process of its own, asked one expression after the other.

Run by its path it is that process; imported, it is the side that asks.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from types import TracebackType
from typing import Any, final


class Refused(Exception):
    """NVML answered an error; the message is its code's name."""


@final
class Reader:
    """A session of pynvml: open while the block lasts."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def pid(self) -> int:
        """Of the process, or of the command that started it."""
        return self._process.pid

    def ask(self, expression: str) -> Any:
        """What an expression over pynvml's names is there; `gpu(i)` is a handle.

        Raises:
            Refused: NVML's answer was an error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the process that reads has ended at: {expression}"
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["value"]


def _plain(value: Any) -> Any:
    """A structure as its fields, pynvml's friendly objects too."""
    if isinstance(value, ctypes.Structure):
        return {name: getattr(value, name) for name, *_ in value._fields_}
    return value.value if isinstance(value, ctypes._SimpleCData) else vars(value)


def _serve() -> None:
    pynvml = __import__("pynvml")
    names = {**vars(pynvml), "gpu": pynvml.nvmlDeviceGetHandleByIndex}
    refusals = {
        value: name for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_")
    }
    for line in sys.stdin:
        try:
            answer = {"value": eval(line, names)}
        except pynvml.NVMLError as error:
            answer = {"refused": refusals[error.value]}
        print(json.dumps(answer, default=_plain), flush=True)  # noqa: T201 (its channel)


if __name__ == "__main__":
    _serve()

"""The borders under a fuzzer that is led by coverage, from real inputs on.

``python -m tests.fuzz.atheris_targets config|report|line [options of libFuzzer]``, for instance
``-max_total_time=120``; for whoever installs ``atheris``, which no target of make does.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["ops002"]):
    from ops002.agents import wire
    from tests.fuzz import targets
    from tests.fuzz.documents import ORIGINALS, written
    from tests.fuzz.replies import KEY
    from tests.fuzz.texts import VALID

_TARGETS: Final[dict[str, tuple[Callable[[bytes], object], Sequence[bytes]]]] = {
    "config": (targets.config, [text.encode() for text in VALID]),
    "report": (targets.report, [written(original) for original in ORIGINALS]),
    "line": (targets.line, [wire.encode({"id": 1, "key": KEY, "ok": True})]),
}


def main() -> None:
    """Run until the options say so, or a target raises."""
    target, seeds = _TARGETS[sys.argv[1]]

    def try_input(data: bytes) -> None:
        target(data)

    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *sys.argv[2:], corpus], try_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

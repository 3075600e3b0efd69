"""FALSIFY-OPS-002: the decision rule, total over Python's integers.

Rule: no resource leaks after command exit. Prediction: GPU memory returns to its baseline after
an inference error. The names follow the contract's Rust original (``ops_002``), so that one can be
found from the other. Standard library only.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES: Final = 1024**4
"""1 TiB. More than any device has: a larger reading is a corrupted counter."""

AC_OPS_002_MAX_TOLERANCE_BYTES: Final = 256 * 1024**2
"""256 MiB. Drivers keep tens of MiB of metadata; a larger tolerance would hide real leaks."""


class Ops002Verdict(Enum):
    """The contract's answer. There is no third one: what can't be judged never gets here."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    FAIL = "fail"


def verdict_from_gpu_memory_leak_delta(
    baseline_bytes: int, post_error_bytes: int, tolerance_bytes: int
) -> Ops002Verdict:
    """Judge one pair of readings, all in bytes.

    Passes only if both readings lie in [0, 1 TiB], the tolerance in [0, 256 MiB], and the readings
    differ by no more than the tolerance (inclusive, in either direction). Integers that the Rust
    type can't express (negative, beyond u64) fail.

    Raises:
        TypeError: an argument isn't an ``int`` (``bool``, ``float`` and ``None`` included): such a
            value was never measured in bytes.
    """
    for name, value in (
        ("baseline_bytes", baseline_bytes),
        ("post_error_bytes", post_error_bytes),
        ("tolerance_bytes", tolerance_bytes),
    ):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an int of bytes, got {type(value).__name__}")
    holds = (
        0 <= baseline_bytes <= AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES
        and 0 <= post_error_bytes <= AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES
        and 0 <= tolerance_bytes <= AC_OPS_002_MAX_TOLERANCE_BYTES
        and abs(post_error_bytes - baseline_bytes) <= tolerance_bytes
    )
    return Ops002Verdict.PASS if holds else Ops002Verdict.FAIL

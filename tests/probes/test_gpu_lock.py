"""One gate per GPU: while one holds it, another doesn't get it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from uuid import uuid4

from ops002.probes.gpu_lock import GpuLock

HOLDS = """
import sys
from ops002.probes.gpu_lock import GpuLock
lock = GpuLock()
print(lock.take(sys.argv[1]), flush=True)
sys.stdin.read()
"""


def test_it_is_anothers_until_that_one_ends_however_it_does() -> None:
    uuid = f"GPU-{uuid4()}"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, uuid],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with closing(GpuLock()) as lock:
            assert not lock.take(uuid)
            assert lock.take(f"{uuid}-other")
            other.kill()
            other.wait()
            assert lock.take(uuid)


def test_the_one_that_has_it_may_ask_again_and_lets_go_in_the_end() -> None:
    uuid = f"GPU-{uuid4()}"
    with closing(GpuLock()) as one, closing(GpuLock()) as other:
        assert one.take(uuid)
        assert one.take(uuid)
        assert not other.take(uuid)
        one.close()
        assert other.take(uuid)


def test_what_isnt_wanted_any_more_is_let_go() -> None:
    kept, left = f"GPU-{uuid4()}", f"GPU-{uuid4()}"
    with closing(GpuLock()) as one, closing(GpuLock()) as other:
        assert one.take(kept)
        assert one.take(left)
        one.let_go_of_others([kept])
        assert other.take(left)
        assert not other.take(kept)

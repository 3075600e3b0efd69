"""The tests in parts that run at once, each with a process table and a /dev/shm of its own.

``python -m tests.shards``; ends with 1 if a part fails. Gates that run side by side see each
other's processes and files in memory, as they should; so where a part can't have its own (that
takes root), the parts run one after another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

# The shell stays, as the first process there: orphans are its to reap.
INSIDE = 'mount -t tmpfs tmpfs /dev/shm && "$@"; exit $?'
APART = (
    *("unshare", "--mount", "--pid", "--ipc", "--fork", "--mount-proc", "--kill-child"),
    *("sh", "-c", INSIDE, "sh"),
)


@dataclass(frozen=True)
class Shard:
    """Some of the tests.

    What runs in containers is seen in the machine's own process table, and so are, by NVIDIA's
    driver, the processes on a GPU. Cases that are judged by the clock, too, aren't ``covered``: it
    makes every process of theirs half as slow again.
    """

    name: str
    paths: tuple[str, ...]
    apart: bool = True
    chosen: tuple[str, ...] = ()  # pytest's, over those that the paths have
    covered: bool = False


GPUS = (
    "tests/probes/test_meter.py",
    "tests/stories",
    "tests/test_doctor.py",
    "tests/test_gpu_command_line.py",
    "tests/test_gpu_corpus.py",
)
# The longest first, but for the rest: whatever none of them names.
NAMED = (
    Shard("containers", ("tests/docker",), apart=False),
    *(
        Shard(f"corpus: {outcome}", ("tests/test_corpus.py",), chosen=("-k", f"[{outcome}/"))
        for outcome in ("fail", "pass")
    ),
    Shard("gpus", GPUS, apart=False),
    Shard(
        "corpus: the rest of it",
        ("tests/test_corpus.py",),
        chosen=("-k", "not [fail/ and not [pass/"),
    ),
    # They search all objects of their own process: few, in one that has loaded no other test.
    Shard("agents", ("tests/agents",), covered=True),
)
# Only where their Python is named: they are large, and one is built from source.
SERVERS = (Shard("servers", ("tests/servers",), chosen=("-m", "servers")),)
OTHERS = tuple(f"--ignore={path}" for one in NAMED for path in one.paths)
REST = Shard("rest", OTHERS, covered=True)
SHARDS = (REST, *NAMED, *(SERVERS if "OPS002_SERVERS_PYTHON" in os.environ else ()))


def main() -> int:
    """Run all parts; 0 if all passed."""
    possible = subprocess.run([*APART, "true"], capture_output=True, check=False).returncode == 0
    at_once = 2 * len(os.sched_getaffinity(0)) if possible else 1  # they wait half of the time
    if not possible:
        say("the parts run one after another: none can have a process table of its own")
    worst, began = 0, time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(run, shard, apart=possible): shard for shard in SHARDS}
        for done in as_completed(running):
            code, text = done.result()
            passed = time.monotonic() - began
            say(f"=== {running[done].name}: exit code {code} after {passed:.0f} s\n{text}")
            worst = worst or code
    return 1 if worst else 0


def run(shard: Shard, *, apart: bool) -> tuple[int, str]:
    """Run a part; its exit code, and what it said."""
    around = APART if apart and shard.apart else ()
    coverage = ("-m", "coverage", "run") if shard.covered else ()
    tests = ("-m", "pytest", "-rs", *shard.paths, *shard.chosen)
    command = [*around, sys.executable, *coverage, *tests]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=False)
        said.seek(0)
        return done.returncode, said.read().decode("utf-8", "replace")


def say(words: str) -> None:
    """Tell it at once: a part takes minutes."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

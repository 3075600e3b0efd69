"""Breaks the gate in known ways, one at a time, in a copy: each must turn a named case red.

``python -m tests.mutants``; ends with 1 if a mutant survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """One change to one file, and the test that must notice it."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "take the search for holders for a holder",
        "ops002/agents/worker/blocks.py",
        "if id(container) in self.own:",
        "if False:",
        "tests/agents/test_held.py -k clearing_a_traceback",
    ),
    Mutant(
        "clear the last exception of a chain alone",
        "ops002/agents/worker/ladder.py",
        '_any_key(_FURTHER.sub("", way.chain))',
        "_any_key(way.chain)",
        "tests/agents/test_held.py -k whole_chain",
    ),
    Mutant(
        "forget what was there at the baseline",
        "ops002/agents/worker/held.py",
        "not in before,",
        "not in set(),",
        "tests/agents/test_held.py -k what_was_there_before",
    ),
    Mutant(
        "let one neighbour make up for another",
        "ops002/verdict/neighbours.py",
        "return max(taken, taken - sum(changes))",
        "return abs(sum(changes))",
        "tests/test_gpu_corpus.py -k strangers_cancel_out",
    ),
    Mutant(
        "skip the quiesce",
        "ops002/agents/worker/quiesce.py",
        "_TRIM(0)",
        "pass",
        "tests/test_corpus.py -k pass/heap_not_trimmed",
    ),
    Mutant(
        "skip the settle",
        "ops002/settle.py",
        "            if done - started >= self.rule.timeout:\n                return",
        "            return",
        "tests/test_corpus.py -k pass/returned_late",
    ),
    Mutant(
        "return early while off the baseline",
        "ops002/settle.py",
        "if self.good_enough(series[-1]):",
        "if True:",
        "tests/test_corpus.py -k pass/returned_late",
    ),
    Mutant(
        "swallow a missing process",
        "ops002/probes/host_memory.py",
        "if isinstance(share, Missing):\n                return share, parts",
        "if False:\n                return share, parts",
        "tests/probes/test_host_memory.py -k cant_be_read",
    ),
    Mutant(
        "swallow a missing reading",
        "ops002/verdict/facts.py",
        "return any(isinstance(self._newest(series), Missing) for series in waits)",
        "return False",
        "tests/trials/test_trials.py -k cant_be_taken",
    ),
    Mutant(
        "keep the exception in the worker",
        "ops002/agents/worker/user_code.py",
        '        reply: Dict[str, Any] = {"ok": False',
        '        attempt.kept = error\n        reply: Dict[str, Any] = {"ok": False',
        "tests/test_corpus.py -k pass/exception_dropped",
    ),
    Mutant(
        "ignore what is expected",
        "ops002/verdict/expect.py",
        "return tuple(_unmet(expectation, tuple(evidence)))",
        "return ()",
        "tests/test_corpus.py -k inconclusive/wrong_exception",
    ),
    Mutant(
        "take a death for the fault",
        "ops002/verdict/expect.py",
        '        yield f"no sign of {expectation.nature.value}"',
        "        pass",
        "tests/test_corpus.py -k inconclusive/dies_of_the_limit",
    ),
    Mutant(
        "forget the stake",
        "ops002/verdict/rules.py",
        "return not waived and",
        "return False and",
        "tests/test_corpus.py -k inconclusive/nothing_at_stake",
    ),
    Mutant(
        "look at the root alone",
        "ops002/processes.py",
        "                waiting.append(pid)\n",
        "",
        "tests/test_corpus.py -k fail/child_keeps",
    ),
    Mutant(
        "collect garbage with the quiesce",
        "ops002/agents/worker/quiesce.py",
        "_TRIM(0)",
        '_TRIM(0)\n    __import__("gc").collect()',
        "tests/test_selftest_command.py -k machine_is_fit",
    ),
    Mutant(
        "force the fault once before the baseline",
        "ops002/trials/serving.py",
        "self._process.make_ready(fault)",
        "self._process.force(fault, self._healthy, 0)",
        "tests/test_selftest_command.py -k machine_is_fit",
    ),
    Mutant(
        "hold every check to the contract's cap",
        "ops002/config/resolved.py",
        "tolerance_bytes=self.tolerance_bytes,",
        'tolerance_bytes=256 * SIZE_UNITS["MiB"],',
        "tests/test_selftest_command.py -k machine_is_fit",
    ),
)


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether the mutant's test stays green."""
    file = copy / mutant.file
    original = file.read_text()
    if mutant.old not in original:
        raise SystemExit(f"{mutant.name}: its place is gone from {mutant.file}")
    file.write_text(original.replace(mutant.old, mutant.new))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *mutant.test.split(" ", 2)],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(original)
    if done.returncode not in (0, 1):  # neither green nor red: no such test, or a broken copy
        raise SystemExit(f"{mutant.name}: {done.stdout}{done.stderr}")
    return done.returncode == 0


def main() -> int:
    """Try every mutant."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignored = shutil.ignore_patterns(".venv*", ".git", "__pycache__", ".*_cache", "demo-report")
        shutil.copytree(ROOT, copy, ignore=ignored)
        survivors = 0
        for mutant in MUTANTS:
            alive = survives(mutant, copy)
            survivors += alive
            sys.stdout.write(f"{'SURVIVED' if alive else 'killed  '}  {mutant.name}\n")
            sys.stdout.flush()
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

"""Breaks the pure core in every small way that cosmic-ray knows: its pure tests must notice.

``python -m tests.mutation [MODULE]...``; ends with 1 if a module's tests notice less than 95 %.
What survives is printed; `docs/mutation.md` says why it may.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
ENOUGH: Final = 0.95
SECONDS: Final = 30
"""For one mutant's tests, which take two: a mutant that waits for ever is killed by then."""

_VERDICT: Final = tuple(
    f"verdict/test_{name}"
    for name in ("judge", "figures", "precedence", "properties", "shared_device", "server")
)
TESTS: Final = {
    "verdict/growth": ("verdict/test_growth", "verdict/test_growth_definition"),
    "verdict/facts": ("verdict/test_facts", "verdict/test_shares", *_VERDICT),
    "verdict/rules": (*_VERDICT, "verdict/test_swept"),
    "verdict/judge": _VERDICT,
    "verdict/expect": (
        "verdict/test_expect",
        "verdict/test_expect_evidence",
        "verdict/test_expect_server",
        "verdict/test_swept",
    ),
    "verdict/swept": ("verdict/test_swept",),
    "verdict/gauge": ("verdict/test_server",),
    "verdict/shares": ("verdict/test_shares", "verdict/test_shared_device"),
    "verdict/neighbours": ("verdict/test_neighbours", "verdict/test_shared_device"),
    "verdict/noise": ("verdict/test_facts", "verdict/test_shared_device"),
    "verdict/stake": (
        "verdict/test_facts",
        "verdict/test_shared_device",
        "verdict/test_figures",
    ),
    "settle": ("test_settle",),
    "attempts": ("test_attempts",),
    "contract": ("test_contract",),
    "verdict/limits": ("verdict/test_judge", "verdict/test_facts"),
}
"""The modules (the longest first), and the test modules that must notice what is broken there."""

NO_BEHAVIOUR: Final = (
    "core/ReplaceBinaryOperator_BitOr_",  # stands in annotations alone
    "core/ReplaceComparisonOperator_Is_Eq",  # the same for members of an enum and for None
    "core/ReplaceComparisonOperator_IsNot_NotEq",
    "core/ReplaceUnaryOperator_USub_Not",  # in arithmetic the same as zero; elsewhere no Python
)
_HOW_A_THING_IS_MADE: Final = re.compile(
    r"^\+@dataclass\("  # frozen, with slots: the type checker holds its users to it
    r"|^-.*[(,] ?\*,",  # from here on by keyword: likewise
    re.MULTILINE,
)

_CONFIG: Final = """\
[cosmic-ray]
module-path = "ops002/{module}.py"
timeout = {seconds}
excluded-modules = []
test-command = {command}
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = {excluded}
"""


@dataclass(frozen=True)
class Score:
    """What came of one module's mutants."""

    module: str
    killed: int
    survivors: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)

    @property
    def enough(self) -> bool:
        return self.killed >= ENOUGH * self.total

    def __str__(self) -> str:
        share = 100 * self.killed / self.total
        return f"{self.module:18} {self.killed:5} of {self.total:5} killed  {share:5.1f} %"


def tried(module: str) -> Score:
    """Break one module in a copy of the tree, over and over."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("ops002", "tests"):
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "corpus")
            )
        shutil.copy(ROOT / "pyproject.toml", copy)
        tests = [f"tests/{name}.py" for name in TESTS[module]]
        pytest = [sys.executable, "-m", "pytest", "-x", "--tb=line", "-p", "no:cacheprovider"]
        command = [*pytest, "--hypothesis-profile=mutation", *tests]
        _call(copy, *command)  # the tests are green, or nothing can be said
        config = _CONFIG.format(
            module=module,
            seconds=SECONDS,
            command=json.dumps(" ".join(command)),
            excluded=json.dumps(NO_BEHAVIOUR),
        )
        (copy / "mutation.toml").write_text(config)
        for step in (
            ("cosmic-ray", "init", "mutation.toml", "session.sqlite"),
            ("cr-filter-operators", "session.sqlite", "mutation.toml"),
            ("cosmic-ray", "exec", "mutation.toml", "session.sqlite"),
        ):
            _call(copy, *step)
        return _score(module, _call(copy, "cosmic-ray", "dump", "session.sqlite"))


def _score(module: str, session: str) -> Score:
    results = [result for _, result in map(json.loads, session.splitlines())]
    judged = [
        result
        for result in results
        if result["worker_outcome"] != "skipped" and not _HOW_A_THING_IS_MADE.search(result["diff"])
    ]
    survivors = [result["diff"] for result in judged if result["test_outcome"] == "survived"]
    killed = sum(result["test_outcome"] == "killed" for result in judged)
    if killed + len(survivors) != len(judged):
        raise SystemExit(f"{module}: cosmic-ray could not try every mutant")
    return Score(module, killed, tuple("\n".join(_changed(diff)) for diff in survivors))


def _changed(diff: str) -> Iterator[str]:
    """Of a unified diff: where, and the lines that differ."""
    for line in diff.splitlines():
        if line.startswith(("@@", "+", "-")) and not line.startswith(("+++", "---")):
            yield line


def _call(folder: Path, *command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def main(modules: list[str]) -> int:
    """Try the named modules, or all."""
    enough = True
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for score in workers.map(tried, modules or TESTS):
            enough = enough and score.enough
            sys.stdout.write("\n".join((str(score), *score.survivors, "")))
            sys.stdout.flush()
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

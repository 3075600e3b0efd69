"""The shape of the code, held by tests where no linter holds it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ops002"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_are_small(module: Path) -> None:
    text = module.read_text()
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize(
    "module",
    sorted(file for part in ("agents", "planted") for file in (PACKAGE / part).rglob("*.py")),
    ids=lambda path: path.name,
)
def test_what_runs_in_the_workloads_python_parses_as_3_9(module: Path) -> None:
    ast.parse(module.read_text(), feature_version=(3, 9))


def test_only_the_agents_and_the_composition_root_end_the_process() -> None:
    callers = [
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if "sys.exit" in module.read_text() or "os._exit" in module.read_text()
    ]
    assert callers == ["__main__.py"]

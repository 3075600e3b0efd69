"""Every request has the shape that GitHub describes, and the fake's answers have it, too."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops002.github.api import Api
from ops002.github.checks import CheckRun
from ops002.github.contents import commit_at, file_at, parents
from ops002.github.exchange import GitHubFailed
from tests.command_line import wait_for
from tests.github.description import NotToBeHad, fetch, prism, problems
from tests.github.fake import TOKEN, Asked, FakeGitHub
from tests.github.test_checks import IDENTITY, OUTPUT, REMARK, remarks

SHA = "a" * 40
VERSIONS = 3


@pytest.fixture(scope="module")
def descriptions(pytestconfig: pytest.Config) -> dict[str, Any]:
    """GitHub's, and those of its server's releases."""
    try:
        return fetch(pytestconfig.cache.mkdir("github-description"))
    except NotToBeHad as why:
        pytest.skip(f"GitHub's description isn't to be had: {why}")


def ask_everything(api: Api) -> None:
    """All that the gate ever asks of check runs."""
    check = CheckRun(api, IDENTITY)
    check.begin()
    check.namesakes()
    check.complete("failure", replace(remarks(60), summary="€" * 70_000))
    for conclusion in ("success", "neutral"):
        CheckRun(api, replace(IDENTITY, number=conclusion)).complete(conclusion, OUTPUT)
    check.fail_if_unfinished(OUTPUT)


def test_requests_and_answers_are_as_described(
    github: FakeGitHub, descriptions: dict[str, Any]
) -> None:
    github.parents[SHA] = ["b" * 40]
    github.refs["a/branch"] = SHA
    github.files["scenarios/engine.py", SHA] = b"pass"
    api = Api(github.address, TOKEN)

    ask_everything(api)
    assert parents(api, "org/engine", SHA) == ("b" * 40,)
    assert commit_at(api, "org/engine", "a/branch") == SHA
    assert file_at(api, "org/engine", "scenarios/engine.py", SHA) == b"pass"
    assert file_at(api, "org/engine", "none.py", SHA) is None

    assert len(descriptions) >= VERSIONS
    assert {asked.method for asked, _, _ in github.answered} == {"GET", "POST", "PATCH"}
    for name, document in descriptions.items():
        for asked, status, said in github.answered:
            assert problems(document, asked, status, said) == [], (name, asked)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "x", "head_sha": SHA, "conclusion": "green"},
        {"name": "x", "head_sha": SHA, "output": {"title": "no summary"}},
        {"name": "x", "head_sha": SHA, "output": {"summary": "s" * 65536, "title": "t"}},
        {"name": "x", "head_sha": SHA, "more": 1},
        {
            "name": "x",
            "head_sha": SHA,
            "output": {
                "summary": "s",
                "title": "t",
                "annotations": [{"path": "a", "start_line": 1, "end_line": 1, "message": "m"}],
            },
        },
    ],
)
def test_what_is_not_as_described_is_found(body: Any, descriptions: dict[str, Any]) -> None:
    asked = Asked("POST", "/repos/org/engine/check-runs", {}, {}, body)

    assert all(problems(one, asked, 201, {"id": 1}) for one in descriptions.values())


def test_answer_that_is_not_as_described_is_found(descriptions: dict[str, Any]) -> None:
    asked = Asked("PATCH", "/repos/org/engine/check-runs/1", {}, {}, {"name": "x"})

    for one in descriptions.values():
        assert problems(one, asked, 200, {"id": 1}) == []
        assert problems(one, asked, 200, {"id": "1"})


@pytest.fixture
def described(
    pytestconfig: pytest.Config, descriptions: dict[str, Any], tmp_path: Path
) -> Iterator[str]:
    """A server that answers as GitHub describes, and refuses whatever it doesn't."""
    try:
        program = prism(pytestconfig.cache.mkdir("prism"))
    except NotToBeHad as why:
        pytest.skip(f"Prism isn't to be had: {why}")
    (file := tmp_path / "github.json").write_text(json.dumps(descriptions["api.github.com"]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [str(program), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(file)]
    log = tmp_path / "prism.log"
    with log.open("w") as opened, subprocess.Popen(line, stdout=opened, stderr=opened) as server:
        try:
            wait_for(lambda: "is listening" in log.read_text(), 90)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def test_githubs_own_description_answers(described: str) -> None:
    api = Api(described, TOKEN)

    ask_everything(api)

    assert len(parents(api, "org/engine", SHA)) == 1
    assert commit_at(api, "org/engine", "main")
    with pytest.raises(GitHubFailed, match="422"):
        CheckRun(api, IDENTITY).complete("green", OUTPUT)
    worse = replace(OUTPUT, annotations=(replace(REMARK, level="loud"),))  # type: ignore[arg-type]
    (left,) = CheckRun(api, IDENTITY).complete("success", worse)
    assert "422" in left

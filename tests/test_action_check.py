"""The action's check run: on every way out it is completed, and it decides nothing by itself."""

from __future__ import annotations

import io
import json
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops002.commands.action_check import connect, reported
from ops002.commands.action_log import Log
from tests.command_line import command, environment, wait_for
from tests.github.fake import (
    FORBIDDEN,
    TOKEN,
    FakeGitHub,
    Trouble,
    drips,
    fake_github,
    hangs,
    hangs_up,
)

HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40
OURS = {"full_name": "org/engine"}
REQUEST = {"head": {"sha": HEAD, "repo": OURS}, "base": {"sha": BASE, "repo": OURS}}
CONFIG = """
version: 1
device: cpu
scenarios:
  - name: engine
    workload: {kind: python, file: engine.py}
    faults: [oom]
"""
REQUESTS = 8
"""Of a run: the check, the parents, three files, the checks of its name, the check again, twice."""
COUNTING = 6
"""Of them the one for the checks of its name."""


@dataclass
class Step:
    """A step of a job for a pull request, where no Docker engine is: it can't pass."""

    folder: Path
    github: FakeGitHub
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        (event := self.folder / "event.json").write_text(json.dumps({"pull_request": REQUEST}))
        given = {f"INPUT_{name}": value for name, value in {"TOKEN": TOKEN, **self.inputs}.items()}
        told = {
            "DOCKER_HOST": "unix:///no/such/socket",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.address,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REPOSITORY": "org/engine",
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SHA": MERGE,
            "GITHUB_STATE": str(self.folder / "state"),
        }
        return subprocess.Popen(
            command("action", *arguments),
            cwd=self.folder,
            env=environment(**{**told, **given, **self.environ}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        out, _ = (started := self.start(*arguments)).communicate(timeout=120)
        return started.returncode, out

    def after_the_job(self) -> tuple[int, str]:
        self.environ.update({f"STATE_{name}": value for name, value in self.read("state").items()})
        return self.run("--sweep")

    def read(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        lines = iter((self.folder / name).read_text().splitlines())
        for line in lines:
            key, _, mark = line.partition("<<")
            found[key] = "\n".join(iter(lambda: next(lines), mark))
        return found


@pytest.fixture
def step(tmp_path: Path) -> Any:
    (tmp_path / "ops002.yml").write_text(CONFIG)
    (tmp_path / "engine.py").touch()
    with fake_github() as github:
        github.parents[MERGE] = [BASE, HEAD]
        yield Step(tmp_path, github)


def test_check_run_says_what_the_step_says(step: Step) -> None:
    code, out = step.run()

    assert code == 3, out
    (run,) = step.github.runs
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert (run["name"], run["head_sha"]) == ("OPS-002", HEAD)
    assert "no Docker engine answers" in run["output"]["summary"]
    assert run["output"]["annotations"][0]["path"] == "ops002.yml"
    assert step.read("state")["check"] == ""
    assert TOKEN not in out


def test_config_error_is_a_red_check_run(step: Step) -> None:
    (step.folder / "ops002.yml").write_text(CONFIG + "tolerence: 1MiB\n")

    code, _ = step.run()

    assert code == 2
    assert step.github.made() == [("completed", "failure")]
    assert "tolerence" in step.github.runs[0]["output"]["annotations"][0]["message"]


def test_inputs_that_cant_be_used_are_a_red_check_run(step: Step) -> None:
    step.inputs = {"TOLERENCE": "1MiB", "CHECK_NAME": "memory"}

    assert step.run()[0] == 2
    assert step.github.runs[0]["name"] == "memory"
    assert step.github.made() == [("completed", "failure")]


def test_green_of_the_base_is_no_green_of_the_pull_request(step: Step) -> None:
    (step.folder / ".git").mkdir()
    (step.folder / ".git/HEAD").write_text(f"{MERGE}\n")
    step.environ = {"GITHUB_EVENT_NAME": "pull_request_target"}

    code, out = step.run()

    assert code == 2, out
    assert "of which nothing would be tested" in out
    assert step.github.made() == [("completed", "failure")]


def test_run_that_only_reports_has_a_name_of_its_own(step: Step) -> None:
    step.inputs = {"MODE": "report"}

    assert step.run()[0] == 0
    assert step.github.runs[0]["name"] == "OPS-002 (report only)"
    assert step.github.runs[0]["status"] == "completed"


def test_switched_off_github_is_not_asked(step: Step) -> None:
    step.inputs = {"CHECK_RUN": "off", "CONFIG": "ops002.yml"}
    step.environ = {"GITHUB_EVENT_NAME": "push"}

    assert step.run()[0] == 3
    assert step.github.asked == []


@pytest.mark.parametrize(
    ("troubles", "words"),
    [
        ([Trouble(403, body=FORBIDDEN)] * 9, "check run:   checks: write"),
        ([Trouble(404)] * 9, "check run: permissions:"),
        ([Trouble(422, body={"message": "No commit found"})] * 9, "No commit found"),
        ([Trouble(429, {"Retry-After": "3600"})] * 9, "asks to wait 3600 s"),
        ([Trouble(403, body={"message": "secondary rate limit"})] * 9, "secondary rate limit"),
    ],
    ids=["403", "404", "422", "429", "secondary"],
)
@pytest.mark.parametrize("wish", ["auto", "required"])
def test_trouble_with_github_changes_nothing_but_is_told(
    step: Step, troubles: list[Trouble], words: str, wish: str
) -> None:
    step.github.troubles[:] = troubles
    step.inputs = {"CHECK_RUN": wish}

    code, out = step.run()

    assert code == 3  # the verdict's own, for want of an engine
    assert words in out
    assert step.read("output")["reason"] == "workload-failed"
    assert step.github.runs == []


def test_github_that_takes_for_ever_is_left_alone(step: Step) -> None:
    step.github.troubles[:] = [Trouble(how=drips)]

    code, out = step.run()

    assert code == 3
    assert "did not answer in time" in out


def test_required_check_run_that_cant_be_had_is_red(step: Step) -> None:
    """Also where all else is green: here a run that only reports."""
    step.github.troubles[:] = [Trouble(403, body=FORBIDDEN)] * 9
    step.inputs = {"MODE": "report", "CHECK_RUN": "required"}

    code, out = step.run()

    assert code == 3
    assert (step.read("output")["verdict"], step.read("output")["reason"]) == (
        "inconclusive",
        "no-check-run",
    )
    assert "::error title=" in out
    assert "checks: write" in out


def test_required_check_run_that_is_there_changes_nothing(step: Step) -> None:
    step.inputs = {"MODE": "report", "CHECK_RUN": "required"}
    step.github.troubles[:] = [Trouble(429, {"Retry-After": "30"}, method="POST")]

    code, out = step.run()

    assert code == 0
    assert "asks to wait 30 s" in out  # in the beginning; not in the end
    assert step.github.made()[0][0] == "completed"


@pytest.mark.parametrize("missing", ["INPUT_TOKEN", "GITHUB_API_URL", "GITHUB_SHA"])
def test_what_is_missing_is_told(step: Step, missing: str) -> None:
    step.environ = {missing: ""}
    if missing == "INPUT_TOKEN":
        step.environ, step.inputs = {}, {"TOKEN": ""}
    if missing == "GITHUB_SHA":
        step.environ.update(GITHUB_EVENT_NAME="push")

    code, out = step.run()

    assert code == 3
    assert "check run: there is none: " in out
    assert step.github.asked == []


@pytest.mark.parametrize("made", [True, False])
def test_killed_while_it_is_made_none_is_left_in_progress(step: Step, *, made: bool) -> None:
    """SIGKILL, before GitHub has answered: nobody knows its number."""
    step.github.troubles[:] = [Trouble(how=hangs, after=made)]
    started = step.start()
    wait_for(lambda: step.github.asked)
    started.kill()
    started.communicate()
    assert step.github.made() == ([("in_progress", None)] if made else [])

    code, out = step.after_the_job()

    assert code == 0, out
    assert step.github.made() == ([("completed", "failure")] if made else [])


def test_requests_of_a_run_are_those_that_are_tried_below(step: Step) -> None:
    step.run()

    assert len(step.github.asked) == REQUESTS


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_killed_at_any_request_none_is_left_in_progress(step: Step, number: int) -> None:
    step.github.at[number] = Trouble(how=hangs, after=True)
    started = step.start()
    wait_for(lambda: len(step.github.asked) >= number or started.poll() is not None)
    started.kill()
    started.communicate()
    before = step.github.made()

    step.after_the_job()

    assert [status for status, _ in step.github.made()] == ["completed"] * len(before)
    assert len(before) == 1


def test_signalled_it_is_completed(step: Step) -> None:
    """Before anything listens to signals: while the gate's files are compared."""
    step.github.troubles[:] = [Trouble(how=hangs, method="GET")]
    started = step.start()
    wait_for(lambda: "GET" in step.github.methods())

    started.send_signal(2)
    out, err = started.communicate(timeout=60)

    assert started.returncode != 0
    assert step.github.made() == [("completed", "failure")]
    # One that was asked for before may be made only now: the step after the job looks.
    assert step.read("state")["check"], f"{out}{err}"
    assert json.loads(step.read("state")["check"])["head_sha"] == HEAD


def test_engine_that_hangs_keeps_no_check_in_progress(step: Step) -> None:
    step.github.troubles[:] = [Trouble(how=hangs, method="GET")]
    started = step.start()
    wait_for(lambda: "GET" in step.github.methods())
    started.kill()
    started.communicate()
    step.environ = {f"STATE_{name}": value for name, value in step.read("state").items()}
    with socket.create_server(("127.0.0.1", 0)) as engine:
        step.environ["DOCKER_HOST"] = f"tcp://127.0.0.1:{engine.getsockname()[1]}"
        step.environ["STATE_run"] = "7f"
        swept = step.start("--sweep")
        wait_for(lambda: step.github.made() == [("completed", "failure")])
        swept.kill()
        swept.communicate()


def test_after_the_job_nothing_is_done_to_what_is_completed(step: Step) -> None:
    step.run()
    asked = len(step.github.asked)

    assert step.after_the_job() == (0, "")
    assert len(step.github.asked) == asked


@pytest.mark.parametrize("state", ["", "{}", "[]", "null", "{", '{"name": 1}', '"x"', "7"])
def test_state_that_is_none_is_passed_over(step: Step, state: str) -> None:
    step.environ = {"STATE_check": state}

    assert step.run("--sweep") == (0, "")


def test_another_step_of_the_same_name_turns_it_red(step: Step) -> None:
    """Of two check runs GitHub takes the newer for the truth: here a green one would be."""
    step.run()
    step.inputs = {"MODE": "gate"}

    _, out = step.run()

    assert "check_name" in out
    assert {conclusion for _, conclusion in step.github.made()} == {"failure"}
    assert step.github.runs[-1]["output"]["title"].startswith("INCONCLUSIVE check-name")


def test_check_that_may_stand_in_for_a_red_one_is_red(step: Step) -> None:
    step.github.at[COUNTING] = Trouble(403, body={"message": "secondary rate limit"})

    _, out = step.run()

    assert step.github.asked[COUNTING - 1].path.endswith("/check-runs")
    assert "isn't known" in out
    assert step.github.runs[0]["output"]["title"].startswith("INCONCLUSIVE check-name")


def test_run_again_it_isnt_taken_for_another_step(step: Step) -> None:
    step.run()
    step.environ["GITHUB_RUN_ATTEMPT"] = "2"

    _, out = step.run()

    assert "check_name" not in out
    assert len(step.github.runs) == 2


class Defect(Exception):
    """Of ours."""


@pytest.mark.parametrize("error", [Defect("boom"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_ends_the_action_completes_it(error: BaseException, tmp_path: Path) -> None:
    with fake_github() as github:
        environ = {
            "INPUT_TOKEN": TOKEN,
            "GITHUB_API_URL": github.address,
            "GITHUB_REPOSITORY": "org/engine",
            "GITHUB_SHA": HEAD,
            "GITHUB_STATE": str(tmp_path / "state"),
        }

        def ends() -> None:
            with reported(environ, connect(environ), Log(io.StringIO())):
                assert github.made() == [("in_progress", None)]
                raise error

        _raises(ends, type(error))

        assert github.made() == [("completed", "failure")]
        assert ("boom" in github.runs[0]["output"]["summary"]) == isinstance(error, Defect)


def _raises(ends: Callable[[], None], kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        ends()


def test_body_that_forgets_it_is_a_defect(tmp_path: Path) -> None:
    with fake_github() as github:
        environ = {
            "INPUT_TOKEN": TOKEN,
            "GITHUB_API_URL": github.address,
            "GITHUB_REPOSITORY": "org/engine",
            "GITHUB_SHA": HEAD,
            "GITHUB_STATE": str(tmp_path / "state"),
        }
        with reported(environ, connect(environ), Log(io.StringIO())):
            pass

        assert github.made() == [("completed", "failure")]


def test_connection_that_is_lost_while_it_is_completed_is_told(step: Step) -> None:
    step.github.troubles[:] = [Trouble(how=hangs_up, method="PATCH")] * 9

    code, out = step.run()

    assert code == 3
    assert "check run: it isn't completed: " in out

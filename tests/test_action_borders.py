"""What an action takes from a workflow and a checkout, before anything is started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

import pytest

from ops002.commands.action_report import judged
from ops002.commands.config_loading import (
    BadConfig,
    find_config,
    in_working_directory,
    load_config,
)
from ops002.commands.containers import repositories
from ops002.commands.report_folder import prepared, report_folder
from ops002.config.overrides import Instead
from ops002.executors import StartFailed
from ops002.executors.docker.sibling import Mount, Own
from ops002.github.event import Fork, refuse_fork
from ops002.github.inputs import BadInputs, Mode, read_inputs
from ops002.report import to_json
from ops002.reporters.places import Places
from tests.command_line import ROOT, ops002
from tests.reports import RESULTS

RUNNER = 1001
ROOT_FOLDER = PurePosixPath("/")
OWN = Own(id="0", image="0", mounts=(Mount(ROOT_FOLDER, ROOT_FOLDER),))
"""A container that has the whole host."""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, with the machine's files beside it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("given", ["report", "Report", " REPORT\n"])
def test_input_is_read_in_any_case(given: str) -> None:
    assert read_inputs({"INPUT_MODE": given}).mode is Mode.REPORT


@pytest.mark.parametrize(
    "folder", ["/./etc", "/opt/../etc", "//etc", "/github/runner_temp/models", "models", "/var/run"]
)
def test_mount_of_the_machine_or_the_runner_is_refused(folder: str) -> None:
    with pytest.raises(BadInputs, match="mounts"):
        read_inputs({"INPUT_MOUNTS": f"/opt/models\n{folder}"})


@pytest.mark.parametrize(
    ("folder", "held"),
    [("/home/runner", True), ("/home/runner/_work/_temp", True), ("/home/models", False)],
)
def test_folder_that_holds_the_runners_is_known(folder: str, *, held: bool) -> None:
    temp = PurePosixPath("/home/runner/_work/_temp")

    own = Own(id="", image="", mounts=(Mount(temp, PurePosixPath("/github/runner_temp")),))

    assert own.is_held_by(folder) is held


def test_config_is_told_by_its_place_in_the_checkout(checkout: Path) -> None:
    """The gate beside the action has the checkout elsewhere."""
    (checkout / "gate.yml").touch()
    (checkout / "ops002.yml").symlink_to("gate.yml")

    assert in_working_directory(find_config(None)) == "gate.yml"
    assert in_working_directory(checkout / "gate.yml") == "gate.yml"


@pytest.mark.parametrize("target", ["/proc/self/environ", "../secret", "/dev/zero"])
def test_config_that_leads_out_of_the_checkout_is_refused(checkout: Path, target: str) -> None:
    (checkout / "ops002.yml").symlink_to(target)

    with pytest.raises(BadConfig, match="isn't a file of"):
        in_working_directory(find_config(None))


def test_config_without_end_is_refused() -> None:
    with pytest.raises(BadConfig, match="over 1 MiB"):
        load_config("/dev/zero")


def test_lines_of_scenarios_are_known(checkout: Path) -> None:
    (checkout / "ops002.yml").write_text(
        "version: 1\ndevice: cpu\nscenarios:\n"
        "  - name: first\n    workload: {kind: python, file: a.py}\n    faults: [oom]\n"
        "  # another\n  -\n    faults: [oom]\n"
        "    workload: {kind: python, file: a.py}\n    name: second\n"
    )

    loaded = load_config(None, Instead(scenarios=("second",)))

    assert (loaded.file, loaded.lines) == ("ops002.yml", {"first": 4, "second": 9})


def test_report_folder_that_is_a_link_is_refused(checkout: Path) -> None:
    (checkout / "reports").symlink_to("../elsewhere")

    with pytest.raises(StartFailed, match="symbolic link"):
        report_folder("reports/here", {}, OWN)


def test_output_that_is_a_link_is_refused(checkout: Path, tmp_path: Path) -> None:
    (checkout / "r").mkdir()
    (checkout / "r/output").symlink_to(tmp_path)
    (checkout / "ops002.yml").write_text(
        "version: 1\nscenarios:\n- name: a\n  workload: {kind: python, file: a.py}\n"
        "  faults: [oom]\ndevice: cpu\n"
    )

    ended = ops002("run", "--report-dir", "r", cwd=checkout)

    assert ended.code == 2, ended.out + ended.err
    assert "symbolic link" in ended.err


@pytest.mark.skipif(os.getuid() != 0, reason="an action's container is root's")
def test_report_is_the_runners_and_nothing_else_changes_hands(checkout: Path) -> None:
    """Also where the report goes to a folder that holds more."""
    os.chown(checkout, RUNNER, RUNNER)
    (checkout / "roots").touch()

    with prepared(checkout) as report:
        report.touch()
    with prepared(checkout / "new/folder") as below:
        below.touch()

    theirs = {file.name for file in checkout.rglob("*") if file.stat().st_uid == RUNNER}
    assert theirs == {report.name, "new", "folder"}
    assert below.stat().st_uid == RUNNER
    assert (checkout / "roots").stat().st_uid == 0


def test_report_folder_that_cant_be_written_says_so(checkout: Path) -> None:
    (checkout / "file").touch()

    with pytest.raises(StartFailed, match="report_dir"), prepared(checkout / "file"):
        pytest.fail("there is no such folder")


OURS, THEIRS = {"full_name": "org/engine"}, {"full_name": "stranger/engine"}


@pytest.mark.parametrize(
    ("name", "event", "refused"),
    [
        (
            "pull_request",
            {"pull_request": {"head": {"repo": THEIRS}, "base": {"repo": OURS}}},
            True,
        ),
        ("pull_request", {"pull_request": {"head": {"repo": OURS}, "base": {"repo": OURS}}}, False),
        ("pull_request_target", {"pull_request": {"head": {"repo": None}}}, True),
        ("workflow_run", {"workflow_run": {"head_repository": THEIRS}, "repository": OURS}, True),
        ("workflow_run", {"workflow_run": {"head_repository": OURS}, "repository": OURS}, False),
        ("issue_comment", {"issue": {"pull_request": {}}}, True),
        ("issue_comment", {"issue": {}}, False),
        ("issue_comment", {}, True),
        ("merge_group", {}, False),
        ("push", {}, False),
    ],
)
def test_event_that_can_be_a_forks_is_refused(
    tmp_path: Path, name: str, event: dict[str, object], *, refused: bool
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}

    with pytest.raises(Fork, match="allow_fork") if refused else nullcontext():
        refuse_fork(environ, allowed=False)
    refuse_fork(environ, allowed=True)


def test_repositories_are_found_at_any_depth(checkout: Path) -> None:
    for folder in (".git/modules/x/.git", "a/b/c/d/.git", "a/.hidden/.git"):
        (checkout / folder).mkdir(parents=True)
    (checkout / "a/.git").write_text("gitdir: ../.git/modules/a\n")
    (checkout / "loop").symlink_to(checkout)

    found = {str(Path(one).relative_to(checkout)) for one in repositories(checkout)}

    assert found == {".git", "a/b/c/d/.git", "a/.hidden/.git"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_is_heard_before_anything_is_imported(
    tmp_path: Path, number: signal.Signals
) -> None:
    slow = tmp_path / "ops002"
    slow.mkdir()
    (slow / "__init__.py").write_text("import time; print('here', flush=True); time.sleep(60)")
    # Beside it: a script's own folder comes first.
    entrypoint = shutil.copy(ROOT / "entrypoint.py", tmp_path)
    line = [sys.executable, entrypoint]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "here\n"

        started.send_signal(number)

        assert started.wait(30) == 128 + number


@pytest.mark.parametrize("code", [0, 1, 3, 137])
def test_report_that_the_gate_does_not_stand_by_is_no_verdict(tmp_path: Path, code: int) -> None:
    """Killed on its way out, it has left a report that passes."""
    (report := tmp_path / "report.json").write_text(to_json(RESULTS["pass"]))
    (cases := tmp_path / "ops002-junit.xml").write_text("<testsuites/>")

    ending = judged(code, report, "/on/host", Places(), gates=True)

    assert ending.code == (0 if code == 0 else 3)
    assert cases.exists() == (code == 0)
    assert ending.outputs["verdict"] == ("pass" if code == 0 else "inconclusive")
    assert ("exit code" in ending.annotations[0].message) == (code != 0)


@pytest.mark.parametrize("name", ["a defect of the gate", "interrupted before any trial"])
def test_report_without_trials_is_red(tmp_path: Path, name: str) -> None:
    (report := tmp_path / "report.json").write_text(to_json(RESULTS[name]))

    ending = judged(RESULTS[name].exit_code, report, "/on/host", Places(), gates=True)

    assert ending.code == RESULTS[name].exit_code != 0
    assert ending.outputs["verdict"] == "inconclusive"
    assert RESULTS[name].reason.value in ending.annotations[0].message


@pytest.mark.parametrize("left", [None, "", "{}", '{"outcome": "pass"}'])
def test_without_a_report_nothing_is_judged(tmp_path: Path, left: str | None) -> None:
    report = tmp_path / "report.json"
    if left is not None:
        report.write_text(left)

    ending = judged(0, report, "/on/host", Places(), gates=True)

    assert ending.code == 3
    assert ending.outputs["verdict"] == "inconclusive"
    assert "left no report that can be used" in ending.annotations[0].message
    assert not (tmp_path / "ops002-junit.xml").exists()


def test_cases_of_a_run_that_was_ended_are_gone(tmp_path: Path) -> None:
    """The gate beside may have been done, and left a file that is green; the step is red."""
    cases = tmp_path / "ops002-junit.xml"
    cases.touch()

    def ended() -> None:
        with prepared(tmp_path):
            cases.write_text("<testsuites/>")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ended()

    assert not cases.exists()


def test_cases_that_the_gate_left_are_written_again(tmp_path: Path) -> None:
    (report := tmp_path / "report.json").write_text(to_json(RESULTS["fail"]))
    (tmp_path / "ops002-junit.xml").write_text("<testsuites/>")

    judged(1, report, "/on/host", Places(), gates=True)

    assert "survivors" in (tmp_path / "ops002-junit.xml").read_text()

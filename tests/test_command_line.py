"""The command line as its users meet it: bad input, reports, interruption."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jsonschema import Draft202012Validator

from ops002.report import to_document
from tests.builders import Serving, gate
from tests.command_line import (
    command,
    environment,
    ops002,
    processes_mentioning,
    read_report,
    wait_for,
    works,
)

SCENARIO = """
def load(device):
    return "model"

def infer(model):
    return len(b"x" * (100 << 20))

def fail(model):
    activations = b"x" * (100 << 20)
    raise RuntimeError(f"boom {len(activations)}")
"""

CONFIG = """
version: 1
device: cpu
repeat: 1
scenarios:
  - name: one
    workload: {kind: python, file: scenario.py}
    faults: [{kind: call, expect: {match: boom}}]
"""


SMALL_DISK = ("unshare", "--map-root-user", "--mount")
"""Runs what follows with mounts of its own, which go when it ends."""


def can_mount() -> bool:
    """Whether this machine lets us have mounts of our own."""
    mount = "mount -t tmpfs ops002-test /mnt"
    return works(*SMALL_DISK, "sh", "-c", mount)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a scenario and a config that pass."""
    (tmp_path / "scenario.py").write_text(SCENARIO)
    (tmp_path / "ops002.yml").write_text(CONFIG)
    return tmp_path


def replace(project: Path, old: str, new: str) -> None:
    text = (project / "ops002.yml").read_text()
    assert old in text
    (project / "ops002.yml").write_text(text.replace(old, new))


class TestConfig:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("repeat: 1", "repeat: 0", "ops002.yml:4: repeat: "),
            ("repeat: 1", "warmup: 0", "ops002.yml:4: warmup: "),
            ("repeat: 1", "tolerance: 8GiB", "ops002.yml:4: tolerance: 8GiB is over"),
            ("repeat: 1", "tolerance: 268435457B", "ops002.yml:4: tolerance: "),
            ("repeat: 1", "tolerence: 1MiB", "did you mean tolerance?"),
            ("repeat: 1", "repeat: 1\nrepeat: 2", "ops002.yml:5: repeat: given twice"),
            ("repeat: 1", "repeat: [", "ops002.yml:6: not valid YAML"),
            ("repeat: 1", "exclusive: true", "is about GPUs"),
            ("device: cpu", "device: gpu", "allowed are cpu, cuda"),
            (", expect: {match: boom}", "", "faults[0].expect: is required"),
            ("scenario.py", "[]", "workload.file: must be text"),
        ],
    )
    def test_a_wrong_config_is_refused_with_its_line(
        self, project: Path, old: str, new: str, message: str
    ) -> None:
        replace(project, old, new)

        run, check = ops002("run", cwd=project), ops002("check-config", cwd=project)

        assert run.code == check.code == 2
        assert message in run.err
        assert run.err == check.err
        assert not (project / "ops002-report").exists()

    @pytest.mark.parametrize("content", [b"", b"\x00\x7fELF\x00", b"\xff\xfe\x00", b"- 1\n", b"3"])
    def test_a_file_that_is_no_config_is_refused(self, project: Path, content: bytes) -> None:
        (project / "ops002.yml").write_bytes(content)

        assert ops002("run", cwd=project).code == 2

    def test_a_missing_config_says_where_it_was_looked_for(self, tmp_path: Path) -> None:
        ended = ops002("run", cwd=tmp_path)

        assert ended.code == 2
        assert ".github/ops002.yml" in ended.err

    def test_the_config_of_the_github_folder_comes_first(self, project: Path) -> None:
        (project / ".github").mkdir()
        (project / ".github" / "ops002.yml").write_text(CONFIG.replace("one", "other"))

        assert "other: call" in ops002("check-config", cwd=project).out

    def test_an_unknown_scenario_is_refused_with_the_nearest(self, project: Path) -> None:
        ended = ops002("run", "--scenario", "oen", cwd=project)

        assert ended.code == 2
        assert "did you mean one?" in ended.err

    def test_check_config_says_how_often_the_workload_is_started(self, project: Path) -> None:
        replace(
            project, "{kind: python, file: scenario.py}", "{kind: command, run: [a], healthy: [b]}"
        )
        replace(
            project, "{kind: call, expect: {match: boom}}", "{kind: exit, expect: {exit_code: [1]}}"
        )
        replace(project, "repeat: 1", "repeat: 3")

        assert "started 8 times" in ops002("check-config", cwd=project).out

    def test_the_device_option_overrides_the_config(self, project: Path) -> None:
        replace(project, "device: cpu", "device: cuda")

        assert ops002("run", "--device", "cpu", cwd=project).code == 0

    def test_an_unknown_subcommand_is_a_usage_error(self) -> None:
        assert ops002("rum").code == 2


class TestReport:
    def test_a_pass_is_judged_again_with_the_same_exit_code(self, project: Path) -> None:
        ended = ops002("run", cwd=project)
        file = project / "ops002-report" / "ops002-report.json"

        assert ended.code == 0, ended.err
        assert ops002("judge", file).code == 0

    def test_an_edited_report_is_refused(self, project: Path) -> None:
        (project / "scenario.py").write_text(
            SCENARIO.replace("    raise", "    model_kept.append(activations)\n    raise")
            + "\nmodel_kept = []\n"
        )
        replace(project, "repeat: 1", "settle: {timeout: 1s}")
        ended = ops002("run", cwd=project)
        file = project / "ops002-report" / "ops002-report.json"
        assert ended.code == 1, ended.out
        assert 'type="leak"' in file.with_name("ops002-junit.xml").read_text()

        file.write_text(file.read_text().replace('"outcome": "fail"', '"outcome": "pass"'))
        again = ops002("judge", file)

        assert again.code == 2
        assert "refused" in again.err

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 2}', "\x00"])
    def test_what_is_no_report_is_refused(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "r.json").write_text(content)

        ended = ops002("judge", tmp_path / "r.json")

        assert ended.code == 2
        assert "Traceback" not in ended.err

    def test_a_refusal_quotes_the_report_harmlessly(self, tmp_path: Path) -> None:
        """A report can come from anybody, and what is wrong with it goes to the job's log."""
        keys = ("::error::x", "##[error]x", "\x1b[2J", "\n::error::x")
        report = to_document(gate(Serving().measurement())) | dict.fromkeys(keys, 1)
        (tmp_path / "r.json").write_text(json.dumps(report))

        told = ops002("judge", tmp_path / "r.json").err.splitlines()

        assert len(told) == 1 + len(keys)
        assert all(line.isprintable() and "##[" not in line for line in told)
        assert not any(line.lstrip().startswith("::") for line in told)

    def test_json_prints_the_report_and_nothing_else(self, project: Path) -> None:
        ended = ops002("run", "--json", cwd=project)

        assert json.loads(ended.out) == read_report(project / "ops002-report")

    def test_without_a_terminal_there_is_no_colour(self, project: Path) -> None:
        assert "\x1b" not in ops002("run", cwd=project).out

    def test_under_actions_the_report_goes_to_the_runners_temp(self, project: Path) -> None:
        temp = project / "temp"
        temp.mkdir()
        ended = ops002("run", cwd=project, GITHUB_ACTIONS="true", RUNNER_TEMP=str(temp))

        assert ended.code == 0
        assert read_report(temp / "ops002")["outcome"] == "pass"

    def test_a_folder_that_cant_be_written_is_refused_before_anything_runs(
        self, project: Path
    ) -> None:
        (project / "file").write_text("")
        (project / "scenario.py").write_text("open('ran', 'w')\n" + SCENARIO)

        ended = ops002("run", "--report-dir", project / "file" / "sub", cwd=project)

        assert ended.code == 2
        assert "--report-dir" in ended.err
        assert not (project / "ran").exists()

    def test_an_older_report_doesnt_outlive_the_start_of_a_run(self, project: Path) -> None:
        ops002("run", cwd=project)
        process = start(project, "import time; time.sleep(60)\n" + SCENARIO)
        wait_for(lambda: not (project / "ops002-report" / "ops002-report.json").exists())
        process.kill()
        process.communicate()

        assert not (project / "ops002-report" / "ops002-report.json").exists()

    def test_what_older_runs_left_is_gone_and_nobody_elses_file(self, project: Path) -> None:
        ops002("run", cwd=project)
        folder = project / "ops002-report"
        (folder / "ops002-report.part").write_text("{")
        (folder / "output" / "mine.log").write_text("")
        (old,) = folder.glob("output/one-*.log")
        replace(project, "name: one", "name: other")

        assert ops002("run", cwd=project).code == 0
        assert not (folder / "ops002-report.part").exists()
        assert not old.exists()
        assert (folder / "output" / "mine.log").exists()

    def test_a_disk_that_is_full_at_the_end_is_never_a_pass(self, project: Path) -> None:
        # A folder in the report's place can't be replaced by a file.
        (project / "scenario.py").write_text(
            SCENARIO + "\nimport os\nos.makedirs('ops002-report/ops002-report.json/x')\n"
        )

        ended = ops002("run", cwd=project)

        assert ended.code == 3
        assert "could not be written" in ended.err

    @pytest.mark.parametrize("kibibytes", [4, 512])
    def test_a_disk_that_fills_up_is_never_a_pass(self, project: Path, kibibytes: int) -> None:
        """4 KiB are full with the report, 512 KiB with what the workload prints."""
        if not can_mount():
            pytest.skip("mounting a small disk is not allowed here")
        (project / "scenario.py").write_text(
            SCENARIO.replace("    raise", f"    print('x' * {kibibytes << 11})\n    raise")
        )
        (project / "disk").mkdir()
        gate = shlex.join(command("run", "--report-dir", "disk/r"))
        line = (
            f"mount -t tmpfs -o size={kibibytes}k,nr_inodes=9 ops002-test disk\n"
            f"{gate}; code=$?; echo [$(ls disk/r | grep ops002-report)]; exit $code"
        )

        done = subprocess.run(
            [*SMALL_DISK, "sh", "-c", line],
            cwd=project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 3, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "could not be written (No space left on device)" in done.stderr
        assert "[]\n" in done.stdout  # no half of a report either

    def test_a_closed_pipe_behind_it_doesnt_change_the_verdict(self, project: Path) -> None:
        line = f"{shlex.join(command('run'))} | true; exit ${{PIPESTATUS[0]}}"

        done = subprocess.run(
            ["bash", "-c", line],
            cwd=project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0
        assert "Traceback" not in done.stderr
        assert read_report(project / "ops002-report")["outcome"] == "pass"

    def test_a_full_disk_behind_the_output_doesnt_change_the_verdict(self, project: Path) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command("run"), cwd=project, env=environment(), stdout=full, check=False
            )

        assert done.returncode == 0


def test_an_inconclusive_scenario_is_tried_again_and_both_attempts_are_kept(project: Path) -> None:
    (project / "scenario.py").write_text(
        SCENARIO.replace("RuntimeError(", "(RuntimeError if open('n', 'a').tell() else KeyError)(")
        + "\nimport os\ndef unload(model): open('n', 'a').write('x')\n"
    )
    replace(project, "match: boom", "exception: RuntimeError")

    ended = ops002("run", cwd=project)
    report = read_report(project / "ops002-report")

    assert ended.code == 0, ended.out
    assert [(trial["attempt"], trial["outcome"]) for trial in report["trials"]] == [
        (1, "inconclusive"),
        (2, "pass"),
    ]
    assert ops002("judge", project / "ops002-report" / "ops002-report.json").code == 0


def test_children_that_the_gate_had_before_are_left_alone(project: Path) -> None:
    """A shell that starts a helper and then becomes the gate leaves it a child."""
    gate = shlex.join(command("run"))
    line = f"sleep 987.5 > /dev/null 2>&1 & echo $! > helper; exec {gate}"

    done = subprocess.run(
        ["bash", "-c", line], cwd=project, env=environment(), capture_output=True, check=False
    )

    helper = psutil.Process(int((project / "helper").read_text()))
    try:
        assert done.returncode == 0, done.stdout
        assert helper.name() == "sleep"
    finally:
        helper.kill()


IGNORES_CHILDREN = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_exit_statuses_are_read_though_the_starter_ignores_its_children(project: Path) -> None:
    (project / "fails.sh").write_text("head -c 100M /dev/zero | sort > /dev/null\nexit 3\n")
    replace(project, "kind: python, file: scenario.py", "kind: command, run: [sh, fails.sh]")
    replace(
        project, "{kind: call, expect: {match: boom}}", "{kind: exit, expect: {exit_code: [3]}}"
    )

    done = subprocess.run(
        [sys.executable, "-c", IGNORES_CHILDREN, *command("run")],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def start(project: Path, scenario: str) -> subprocess.Popen[str]:
    """Start a run that the test will interrupt."""
    (project / "scenario.py").write_text(scenario)
    return subprocess.Popen(
        command("run"),
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


MARK = "import pathlib; pathlib.Path('reached').touch()"

STAGES = {
    "loading": SCENARIO.replace('return "model"', f"{MARK}; import time; time.sleep(60)"),
    "warming up": SCENARIO.replace(
        "return len", f"{MARK}; import time; time.sleep(60); return len"
    ),
    "in the fault": SCENARIO.replace(
        "    raise", f"    {MARK}; import time; time.sleep(60); raise"
    ),
    "settling": SCENARIO.replace("    raise", f"    {MARK}; load.kept = activations\n    raise"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_run_leaves_a_report_and_nothing_else(
    project: Path, stage: str, number: signal.Signals
) -> None:
    process = start(project, STAGES[stage])
    wait_for((project / "reached").exists)
    if stage == "settling":
        time.sleep(1)

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    report = read_report(project / "ops002-report")
    assert process.returncode == report["exit_code"] == 128 + number
    assert (report["outcome"], report["reason"]) == ("inconclusive", "interrupted")
    assert processes_mentioning(str(project)) == []
    assert "Traceback" not in err
    judged = ops002("judge", project / "ops002-report" / "ops002-report.json")
    assert judged.code == 128 + number


def test_an_interrupted_command_leaves_a_report_and_nothing_else(project: Path) -> None:
    replace(
        project,
        "{kind: python, file: scenario.py}",
        '{kind: command, run: [sh, -c, "touch reached; exec sleep 976.5"]}',
    )
    replace(
        project, "{kind: call, expect: {match: boom}}", "{kind: exit, expect: {exit_code: [1]}}"
    )
    process = start(project, SCENARIO)
    wait_for((project / "reached").exists)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert process.returncode == read_report(project / "ops002-report")["exit_code"] == 143
    assert processes_mentioning("sleep 976.5") == []


@pytest.mark.parametrize(("arguments", "title"), [([], "ConfigText"), (["--report"], "GateResult")])
def test_schema_prints_a_json_schema(arguments: list[str], title: str) -> None:
    ended = ops002("schema", *arguments)

    assert ended.code == 0
    schema = json.loads(ended.out)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == title


def test_max_duration_ends_a_run_as_inconclusive(project: Path) -> None:
    replace(project, "repeat: 1", "max_duration: 1s")
    (project / "scenario.py").write_text(STAGES["loading"])

    ended = ops002("run", cwd=project)

    assert ended.code == 3
    assert read_report(project / "ops002-report")["reason"] == "interrupted"


def test_help_and_config_errors_load_nothing_heavy(project: Path) -> None:
    replace(project, "repeat: 1", "repeat: 0")
    loaded = (
        "import sys; from ops002.cli import main\n"
        "try: main({argv!r}, {{}})\n"
        "except SystemExit: pass\n"
        "print(sorted(set(sys.modules) & {{'torch', 'docker', 'pynvml', 'rich', 'pydantic'}}))"
    )
    for argv, allowed in ((["--help"], "[]"), (["check-config"], "['pydantic']")):
        done = subprocess.run(
            [command()[0], "-c", loaded.format(argv=argv)],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == allowed

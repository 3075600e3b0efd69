"""The action as a runner starts it, on a real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.command_line import command, environment, ops002
from tests.docker.engine import ask, left_on_engine
from tests.docker.runner import TOKEN, Step
from tests.docker.test_image import CLEAN, CONFIG, LEAKING
from tests.runners_log import read_log


@pytest.fixture
def step(image: str, tmp_path: Path) -> Step:
    """A step on a checkout with a clean engine."""
    made = Step(tmp_path, image)
    (made.workspace / "ops002.yml").write_text(CONFIG)
    (made.workspace / "engine.py").write_text(CLEAN)
    return made


@pytest.mark.parametrize(
    ("source", "code", "verdict", "reason"),
    [(CLEAN, 0, "pass", "returned-to-baseline"), (LEAKING, 1, "fail", "leak")],
    ids=["clean", "leaking"],
)
def test_is_judged_in_siblings(
    step: Step, source: str, code: int, verdict: str, reason: str
) -> None:
    (step.workspace / "engine.py").write_text(source)

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == code, out + err
    outputs = step.outputs()
    assert (outputs["verdict"], outputs["reason"]) == (verdict, reason)
    report = json.loads(Path(outputs["report_path"]).read_text())
    assert report["reason"] == reason
    assert report["environment"]["git"]["tested_sha"] == "0123456789abcdef0123456789abcdef01234567"
    read = read_log(out)
    (annotation,) = read.annotations()
    assert not read.stopped
    assert annotation.name == ("notice" if code == 0 else "error")
    assert annotation.data.startswith(f"{verdict.upper()} {reason}: ")
    place = (annotation.properties["file"], annotation.properties["line"])
    # Of a pass the config; of a leak where it was allocated, by its path in the repository.
    assert place == (("ops002.yml", "1") if code == 0 else ("engine.py", "6"))
    # The console's view comes after it, and is of the recomputed result.
    assert out.index("::stop-commands::", out.index(annotation.name)) < out.index("detects from")
    mark = "✅" if code == 0 else "❌"
    assert unescape(step.summary()).startswith(f"## {mark} {verdict.upper()} {reason}: ")
    cases = ET.parse(Path(outputs["report_path"]).with_name("ops002-junit.xml"))
    assert len(cases.findall(".//failure")) == (0 if code == 0 else 1)
    assert (int(outputs["worst_delta_bytes"]) > 100 << 20) == (code == 1)
    assert step.left() == []
    assert {file.name for file in step.workspace.iterdir()} == {"engine.py", "ops002.yml"}


SERVER = """\
version: 1
device: cpu
repeat: 2
control: 1
settle: {timeout: 5s}
scenarios:
  - name: api
    container: {image: IMAGE}
    workload:
      kind: server
      run: [python3, engine.py, "{port}"]
      ready: {url: "http://127.0.0.1:{port}/"}
      healthy: {url: "http://127.0.0.1:{port}/"}
    faults:
      - {kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503]}}
"""

SERVED = """\
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Engine(BaseHTTPRequestHandler):
    def do_GET(self):
        activations = b"x" * (150 << 20 if self.path == "/fail" else 1)
        self.send_response(503 if len(activations) > 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()


HTTPServer(("127.0.0.1", int(sys.argv[1])), Engine).serve_forever()
"""


def test_server_in_a_container_is_asked_from_its_own_network(
    step: Step, workload_image: str
) -> None:
    """That container has no network: nobody but the gate's client gets to its loopback."""
    (step.workspace / "ops002.yml").write_text(SERVER.replace("IMAGE", workload_image))
    (step.workspace / "engine.py").write_text(SERVED)

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    assert step.outputs()["reason"] == "returned-to-baseline"
    assert step.left() == []


def test_report_is_the_runners(step: Step) -> None:
    """What root leaves in a runner's folders, the next job can't remove."""
    runner = 1001
    for folder in (step.work, *step.work.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
        os.chown(folder, runner, runner)

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    owners = {file: file.stat().st_uid for file in (step.work / "_temp/ops002").rglob("*")}
    assert set(owners.values()) == {runner}, owners


def test_config_error_is_told_at_once(step: Step) -> None:
    (step.workspace / "ops002.yml").write_text(CONFIG + "tolerence: 1MiB\nrepete: 2\n")
    last = CONFIG.count("\n") + 2

    out, _ = (started := step.start()).communicate(timeout=60)

    assert started.returncode == 2
    found = [(one.name, one.properties["line"]) for one in read_log(out).annotations()]
    assert found == [("error", str(last - 1)), ("error", str(last))]
    assert "did you mean tolerance" in out
    assert "did you mean repeat" in step.summary()
    assert (step.outputs()["verdict"], step.outputs()["reason"]) == (
        "inconclusive",
        "config-error",
    )


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"tolerence": "1MiB"}, "did you mean tolerance?"),
        ({"isolation": "inline"}, "isn't carried out"),
        ({"mounts": "/"}, "the host itself"),
        ({"mounts": "/var/run/docker.sock"}, "the host itself"),
        ({"tolerance": "1GiB"}, "over the contract's cap"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_inputs_that_cant_be_carried_out_are_refused(
    step: Step, inputs: dict[str, str], words: str
) -> None:
    step.inputs.update(inputs)

    out, _ = (started := step.start()).communicate(timeout=60)

    assert started.returncode == 2
    assert words in out


def test_fork_is_refused_unless_allowed(step: Step) -> None:
    side = {"head": "stranger/engine", "base": "org/engine"}
    event = {"pull_request": {key: {"repo": {"full_name": name}} for key, name in side.items()}}
    step.write_event("pull_request", event)

    out, _ = (refused := step.start()).communicate(timeout=60)
    step.inputs["allow_fork"] = "true"
    (allowed := step.start()).communicate(timeout=120)

    assert (refused.returncode, allowed.returncode) == (2, 0)
    assert "stranger/engine" in out


def test_without_the_socket_it_says_so(step: Step) -> None:
    step.with_socket = False

    out, _ = (started := step.start()).communicate(timeout=60)

    assert started.returncode == 3
    assert "no Docker engine answers at" in out
    assert step.outputs()["verdict"] == "inconclusive"


def test_image_that_is_not_there_is_named(step: Step) -> None:
    config = CONFIG.replace(
        "    workload:", "    container: {image: ops002-no-such-image}\n    workload:"
    )
    (step.workspace / "ops002.yml").write_text(config)

    out, _ = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 3
    assert "pulling ops002-no-such-image" in out
    assert "the image ops002-no-such-image" in out
    assert step.left() == []


def test_image_without_python_is_told(step: Step, workload_image: str) -> None:
    subprocess.run(
        ["docker", "build", "--tag", "ops002-no-python", "-"],
        input=f"FROM {workload_image}\nRUN rm -f /usr/bin/python3* /usr/local/bin/python3*\n",
        text=True,
        capture_output=True,
        check=True,
    )
    config = CONFIG.replace(
        "    workload:", "    container: {image: ops002-no-python}\n    workload:"
    )
    (step.workspace / "ops002.yml").write_text(config)

    out, _ = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 3
    assert "'python3' can't be started in the container" in out
    assert step.left() == []


def test_image_that_cant_be_held_open_is_told(step: Step, tmp_path: Path) -> None:
    tarfile.open(tmp_path / "empty.tar", "w").close()
    ask("import", str(tmp_path / "empty.tar"), "ops002-empty")
    config = CONFIG.replace("    workload:", "    container: {image: ops002-empty}\n    workload:")
    (step.workspace / "ops002.yml").write_text(config)

    out, _ = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 3
    assert "sleep" in out
    assert step.left() == []


def test_mount_that_is_not_there_is_named_and_not_made(step: Step, tmp_path: Path) -> None:
    step.inputs["mounts"] = str(missing := tmp_path / "models")

    out, _ = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 3, out
    assert str(missing) in out
    assert not missing.exists()


@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_leaves_nothing(step: Step, number: signal.Signals, seconds: float) -> None:
    # Memory that stays away: the gate waits for it far longer than the test does.
    (step.workspace / "engine.py").write_text(LEAKING)
    (step.workspace / "ops002.yml").write_text(CONFIG.replace("timeout: 2s", "timeout: 60s"))
    started = step.start()
    # A client whose container doesn't run yet keeps the signal to itself.
    until_there(lambda: ask("ps", "--quiet", "--filter", f"label={step.label}").split())
    time.sleep(seconds)

    began = time.monotonic()
    started.send_signal(number)
    started.communicate(timeout=60)

    assert started.returncode != 0
    assert step.left() == []
    assert time.monotonic() - began < 30  # that it ends at all, on a busy machine


def test_what_a_killed_step_left_is_removed_after_the_job(step: Step) -> None:
    """The runner's last resort leaves the step's container running, and its siblings."""
    started = step.start()
    until_there(lambda: step.left()[1:])
    started.kill()
    started.communicate()
    ask("rm", "--force", *ask("ps", "--quiet", "--filter", f"label={step.label}").split())
    assert step.left() != []

    swept = step.after_the_job()

    assert swept.returncode == 0, swept.stderr
    assert step.left() == []


def test_what_a_killed_gate_left_is_removed_by_the_next(
    workload_image: str, tmp_path: Path
) -> None:
    (tmp_path / "engine.py").write_text(CLEAN)
    (tmp_path / "ops002.yml").write_text(CONFIG)
    line = ("run", "--image", workload_image, "--report-dir", tmp_path / "r")
    run = f"ops002.run={tmp_path.parent.name}-{tmp_path.name}"
    named = environment(OPS002_RUN=run.partition("=")[2])
    with subprocess.Popen(command(*line), cwd=tmp_path, env=named) as gate:
        until_there(lambda: ask("ps", "--quiet", "--filter", f"label={run}").split())
        gate.kill()

    ended = ops002(*line, cwd=tmp_path)

    assert ended.code == 0, ended.out + ended.err
    assert "removed what a killed run had left: container" in ended.err
    assert left_on_engine(run) == []


def test_what_a_killed_action_left_is_removed_by_the_next(step: Step, workload_image: str) -> None:
    """Where the runner is killed, too, nothing comes after the job."""
    started = step.start()
    until_there(lambda: step.left()[1:])
    started.kill()
    started.communicate()
    temp = step.work / "_temp/_runner_file_commands"  # mounted into the action's own alone
    ask("rm", "--force", *ask("ps", "--quiet", "--filter", f"volume={temp}").split())
    (run,) = step.saved_states().values()
    assert left_on_engine(f"ops002.run={run}") != []

    report = step.work / "r"
    ended = ops002("run", "--image", workload_image, "--report-dir", report, cwd=step.workspace)

    assert ended.code == 0, ended.out + ended.err
    assert "removed what a killed run had left: container" in ended.err
    assert left_on_engine(f"ops002.run={run}") == []


def until_there(found: Callable[[], list[str]]) -> None:
    """Wait until there is something on the engine."""
    while not found():
        time.sleep(0.05)


def test_token_is_nowhere_in_what_the_gate_starts(step: Step) -> None:
    (step.workspace / "engine.py").write_text(
        "import os, glob\n"
        "def everything():\n"
        "    for name in glob.glob('/proc/[0-9]*/environ'):\n"
        "        try: yield open(name, 'rb').read()\n"
        "        except OSError: pass\n"
        "def load(device): return None\n"
        "def infer(model): return len(b'x' * (100 << 20))\n"
        "def fail(model):\n"
        "    found = b''.join(everything())\n"
        f"    raise RuntimeError('TOKEN' if {TOKEN!r}.encode() in found else 'boom')\n"
    )

    out, err = step.start().communicate(timeout=120)

    assert step.outputs()["reason"] in {"returned-to-baseline", "nothing-at-stake"}, out + err
    assert TOKEN not in out + err

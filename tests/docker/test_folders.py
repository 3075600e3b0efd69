"""Which folders of the host the action hands to its sibling, and what a volume of agents holds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ops002.executors.docker.container import agents_volume
from ops002.executors.docker.engine import Engine
from tests.docker.engine import ask, run
from tests.docker.runner import Step
from tests.docker.test_image import CLEAN, CONFIG


@pytest.fixture
def step(image: str, tmp_path: Path) -> Step:
    """A step on a checkout with a clean engine."""
    made = Step(tmp_path / "work", image)
    (made.workspace / "ops002.yml").write_text(CONFIG)
    (made.workspace / "engine.py").write_text(CLEAN)
    return made


def test_runners_that_do_not_mount_their_temporary_folder_get_it_in_their_home(step: Step) -> None:
    """Those before 2.329."""
    step.environ["RUNNER_TEMP"] = str(step.work / "_temp")

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    folder = step.work / "_temp/_github_home/ops002"
    assert step.outputs()["report_path"] == f"{folder}/ops002-report.json"
    assert (folder / "ops002-report.json").is_file()


def test_report_goes_below_the_workspace_if_asked(step: Step) -> None:
    step.inputs["report_dir"] = "of/its/own"

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    assert (step.workspace / "of/its/own/ops002-report.json").is_file()


@pytest.mark.parametrize("report_dir", ["../../outside", "link", "nowhere", "engine.py", "."])
def test_report_goes_nowhere_else(step: Step, tmp_path: Path, report_dir: str) -> None:
    """A link in the checkout means something else to the engine, which is the host's root."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (step.workspace / "link").symlink_to("/var/tmp")  # in the container there is one, too
    (step.workspace / "nowhere").symlink_to(outside)
    step.inputs["report_dir"] = report_dir

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 3, out + err
    assert "have report_dir name one below the workspace" in out
    assert step.outputs()["verdict"] == "inconclusive"
    assert list(outside.iterdir()) == []
    assert not Path("/var/tmp/ops002-report.json").exists()


def test_container_that_shares_temporary_files_is_not_taken_for_another(
    step: Step, tmp_path: Path
) -> None:
    shared = ("-v", f"{tmp_path}:/tmp")
    other = ask("run", "-d", "--rm", *shared, "--entrypoint", "sleep", step.image, "600").strip()
    step.options = shared
    try:
        out, err = (started := step.start()).communicate(timeout=120)
    finally:
        ask("rm", "--force", other)

    assert started.returncode == 0, out + err


def test_volume_of_agents_holds_nothing_else(image: str) -> None:
    """Where a workload's image is the gate's own, the engine would copy the whole gate into it."""
    with closing(Engine()) as asked, agents_volume(asked, image, {}) as volume:
        listed = run(
            "-A", "/there", options=("-v", f"{volume}:/there:ro", "--entrypoint", "ls"), image=image
        )

    assert listed.out.split() == ["ops002"], listed.err

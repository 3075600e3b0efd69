"""Workloads' images and volumes, and what they bring along."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import ops002
from tests.docker.engine import ask
from tests.docker.test_image import CLEAN, CONFIG

CHECKED = "ops002-test-checked"
EVERY_SECOND = (
    "HEALTHCHECK --interval=1s CMD python3 -c 'import os, time; os.fork() or time.sleep(60)'"
)


def test_check_of_an_images_health_is_not_the_workloads(
    workload_image: str, tmp_path: Path
) -> None:
    """What it leaves behind would be a survivor."""
    (tmp_path / "engine.py").write_text(CLEAN)
    (tmp_path / "ops002.yml").write_text(CONFIG)
    (tmp_path / "Dockerfile").write_text(f"FROM {workload_image}\n{EVERY_SECOND}\n")
    ask("build", "--tag", CHECKED, str(tmp_path))

    ended = ops002("run", "--image", CHECKED, "--report-dir", tmp_path / "r", cwd=tmp_path)

    assert ended.code == 0, ended.out + ended.err


def test_volume_that_is_not_there_is_named_and_not_made(
    workload_image: str, tmp_path: Path
) -> None:
    """The engine would make it, and nobody would ever remove it."""
    missing = f"ops002-test-{tmp_path.parent.name}"
    where = f"    container: {{image: {workload_image}, volumes: {{{missing}: /models}}}}\n"
    (tmp_path / "engine.py").write_text(CLEAN)
    (tmp_path / "ops002.yml").write_text(CONFIG.replace("    workload:", f"{where}    workload:"))

    ended = ops002("run", "--report-dir", tmp_path / "r", cwd=tmp_path)

    assert ended.code == 3, ended.out + ended.err
    assert f"docker volume create {missing}" in " ".join(ended.out.split())
    assert ask("volume", "ls", "--quiet", "--filter", f"name={missing}") == ""

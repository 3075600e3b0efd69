"""``ops002 doctor`` beside a real engine."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import ops002
from tests.docker.test_image import CONFIG


def test_image_that_a_run_would_pull_is_told(workload_image: str, tmp_path: Path) -> None:
    def told(image: str) -> str:
        contained = f"    container: {{image: {image}}}\n    workload:"
        (tmp_path / "ops002.yml").write_text(CONFIG.replace("    workload:", contained))
        return ops002("doctor", cwd=tmp_path).out

    assert "docker: an engine answers" in told(workload_image)
    assert "a run would pull it" not in told(workload_image)
    assert "docker pull ops002-no-such-image" in told("ops002-no-such-image")

"""Code of a pull request tries every way to the token, the host, the runner and its outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.docker.runner import TOKEN, Step
from tests.runners_log import read_log

CONFIG = f"""
version: 1
device: cpu
repeat: 1
control: 1
settle: {{timeout: 2s}}
scenarios:
  - name: hostile
    workload: {{kind: python, file: hostile.py, env: {{WANTED: {TOKEN[::-1]}}}}}
    faults: [{{kind: call, expect: {{match: "found: "}}}}]
"""


def test_finds_nothing(image: str, tmp_path: Path) -> None:
    step = Step(tmp_path, image)
    (step.workspace / "ops002.yml").write_text(CONFIG)
    shutil.copy2(Path(__file__).parent / "scenarios/hostile.py", step.workspace)
    # Where a checkout keeps the token, unless it is told not to.
    (step.workspace / ".git").mkdir()
    (step.workspace / ".git/config").write_text(f"extraheader = AUTHORIZATION: {TOKEN}\n")

    out, err = (started := step.start()).communicate(timeout=120)

    report = json.loads(Path(step.outputs()["report_path"]).read_text())
    (trial,) = report["trials"]
    messages = [
        found["value"]
        for fault in trial["faults"]
        for found in fault["evidence"]
        if found["what"] == "message"
    ]
    assert messages
    assert all(message.startswith("found: []") for message in messages), messages
    assert TOKEN not in out + err + json.dumps(report)
    (verdict,) = read_log(out).commands
    assert (verdict.name, verdict.data.partition(":")[0]) == ("notice", "PASS returned-to-baseline")
    assert (started.returncode, step.outputs()["verdict"]) == (0, "pass"), out

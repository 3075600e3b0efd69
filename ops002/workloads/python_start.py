"""Starting a worker: its interpreter, and what it is started with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from ops002.clock import Clock
from ops002.config.schema import PythonWorkload
from ops002.executors import Executor, Launch
from ops002.executors.environment import workload_environment
from ops002.workloads.python import PythonProcess
from ops002.workloads.worker_channel import WorkerChannel


def start(
    workload: PythonWorkload,
    executor: Executor,
    environ: Mapping[str, str],
    output: Path,
    clock: Clock,
) -> PythonProcess:
    """Start a worker.

    Raises:
        StartFailed: there is no such interpreter or directory.
    """
    key = secrets.token_hex(16)
    setting = executor.setting
    python = workload.python or setting.python
    if workload.python and "/" in python:
        python = str(Path(python).absolute())
    launch = Launch(
        argv=(python, "-X", "faulthandler", f"{setting.agents}/worker/bootstrap.py"),
        env=workload_environment(environ, workload.env, {"PYTHONDONTWRITEBYTECODE": "1"}),
        cwd=workload.cwd,
        output=output,
        channel_key=key,
    )
    absolute = workload.model_copy(update={"file": str(Path(workload.file).absolute())})
    return PythonProcess(absolute, WorkerChannel(executor.start(launch), key, clock), clock)

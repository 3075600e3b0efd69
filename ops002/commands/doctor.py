"""``ops002 doctor``: what this machine can measure, and what stands in the way."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from ops002 import __version__
from ops002.commands.config_loading import BadConfig, NoConfig, load_config
from ops002.commands.doctor_docker import look_at_docker
from ops002.commands.doctor_gpus import Wanted, look_at_gpus
from ops002.commands.printing import show
from ops002.config.resolved import Config, Scenario
from ops002.config.schema import PythonWorkload
from ops002.diagnosis import Finding, Weight, exit_code, to_document
from ops002.measurement import Missing
from ops002.probes.host_memory import HostMemory
from ops002.process_table import NotShown, this_process
from ops002.processes import describe
from ops002.reporters.doctor import render
from ops002.text import clean

_TORCH_SECONDS: Final = 120
_ASK_TORCH: Final = (
    "import torch; print(torch.__version__, torch.version.cuda or 'without CUDA', "
    "'sees a GPU' if torch.cuda.is_available() else 'sees no GPU', sep=', ')"
)


def doctor(environ: Mapping[str, str], out: TextIO, *, as_json: bool) -> int:
    """Look at everything ``ops002 run`` needs, and say what to do; the exit code."""
    findings = list(_findings(environ))
    if as_json:
        show(json.dumps(to_document(findings), indent=1) + "\n", out)
    else:
        show(render(findings), out)
    return exit_code(findings)


def _findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield Finding(subject=f"ops002 {__version__}", weight=Weight.OK, words=system)
    yield from _process_table()
    config, found = _config()
    yield found
    scenarios = () if config is None else config.scenarios
    gpus = [Wanted(one.device, one.exclusive) for one in scenarios if one.device != "cpu"]
    if config is None:
        gpus = [Wanted("cuda", exclusive=False)]
    yield from look_at_gpus(list(dict.fromkeys(gpus)), environ)
    if any(scenario.device == "cpu" for scenario in scenarios):
        yield _host_memory()
    for scenario in scenarios:
        if scenario.container is None:
            yield from _torch(scenario)
    yield from look_at_docker([one for one in scenarios if one.container is not None])


def _process_table() -> Iterator[Finding]:
    try:
        this_process()
    except NotShown as error:
        yield Finding(subject="processes", weight=Weight.OBSTACLE, words=str(error))
        return
    yield Finding(subject="processes", weight=Weight.OK, words="/proc shows them")


def _config() -> tuple[Config | None, Finding]:
    try:
        loaded = load_config(None)
    except NoConfig as none:
        words = f"{none.lines[0]} (looked at as if for device: cuda; device: cpu needs no GPU)"
        return None, Finding(subject="config", weight=Weight.NOTE, words=words)
    except BadConfig as bad:
        more = f" (and {len(bad.lines) - 1} more)" if len(bad.lines) > 1 else ""
        return None, Finding(
            subject="config",
            weight=Weight.OBSTACLE,
            words=bad.lines[0] + more,
            remedy="ops002 check-config",
        )
    names = ", ".join(
        f"{scenario.name} on {scenario.device}" for scenario in loaded.config.scenarios
    )
    words = f"{loaded.file}: {names}"
    return loaded.config, Finding(subject="config", weight=Weight.OK, words=words)


def _host_memory() -> Finding:
    gate = describe(os.getpid())
    assert gate is not None
    (reading,) = HostMemory().read((gate,)).readings
    if isinstance(reading, Missing):
        return Finding(
            subject="host memory",
            weight=Weight.OBSTACLE,
            words=reading.missing,
            remedy="use a kernel from 5.4 on, with /proc/PID/smaps_rollup",
        )
    return Finding(subject="host memory", weight=Weight.OK, words="its shares can be read")


def _torch(scenario: Scenario) -> Iterator[Finding]:
    if not isinstance(scenario.workload, PythonWorkload):
        return
    python = scenario.workload.python or sys.executable
    subject = f"torch of {scenario.name}"
    try:
        done = subprocess.run(
            [python, "-c", _ASK_TORCH],
            cwd=scenario.workload.cwd,
            capture_output=True,
            text=True,
            timeout=_TORCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding(
            subject=subject,
            weight=Weight.OBSTACLE,
            words=f"{python} can't be run: {clean(str(error))}",
            remedy="name the scenario's interpreter under python",
        )
        return
    if done.returncode != 0:
        words = "isn't there, so nothing of its allocator will be told"
        yield Finding(subject=subject, weight=Weight.NOTE, words=words)
        return
    blind = scenario.kind_of_device == "cuda" and "sees a GPU" not in done.stdout
    yield Finding(
        subject=subject,
        weight=Weight.NOTE if blind else Weight.OK,
        words=done.stdout.strip(),
        remedy="install a build of torch with CUDA, for this driver" if blind else None,
    )

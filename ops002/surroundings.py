"""Where a run takes place: host, device, commit. Read once, for the report."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Final

from ops002.result import Device, EnvironmentFacts, GitFacts
from ops002.text import clean

_GIT_SECONDS: Final = 5
# A remote's address can carry a password: https://user:password@host/...
_CREDENTIALS: Final = re.compile(r"//[^/@]*@")


def utc_now() -> str:
    """The real time, RFC 3339."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def look_around(
    environ: Mapping[str, str], driver: str | None = None, gpus: tuple[Device, ...] = ()
) -> EnvironmentFacts:
    """The facts of this machine and this checkout, and what was measured of its GPUs."""
    return EnvironmentFacts(
        host=clean(platform.node(), 200),
        os=clean(platform.platform(), 200),
        python=platform.python_version(),
        driver=driver,
        devices=(_host_as_device(), *gpus),
        git=_git(environ),
    )


def _host_as_device() -> Device:
    # The same as MemTotal in /proc/meminfo, and there without a /proc.
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Device(id="cpu", name=platform.machine(), uuid=None, total_bytes=total)


def _git(environ: Mapping[str, str]) -> GitFacts:
    if environ.get("GITHUB_ACTIONS") == "true":
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        run = environ.get("GITHUB_RUN_ID")
        known = server and repository and run
        return GitFacts(
            repository=repository,
            tested_sha=environ.get("GITHUB_SHA"),
            head_sha=environ.get("GITHUB_SHA"),
            ref=environ.get("GITHUB_REF"),
            run_url=f"{server}/{repository}/actions/runs/{run}" if known else None,
        )
    sha = _ask_git("rev-parse", "HEAD")
    return GitFacts(
        repository=_ask_git("remote", "get-url", "origin"),
        tested_sha=sha,
        head_sha=sha,
        ref=_ask_git("symbolic-ref", "-q", "HEAD"),
        run_url=None,
    )


def _ask_git(*words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(
            [git, *words], capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = clean(done.stdout.strip(), 500)
    return _CREDENTIALS.sub("//", answer) if done.returncode == 0 and answer else None

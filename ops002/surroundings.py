"""Where a run takes place: host, device, commit. Read once, for the report."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
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
    git: GitFacts, driver: str | None = None, gpus: tuple[Device, ...] = ()
) -> EnvironmentFacts:
    """The facts of this machine and of the commit, and what was measured of its GPUs."""
    return EnvironmentFacts(
        host=clean(platform.node(), 200),
        os=clean(platform.platform(), 200),
        python=platform.python_version(),
        driver=driver,
        devices=(_host_as_device(), *gpus),
        git=git,
    )


def _host_as_device() -> Device:
    # The same as MemTotal in /proc/meminfo, and there without a /proc.
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Device(id="cpu", name=platform.machine(), uuid=None, total_bytes=total)


def git_of_checkout() -> GitFacts:
    """What git says of the working directory, as far as there is a git."""
    sha = _ask_git("rev-parse", "HEAD")
    return GitFacts(
        repository=_ask_git("remote", "get-url", "origin"),
        tested_sha=sha,
        head_sha=sha,
        base_sha=None,
        ref=_ask_git("symbolic-ref", "-q", "HEAD"),
        run_url=None,
        config_ref=None,
        gate_changes=None,
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

"""NVIDIA's own `libnvidia-ml.so.1`, fetched as Debian packages it; unpacked, never installed."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "libnvidia-ml1"
COMPONENT = "non-free"
SONAME = "libnvidia-ml.so.1"
_APT = Path("/etc/apt")
_LOADED = Path("/proc/driver/nvidia/version")
_SECONDS = 120


class NotToBeHad(Exception):
    """It can't be fetched here, or would say nothing here: why."""


def fetch(folder: Path) -> Path:
    """The folder that holds the library, fetched into ``folder`` unless it is there.

    Raises:
        NotToBeHad: another system, no network, or a driver that it would find.
    """
    if _LOADED.exists():
        raise NotToBeHad("NVIDIA's driver is loaded here")
    found = _in(folder)
    if found is None:
        _unpack(folder)
        found = _in(folder)
    if found is None:
        raise NotToBeHad(f"there is no {SONAME} in {PACKAGE}")
    return found


def _in(folder: Path) -> Path | None:
    return next((file.parent for file in folder.rglob(SONAME) if file.exists()), None)


def _unpack(folder: Path) -> None:
    if platform.machine() != "x86_64" or not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        raise NotToBeHad(f"{PACKAGE} is fetched by apt, on amd64")
    options = _private_apt(folder)
    _run(["apt-get", *options, "update"], folder)
    _run(["apt-get", *options, "download", PACKAGE], folder)
    for archive in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(archive), str(folder / "unpacked")], folder)


def _private_apt(folder: Path) -> list[str]:
    """Apt as it is set up here, but for another component, and with a state of its own: no root."""
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    for file in _sources():
        (sources / file.name).write_text(_of_component(file.read_text("utf-8")), "utf-8")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": sources,
        "APT::Sandbox::User": "root",  # where root asks: no other user reads a private folder
        "Acquire::Languages": "none",
        "Acquire::Retries": 0,
        "Acquire::http::Timeout": 10,
        "Acquire::https::Timeout": 10,
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _sources() -> list[Path]:
    """The files that name Debian's own archive: no other has the package."""
    files = [_APT / "sources.list", *sorted((_APT / "sources.list.d").glob("*"))]
    named = [file for file in files if file.suffix in {".list", ".sources"} and file.is_file()]
    return [file for file in named if "debian-archive" in file.read_text("utf-8")] or named


def _of_component(text: str) -> str:
    """The same sources, asked for one component: ``sources.list(5)``, in both of its formats."""
    text = re.sub(r"(?m)^Components:.*$", f"Components: {COMPONENT}", text)
    line = r"(?m)^(deb\s+(?:\[[^\]]*\]\s*)?\S+\s+\S+)\s.*$"
    return re.sub(line, rf"\1 {COMPONENT}", text)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"{command[0]} took too long") from None
    except subprocess.CalledProcessError as failed:
        last = (failed.stderr.strip().splitlines() or ["no word why"])[-1]
        raise NotToBeHad(f"apt can't have {PACKAGE} here: {last}") from None

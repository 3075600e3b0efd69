"""A real Docker engine, and the image built on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Another checkout may be tested on the same engine.
IMAGE = f"ops002:test-{zlib.crc32(bytes(ROOT)):08x}"
BUILD_SECONDS = 600
RUN_SECONDS = 300
AUTHORITIES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Ended:
    """A container that has ended."""

    code: int
    out: str
    err: str


def why_not() -> str | None:
    """Why there is no engine to test on, if so."""
    if shutil.which("docker") is None:
        return "there is no docker client"
    answered = _docker("version", "--format", "{{.Server.Version}}", seconds=30)
    return None if answered.code == 0 else f"no Docker engine answers: {answered.err.strip()}"


def build(context: Path, base: str | None) -> None:
    """Build the image from a copy of what the checkout holds; ``base`` instead of its own."""
    for name in ("Dockerfile", ".dockerignore", "entrypoint.py"):
        shutil.copy2(ROOT / name, context)
    shutil.copytree(ROOT / "requirements", context / "requirements")
    shutil.copytree(ROOT / "ops002", context / "ops002")
    private = next((os.environ[name] for name in AUTHORITIES if name in os.environ), None)
    if private is not None:
        shutil.copy2(private, context / "machine.crt")
    chosen = [] if base is None else ["--build-arg", f"BASE_IMAGE={base}"]
    built = _docker(
        "build", "--network", "host", *chosen, "-t", IMAGE, str(context), seconds=BUILD_SECONDS
    )
    assert built.code == 0, built.out + built.err


def published_base() -> str:
    """The base that the Dockerfile names."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return next(line for line in lines if line.startswith("ARG BASE_IMAGE=")).partition("=")[2]


def run(*arguments: str, options: tuple[str, ...] = (), image: str = IMAGE) -> Ended:
    """Run a container to its end."""
    return _docker("run", "--rm", *options, image, *arguments, seconds=RUN_SECONDS)


def ask(*arguments: str) -> str:
    """What the client prints."""
    answered = _docker(*arguments, seconds=RUN_SECONDS)
    assert answered.code == 0, answered.err
    return answered.out


def left_on_engine(*labels: str) -> list[str]:
    """The containers and volumes with one of the labels."""
    return [
        found
        for label in labels
        for kind in (("ps", "--all"), ("volume", "ls"))
        for found in ask(*kind, "--quiet", "--filter", f"label={label}").split()
    ]


def _docker(*arguments: str, seconds: float) -> Ended:
    done = subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)

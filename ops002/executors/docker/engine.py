"""The Docker engine, as far as the gate asks it for anything. The only room that knows its SDK."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from socket import socket
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from ops002.executors import StartFailed

_SECONDS: Final = 60
"""For one request; starting a container on a busy machine takes some."""
_POLL_SECONDS: Final = 0.01
_PULL_POLL_SECONDS: Final = 0.05
_START_SECONDS: Final = 30.0
_NO_GPU: Final = "could not select device driver"


@dataclass(frozen=True, slots=True)
class Exec:
    """A program that was started in a container: its PID on the host, and its streams."""

    id: str
    container: str
    pid: int
    stream: socket


class Engine:
    """One connection to the engine."""

    def __init__(self) -> None:
        """Connect, by `DOCKER_HOST` or the usual socket.

        Raises:
            StartFailed: nobody answers there, or this user may not ask.
        """
        try:
            self._client = docker.from_env(timeout=_SECONDS).api
        except DockerException as error:
            raise StartFailed(_unreachable(str(error))) from None

    def has(self, image: str) -> bool:
        """Whether an image is here.

        Raises:
            StartFailed: the engine doesn't answer.
        """
        with _told(f"the image {image}"):
            try:
                # The SDK's stubs know no type of it.
                self._client.inspect_image(image)  # type: ignore[no-untyped-call]
            except ImageNotFound:
                return False
        return True

    def pull(self, image: str, check: Callable[[], None]) -> None:
        """Fetch an image; ``check`` is called meanwhile, and may raise.

        Raises:
            StartFailed: there is no such image, or it may not be pulled.
        """
        # On a thread: a registry that is silent lets nothing be heard of its pull, for ever.
        heard: SimpleQueue[Mapping[str, Any] | Exception | None] = SimpleQueue()
        threading.Thread(target=self._hear_pull, args=(image, heard.put), daemon=True).start()
        with _told(f"the image {image}"):
            while (said := _next(heard, check)) is not None:
                if isinstance(said, Exception):
                    raise said
                if "error" in said:
                    raise StartFailed(f"the image {image} can't be pulled: {said['error']}")

    def _hear_pull(
        self, image: str, tell: Callable[[Mapping[str, Any] | Exception | None], None]
    ) -> None:
        try:
            for line in self._client.pull(image, stream=True, decode=True):
                tell(line)
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            tell(error)
        else:
            tell(None)

    def create(self, image: str, arguments: Mapping[str, Any]) -> str:
        """Create a container; its id.

        Raises:
            StartFailed: the engine refuses.
        """
        with _told(f"a container of {image}"):
            host = self._client.create_host_config(**arguments["host"])
            made = self._client.create_container(image, host_config=host, **arguments["container"])
        return str(made["Id"])

    def start(self, container: str) -> None:
        """Start a container.

        Raises:
            StartFailed: the engine can't.
        """
        with _told("the container"):
            self._client.start(container)

    def unpack(self, container: str, folder: str, archive: bytes) -> None:
        """Put the files of a tar archive into a container's folder."""
        with _told("the gate's worker"):
            self._client.put_archive(container, folder, archive)

    def make_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make an empty volume."""
        with _told(f"the volume {name}"):
            self._client.create_volume(name, labels=dict(labels))

    def must_have_volume(self, name: str) -> None:
        """Raises `StartFailed` if there is no such volume: the engine would make and keep one."""
        with _told(f"the volume {name}"):
            try:
                self._client.inspect_volume(name)
            except NotFound:
                raise StartFailed(
                    f"there is no volume {name!r} on this engine: make it (docker volume create "
                    f"{name}), and put the files into it"
                ) from None

    def execute(self, container: str, argv: Sequence[str], options: Mapping[str, Any]) -> Exec:
        """Start a program in a container.

        Raises:
            StartFailed: there is no such program or directory there.
        """
        with _told(f"{argv[0]!r}"):
            made = self._client.exec_create(container, list(argv), **options)["Id"]
            stream = self._client.exec_start(made, socket=True)
            return Exec(made, container, self._pid_of(made, argv[0]), _both_ways(stream))

    def exit_code(self, program: Exec) -> int | None:
        """How a program ended, as a shell shows it; None while the engine says that it runs."""
        with _told("the exit code"):
            found = self._client.exec_inspect(program.id)
        return None if found["Running"] else found["ExitCode"]

    def running(self) -> tuple[str, ...]:
        """The ids of all running containers."""
        with _told("its containers"):
            return tuple(str(one["Id"]) for one in self._client.containers())

    def has_file(self, container: str, path: str) -> bool:
        """Whether a container has a file now."""
        try:
            stream, _ = self._client.get_archive(container, path)
        except (DockerException, RequestException):
            return False  # it hasn't, or it has just ended
        stream.close()
        return True

    def inspect(self, container: str) -> Mapping[str, Any]:
        """What the engine knows of a container."""
        with _told("the container"):
            found: Mapping[str, Any] = self._client.inspect_container(container)
        return found

    def attach(self, container: str) -> socket:
        """The output of a container, before it is started."""
        with _told("its output"):
            stream = self._client.attach_socket(
                container, params={"stdout": 1, "stderr": 1, "stream": 1}
            )
        return _both_ways(stream)

    def signal(self, container: str, number: int) -> None:
        """Signal a container's first process; it may be gone."""
        with suppress(DockerException, RequestException):
            self._client.kill(container, signal=number)

    def tasks(self, container: str) -> int:
        """How many processes and threads a container has now, by the kernel's count.

        Raises:
            StartFailed: that isn't told: nobody left is never assumed.
        """
        with _told("the container's processes"):
            found = self._client.stats(container, stream=False, one_shot=True)
        count = found.get("pids_stats", {}).get("current")
        if count is None:
            raise StartFailed(
                "the Docker engine doesn't tell how many processes a container has, so one that "
                "the workload left can't be ruled out: give the engine the pids cgroup controller"
            )
        return int(count)

    def remove(self, container: str) -> None:
        """Kill a container, and have nothing left of it; it may be gone."""
        with suppress(DockerException, RequestException):
            self._client.remove_container(container, v=True, force=True)

    def remove_volume(self, name: str) -> None:
        """Remove a volume; it may be gone."""
        with suppress(DockerException, RequestException):
            self._client.remove_volume(name, force=True)

    def labelled(self, label: str) -> Iterator[tuple[str, str]]:
        """The id and the label's value of every container that has it."""
        with _told("its containers"):
            found = self._client.containers(all=True, filters={"label": label})
        for one in found:
            yield str(one["Id"]), str(one["Labels"][label])

    def labelled_volumes(self, label: str) -> Iterator[tuple[str, str]]:
        """The name and the label's value of every volume that has it."""
        with _told("its volumes"):
            found = self._client.volumes(filters={"label": label})["Volumes"] or ()
        for one in found:
            yield str(one["Name"]), str(one["Labels"][label])

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def _pid_of(self, program: str, name: str) -> int:
        """Wait until a program has begun: the engine says so a moment later."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            found = self._client.exec_inspect(program)
            if found["Pid"]:
                return int(found["Pid"])
            if found["ExitCode"] is not None:
                raise StartFailed(
                    f"{name!r} can't be started in the container (exit code {found['ExitCode']}): "
                    "the image has no such program, or no such working directory"
                )
            time.sleep(_POLL_SECONDS)
        raise StartFailed(f"{name!r} did not start in the container within {_START_SECONDS:g} s")


def _next(
    heard: SimpleQueue[Mapping[str, Any] | Exception | None], check: Callable[[], None]
) -> Mapping[str, Any] | Exception | None:
    """What is heard next; ``check`` is called while nothing is."""
    while True:
        check()
        with suppress(Empty):
            return heard.get(timeout=_PULL_POLL_SECONDS)


def _both_ways(stream: Any) -> socket:
    """The socket that the SDK wraps to read from: it is written to as well."""
    connection: socket = stream._sock  # noqa: SLF001 (the SDK has no other way to it)
    return connection


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn what the SDK raises into what a person can act on."""
    try:
        yield
    except APIError as error:
        raise StartFailed(f"{what}: the Docker engine says: {_explanation(error)}") from None
    except (DockerException, RequestException, HTTPError) as error:
        raise StartFailed(f"{what}: the Docker engine did not answer: {error}") from None


def _explanation(error: APIError) -> str:
    said = str(error.explanation or error)
    if _NO_GPU in said:
        return f"{said} (install nvidia-container-toolkit, and restart the engine)"
    if isinstance(error, NotFound) and "pull access denied" in said:
        return f"{said} (misspelled, or private: docker login on this machine)"
    return said


def _unreachable(said: str) -> str:
    where = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if "Permission denied" in said:
        return (
            f"this user may not use the Docker engine at {where}; sudo usermod -aG docker $USER, "
            "and log in again"
        )
    nobody = "No such file" in said or "Connection refused" in said
    why = "" if nobody else f" ({said})"
    return (
        f"no Docker engine answers at {where}{why}; start it, or say in DOCKER_HOST where it is; a "
        "workload without container needs none"
    )

"""Starting a server: a port that is its own, and what it is started with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ops002.agents.client.client import CantEnter, Client
from ops002.agents.client.namespace import free_port, is_taken
from ops002.clock import Clock
from ops002.config.server import PORT, ServerWorkload
from ops002.executors import Executor, Launch, StartFailed
from ops002.executors.environment import STEADY_HEAP, workload_environment
from ops002.workloads.requests import Requests
from ops002.workloads.server import ServerProcess


def start(
    workload: ServerWorkload,
    executor: Executor,
    environ: Mapping[str, str],
    output: Path,
    clock: Clock,
) -> ServerProcess:
    """Start a server on a free port.

    Raises:
        StartFailed: no such program or directory, a port is taken, or nobody can talk to it there.
    """
    try:
        client = Client(executor.setting.init)
        port = client.there(free_port)
        for address in _fixed(workload):
            if client.there(partial(is_taken, address)):
                raise StartFailed(
                    f"port {address[1]} is taken: somebody else would be asked in the server's "
                    f"place; end who listens there, or let the gate choose a port with {PORT}"
                )
    except (CantEnter, OSError) as error:
        raise StartFailed(str(error)) from None
    env = {name: value.replace(PORT, str(port)) for name, value in workload.env.items()}
    launch = Launch(
        argv=tuple(argument.replace(PORT, str(port)) for argument in workload.run),
        env=workload_environment(environ, env, STEADY_HEAP),
        cwd=workload.cwd,
        output=output,
    )
    running = executor.start(launch)
    return ServerProcess(workload, running, client, Requests(workload, port), clock)


def _fixed(workload: ServerWorkload) -> Iterator[tuple[str, int]]:
    """The addresses whose port the config names."""
    asked = (workload.ready, workload.healthy, workload.gauge)
    for url in {request.url for request in asked if request is not None}:
        if PORT not in url:
            parts = urlsplit(url)
            assert parts.hostname is not None
            assert parts.port is not None
            yield parts.hostname, parts.port

"""The gate's end of the meter: a request, and its reply by a deadline."""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ops002.agents import wire
from ops002.probes.cards import Driver, Sample, driver_from, sample_from

DEADLINE_SECONDS: Final = 10.0
"""For one reading."""
_FIRST_SECONDS: Final = 60.0
"""For the first answer: without persistence a driver wakes its cards, 1 to 3 s each."""
_END_SECONDS: Final = 2.0
_CHUNK: Final = 64 * 1024


class MeterSilent(Exception):
    """No figures: the driver can't be asked, or the meter didn't answer. Says why."""


class Meter:
    """A meter process on this machine, and what can be asked of it.

    It is started before any workload: the gate's children of that time aren't the workload's.
    """

    def __init__(self, deadline: float = DEADLINE_SECONDS) -> None:
        """``deadline`` in seconds, for each request."""
        self._deadline = deadline
        self._key = secrets.token_hex(16)
        self._number = 0
        self._silent: str | None = None
        self._process = subprocess.Popen(
            # Isolated if the gate is: else PYTHONPATH would bring modules that the gate shuns.
            [sys.executable, *(["-I"] if sys.flags.isolated else []), "-m", "ops002.agents.meter"],
            # Not where the gate is started: that is the checkout under test, and a module there by
            # the name of one of ours would be what takes the readings.
            cwd="/",
            env=_absolute(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Of its own: an interrupt from the keyboard is for the gate to hear.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._ready = select.poll()
        self._ready.register(self._process.stdout, select.POLLIN)
        self._unread = b""

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def is_silent(self) -> bool:
        """Whether it has ended or was late: there will be no more answers from it."""
        return self._silent is not None

    def driver(self) -> Driver:
        """The driver and its cards.

        Raises:
            MeterSilent: it can't be asked.
        """
        reply = self._request(_FIRST_SECONDS, op="driver")
        try:
            return driver_from(reply["driver"])
        except (KeyError, TypeError) as error:
            raise self._gone(f"the meter's answer can't be read: {error!r}") from None

    def sample(self, uuids: Sequence[str], *, listed: bool = True) -> tuple[Sample, ...]:
        """The memory of these cards now, in their order; who is on them if ``listed``.

        Raises:
            MeterSilent: none of it can be read.
        """
        reply = self._request(self._deadline, op="sample", uuids=list(uuids), listed=listed)
        try:
            samples = tuple(sample_from(sample) for sample in reply["samples"])
        except (KeyError, TypeError) as error:
            raise self._gone(f"the meter's answer can't be read: {error!r}") from None
        if [sample.uuid for sample in samples] != list(uuids):
            raise self._gone("the meter answered for other devices")
        return samples

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # it hangs in the driver
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        self._process.stdout.close()

    def _request(self, seconds: float, **request: Any) -> wire.Message:
        if self._silent is not None:
            raise MeterSilent(self._silent)
        self._number += 1
        line = wire.encode({**request, "id": self._number, "key": self._key})
        assert self._process.stdin is not None
        try:
            # Not buffered, and short: a meter that doesn't read can't hold the gate up.
            os.write(self._process.stdin.fileno(), line)
        except OSError as error:
            raise self._gone(f"the meter has ended ({error.strerror})") from None
        reply = self._reply(seconds)
        if reply.get("ok") is not True:
            raise MeterSilent(str(reply.get("detail", "the driver can't be asked")))
        return reply

    def _reply(self, seconds: float) -> wire.Message:
        deadline = time.monotonic() + seconds
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if not newline:
                self._unread += self._read(deadline, seconds)
                continue
            self._unread = rest
            message = wire.decode(line)
            if message is not None and wire.is_reply(message, self._number, self._key):
                return message

    def _read(self, deadline: float, seconds: float) -> bytes:
        """What it has written, once there is something."""
        assert self._process.stdout is not None
        if not self._ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise self._gone(
                f"the driver did not answer within {seconds:g} s; a GPU that hangs "
                "needs a reset (nvidia-smi --gpu-reset), or the machine a reboot"
            )
        chunk = os.read(self._process.stdout.fileno(), _CHUNK)
        if not chunk:
            raise self._gone("the meter has ended while the driver was asked")
        return chunk

    def _gone(self, why: str) -> MeterSilent:
        """From now on there are no figures: those of a meter that was late would be old ones."""
        self._silent = why
        return MeterSilent(why)


def _absolute(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with Python's search path as it is meant from here."""
    given = environ.get("PYTHONPATH")
    if given is None:
        return dict(environ)
    places = [str(Path(place).absolute()) for place in given.split(os.pathsep) if place]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}

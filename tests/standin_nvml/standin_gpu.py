"""What a test's workload does where a real one would allocate on a GPU.

Standard library alone: a scenario imports it by name, since its folder is on `PYTHONPATH`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Allocation:
    """Bytes on a card, in use from now on until they are freed or this process ends.

    A process lives, for the driver, while it holds its lock: the kernel drops that at its death,
    SIGKILL included, and tells a reader the owner's PID in the reader's own PID namespace.
    """

    def __init__(self, size: int, card: str, kind: str = "compute") -> None:
        """Take `size` bytes of a card (`0`) or slice (`0.1`); `kind` as the driver lists it."""
        self.card = card
        self._facts = f"card {card}\nkind {kind}\n"
        namespace = Path("/proc/self/ns/pid").stat().st_ino
        name = f"{namespace}-{os.getpid()}-{os.urandom(6).hex()}"
        self._folder = state() / "holders" / name
        self._folder.mkdir()
        self._lock = (self._folder / "lock").open("w")
        fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
        self.resize(size)

    def resize(self, size: int) -> None:
        """Hold that many bytes instead."""
        self.size = size
        write(self._folder / "holder", f"{self._facts}bytes {size}\n")

    def free(self) -> None:
        """Hold nothing any more, and leave the process list."""
        (self._folder / "holder").unlink()
        self._lock.close()
        (self._folder / "lock").unlink()
        self._folder.rmdir()


def use(size: int, device: int = 0, kind: str = "compute") -> Allocation:
    """Take bytes of the device that CUDA would know by this number."""
    cards = visible_cards()
    if device >= len(cards):
        raise RuntimeError(f"no CUDA device {device}: CUDA would see {cards}")
    return Allocation(size, cards[device], kind)


def visible_cards() -> list[str]:
    """The cards and slices that CUDA would number 0, 1, …, by `CUDA_VISIBLE_DEVICES`.

    As CUDA's programming guide has it: an entry that names nothing ends the list, a UUID may be
    cut short as long as one device fits, and of a card in MIG mode only slices can be used.
    """
    cards = sorted(_facts("[0-9]*"), key=_cudas_order)
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [_usable(card) for card in cards]
    visible: list[str] = []
    for entry in named.split(","):
        card = _card_meant(entry.strip(), cards)
        if card is None:
            break
        visible.append(card)
    return visible if len(set(visible)) == len(visible) else []


def write(path: Path, text: str) -> None:
    """Put a file into its place whole: nobody ever reads half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.rename(path)


def state() -> Path:
    """The folder that says what the machine is."""
    return Path(os.environ.get("OPS002_STANDIN", "/opt/ops002-standin"))


def _facts(pattern: str) -> dict[str, dict[str, str]]:
    """The cards, without their slices, or the slices of one, with what their files say."""
    slices = "." in pattern
    files = [f for f in (state() / "cards").glob(pattern) if ("." in f.name) == slices]
    return {
        f.name: dict(line.split(" ", 1) for line in f.read_text().splitlines())
        for f in sorted(files, key=lambda f: [int(part) for part in f.name.split(".")])
    }


def _cudas_order(card: str) -> int:
    facts = _facts(card)[card]
    fastest_first = os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID"
    return int(facts.get("fastest", card)) if fastest_first else int(card)


def _usable(card: str) -> str:
    return next(iter(_facts(f"{card}.*")), card)


def _card_meant(entry: str, cards: list[str]) -> str | None:
    if entry.isdecimal():
        return _usable(cards[int(entry)]) if int(entry) < len(cards) else None
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    devices = {**_facts("[0-9]*"), **_facts("*.*")}
    fitting = [card for card, facts in devices.items() if facts["uuid"].startswith(entry)]
    return _usable(fitting[0]) if len(fitting) == 1 else None

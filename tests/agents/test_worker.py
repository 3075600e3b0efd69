"""The worker's own rules: it turns errors into text and holds nothing of them."""

from __future__ import annotations

import gc
import resource
import weakref
from pathlib import Path

import pytest

from ops002.agents import wire
from ops002.agents.worker import limits
from ops002.agents.worker.scenario import Scenario, ScenarioFileError
from ops002.agents.worker.user_code import attempt


class Local:
    """Something that a failing frame holds."""


class HostileError(Exception):
    """An error whose message can't be read."""

    def __str__(self) -> str:
        raise SystemExit


def test_a_call_that_returns_is_told() -> None:
    assert attempt(lambda: 3) == {"ok": True}


def test_the_whole_chain_is_described_and_then_let_go() -> None:
    held: list[weakref.ref[Local]] = []

    def fail() -> None:
        local = Local()
        held.append(weakref.ref(local))
        try:
            local.__dict__["inner"]
        except KeyError as error:
            raise ValueError("outer") from error

    reply = attempt(fail)
    gc.collect()

    assert [one["classes"][0] for one in reply["exceptions"]] == ["ValueError", "KeyError"]
    assert reply["exceptions"][0]["classes"] == ["ValueError", "Exception", "BaseException"]
    assert reply["exceptions"][0]["message"] == "outer"
    assert "in fail" in reply["exceptions"][0]["raised_at"][-1]
    assert held[0]() is None


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), HostileError()])
def test_whatever_the_workload_raises_is_only_told(error: BaseException) -> None:
    def fail() -> None:
        raise error

    reply = attempt(fail)

    assert reply["ok"] is False
    assert reply["exceptions"][0]["classes"][0].endswith(type(error).__name__)


def test_a_long_chain_of_long_messages_fits_into_a_message() -> None:
    def raise_many(left: int) -> None:
        try:
            if left:
                raise_many(left - 1)
        finally:
            raise RuntimeError("\U0001f4a5" * 4000)

    reply = attempt(lambda: raise_many(30))

    assert len(reply["exceptions"]) == 20
    assert wire.decode(wire.encode(reply)) == reply


def test_an_allocation_beyond_the_headroom_really_fails_and_the_limit_is_lifted() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)

    with limits.address_space(64 << 20) as limit:
        inside = resource.getrlimit(resource.RLIMIT_AS)[0]
        failed = attempt(lambda: bytearray(128 << 20))
        fine = attempt(lambda: bytearray(16 << 20))

    assert inside == limit
    assert failed["exceptions"][0]["classes"][0] == "MemoryError"
    assert fine["ok"] is True
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def write(folder: Path, text: str) -> str:
    file = folder / "scenario.py"
    file.write_text(text)
    return str(file)


def test_infer_is_given_a_size_only_if_it_takes_one(tmp_path: Path) -> None:
    sized = "got = []\ndef load(device): return got\ndef infer(model, size=1): got.append(size)\n"
    scenario = Scenario(write(tmp_path, sized), "cpu")
    scenario.infer()
    scenario.infer_sized(8)
    plain = Scenario(
        write(tmp_path, "def load(device): return device\ndef infer(model): pass\n"), "cpu"
    )
    plain.infer_sized(8)

    assert scenario._model == [1, 8]
    assert scenario.optional_parts()["size"] is True
    assert plain.optional_parts()["size"] is False


@pytest.mark.parametrize(
    ("text", "lacks"),
    [("def infer(m): pass", "load"), ("def load(d): pass", "infer"), ("load = 3", "load")],
)
def test_a_file_without_its_functions_says_which(tmp_path: Path, text: str, lacks: str) -> None:
    with pytest.raises(ScenarioFileError, match=rf"{lacks}\(\)"):
        Scenario(write(tmp_path, text), "cpu")


def test_a_file_that_isnt_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFileError, match="no such file"):
        Scenario(str(tmp_path / "none.py"), "cpu")


def test_unload_is_called_with_the_model(tmp_path: Path) -> None:
    text = (
        "seen = []\ndef load(device): return seen\ndef infer(model): pass\n"
        "def unload(model): model.append('gone')\n"
    )
    scenario = Scenario(write(tmp_path, text), "cpu")
    model = scenario._model
    scenario.unload()

    assert model == ["gone"]

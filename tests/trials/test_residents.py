"""Who stays, who only comes and goes, and who is in whose place."""

from __future__ import annotations

from dataclasses import replace

from ops002.measurement import Process
from ops002.settle import MIN_READINGS
from ops002.trials.residents import Residents, replaced
from tests.builders import process

ROOT, ONE, OTHER = process(1, "root"), process(2, "engine"), process(3, "engine")


def residents(*listings: tuple[Process, ...]) -> Residents:
    listed = iter(listings)
    found = Residents(lambda: next(listed))
    for _ in listings:
        found()
    return found


def test_who_is_in_every_listing_stays() -> None:
    assert residents((ROOT, ONE), (ROOT, ONE, OTHER), (ROOT, ONE)).throughout() == (ROOT, ONE)


def test_who_was_away_once_only_comes_and_goes() -> None:
    assert residents((ROOT, ONE), (ROOT,), (ROOT, ONE)).throughout() == (ROOT,)


def test_a_pid_given_anew_is_another_process() -> None:
    reborn = replace(ONE, started=99)
    assert residents((ROOT, ONE), (ROOT, reborn)).throughout() == (ROOT,)
    assert replaced((ROOT, ONE), (ROOT, reborn)) is not None


def test_who_came_in_the_middle_of_a_wait_is_there_of_late() -> None:
    wait = [(ROOT, ONE)] * 5 + [(ROOT,)] * 5 + [(ROOT, OTHER)] * MIN_READINGS
    assert residents(*wait).of_late() == (ROOT, OTHER)


def test_who_has_just_come_isnt_there_of_late() -> None:
    wait = [(ROOT,)] * 5 + [(ROOT, OTHER)] * (MIN_READINGS - 1)
    assert residents(*wait).of_late() == (ROOT,)


def test_nobody_was_ever_listed() -> None:
    assert residents().of_late() == residents().throughout() == ()


def test_one_gone_and_another_in_its_place_is_told_by_name() -> None:
    change = replaced((ROOT, ONE), (ROOT, OTHER))
    assert change is not None
    assert "engine (PID 2) by engine (PID 3)" in change


def test_gone_alone_or_new_alone_is_no_restart() -> None:
    assert replaced((ROOT, ONE), (ROOT,)) is None
    assert replaced((ROOT,), (ROOT, ONE)) is None
    assert replaced((ROOT, ONE), (ROOT, ONE)) is None

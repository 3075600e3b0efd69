"""Exceptions in the middle of an inference: at an operator, and in a function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
import torch

from ops002.agents.worker.injection import (
    CantInject,
    InjectedError,
    interrupted_at,
    interrupted_in,
)

REACHED: list[str] = []


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def around(*args: Any) -> Any:
        REACHED.append("around")
        return function(*args)

    return around


class Engine:
    def decode(self) -> None:
        REACHED.append("decode")

    @staticmethod
    def scale() -> None:
        REACHED.append("scale")

    @decorated
    def guarded(self) -> None:
        REACHED.append("guarded")


def infer() -> None:
    REACHED.clear()
    REACHED.append("infer")
    Engine().decode()
    Engine.scale()
    Engine().guarded()


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("infer", []),
        ("Engine.decode", ["infer"]),
        ("Engine.scale", ["infer", "decode"]),
        ("Engine.guarded", ["infer", "decode", "scale", "around"]),
    ],
)
def test_it_is_raised_where_the_function_is_entered(name: str, before: list[str]) -> None:
    REACHED.clear()

    with pytest.raises(InjectedError, match="is entered") as raised:
        interrupted_in(f"{__name__}.{name}", infer)

    assert before == REACHED
    assert raised.traceback[-2].name == name.rpartition(".")[2]
    assert sys.getprofile() is None


def test_a_function_that_is_not_called_raises_nothing() -> None:
    interrupted_in(f"{__name__}.Engine.decode", lambda: None)


@pytest.mark.parametrize("name", ["nowhere.at_all", f"{__name__}.Engine.absent", "len", "math.sin"])
def test_there_must_be_such_a_function(name: str) -> None:
    with pytest.raises(CantInject, match=r"has a function .* written in Python"):
        interrupted_in(name, infer)


@pytest.mark.parametrize(("number", "done"), [(1, 0), (2, 1), (3, 2)])
def test_it_is_raised_in_place_of_an_operator(number: int, done: int) -> None:
    results: list[torch.Tensor] = []

    def compute() -> None:
        results.append(torch.ones(3))
        results.append(results[0].exp())
        results.append(results[1].neg())

    with pytest.raises(InjectedError, match=f"at operator {number}"):
        interrupted_at(number, compute)

    assert len(results) == done


def test_past_the_last_operator_nothing_is_raised() -> None:
    interrupted_at(100, lambda: torch.ones(3))


def test_without_torch_there_are_no_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")

    with pytest.raises(CantInject, match="hasn't imported torch"):
        interrupted_at(1, lambda: None)

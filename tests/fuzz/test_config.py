"""Whatever a config file holds, it is checked: no traceback, no hang, nothing but plain lines."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.fuzz import targets
from tests.fuzz.texts import VALID, almost_configs, any_bytes


@pytest.mark.parametrize("text", VALID)
def test_what_the_texts_are_made_from_is_valid(text: str) -> None:
    targets.config(text.encode())


@given(any_bytes)
def test_any_bytes(data: bytes) -> None:
    targets.config(data)


@given(almost_configs)
def test_almost_any_config(data: bytes) -> None:
    targets.config(data)

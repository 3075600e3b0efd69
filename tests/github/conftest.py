"""A GitHub per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.fake import FakeGitHub, fake_github


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made

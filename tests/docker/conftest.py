"""The engine and the image, once per session; without an engine everything here is skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker import engine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product's image, built from the checkout on ``OPS002_BASE_IMAGE``."""
    why = engine.why_not()
    if why is not None:
        pytest.skip(why)
    engine.build(tmp_path_factory.mktemp("context"), os.environ.get("OPS002_BASE_IMAGE"))
    yield engine.IMAGE
    engine.ask("image", "rm", engine.IMAGE)


@pytest.fixture(scope="session")
def workload_image() -> str:
    """An image with Python that knows nothing of the gate."""
    why = engine.why_not()
    if why is not None:
        pytest.skip(why)
    given = os.environ.get("OPS002_WORKLOAD_IMAGE") or os.environ.get("OPS002_BASE_IMAGE")
    return given or engine.published_base()

"""The container that a workload runs in, as the config may ask for it."""

from __future__ import annotations

import pytest

from ops002.config.overrides import Instead
from ops002.config.parameters import resolved
from ops002.config.resolved import parse
from ops002.units import SIZE_UNITS
from tests.builders import document
from tests.configs import PYTHON, load, problems

IMAGE = "engine@sha256:0123"


def with_container(keys: str) -> str:
    return PYTHON.replace("    workload:", f"    container: {{image: x, {keys}}}\n    workload:")


def test_container_has_no_network_and_the_engines_own_shared_memory() -> None:
    container = load(with_container("env: {A: b}")).scenarios[0].container

    assert container is not None
    assert (container.network, container.shm_size) == ("none", 64 * SIZE_UNITS["MiB"])
    assert (container.image, container.env) == ("x", {"A": "b"})


def test_none_is_asked_for_by_default() -> None:
    assert load(PYTHON).scenarios[0].container is None


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("volumes: {/home: /home}", "isn't the name of a volume"),
        ("volumes: {../x: /x}", "isn't the name of a volume"),
        ("volumes: {models: models}", "isn't an absolute folder"),
        ("volumes: {models: /models/../etc}", "isn't an absolute folder"),
        ("volumes: {models: '/models:rw'}", "isn't an absolute folder"),
        ("volumes: {models: /}", "the container's own system"),
        ("volumes: {models: /etc/ssl}", "the container's own system"),
        ("volumes: {models: /proc}", "the container's own system"),
        ("network: host", "none"),
        ("privileged: true", "privileged"),
        ("shm_size: 64", "unit"),
    ],
)
def test_what_would_open_the_container_is_refused(keys: str, words: str) -> None:
    told = problems(with_container(keys))

    assert len(told) == 1
    assert words in told[0]


def test_image_on_the_command_line_is_for_scenarios_without_one() -> None:
    text = document()
    assert isinstance(text["scenarios"], list)
    own = {**text["scenarios"][0], "name": "own", "container": {"image": "mine"}}
    text = {**text, "scenarios": [*text["scenarios"], own]}

    config = parse(Instead(image=IMAGE).in_place_of(text), {})

    images = [one.container.image for one in config.scenarios if one.container is not None]
    assert images == [IMAGE, "mine"]
    assert parse(resolved(config), {}).scenarios[0].container == config.scenarios[0].container


def test_tolerance_on_the_command_line_wins_over_every_one_in_the_file() -> None:
    text = document()
    assert isinstance(text["scenarios"], list)
    near = {**text["scenarios"][0], "name": "near", "tolerance": "8MiB"}
    text = {**text, "tolerance": "16MiB", "scenarios": [*text["scenarios"], near]}

    config = parse(Instead(tolerance="32MiB").in_place_of(text), {})

    sizes = {scenario.tolerance_bytes for scenario in config.scenarios}
    assert sizes == {32 * SIZE_UNITS["MiB"]}


@pytest.mark.parametrize("text", [None, [], "x", {"scenarios": "x"}, {"scenarios": [1, None]}])
def test_documents_of_any_shape_are_left_for_the_schema_to_refuse(text: object) -> None:
    changed = Instead(device="cpu", image="x").in_place_of(text)

    assert isinstance(changed, type(text))

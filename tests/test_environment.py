"""What of the gate's environment code under test may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.executors.environment import STEADY_HEAP, workload_environment

ACTIONS = {"GITHUB_ACTIONS": "true"}

SECRETS = [
    "GITHUB_TOKEN",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_ACTIONS",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_CACHE_URL",
    "INPUT_TOKEN",
    "INPUT_CHECK_NAME",
    "RUNNER_TEMP",
    "HF_TOKEN",
    "TOKEN",
    "MY_TOKENS",
    "AWS_SECRET_ACCESS_KEY",
    "SECRET",
    "CLIENT_SECRET_FILE",
    "github_token",
    "my_secret",
    "Input_Token",
]
NEEDED = ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES"]


def seen(name: str, **surroundings: str) -> bool:
    return name in workload_environment({**surroundings, name: "x"}, {}, {})


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_and_the_runners_own_are_never_seen(name: str) -> None:
    assert not seen(name)
    assert not seen(name, GITHUB_ACTIONS="true")


@pytest.mark.parametrize("name", NEEDED)
def test_what_programs_need_is_seen_everywhere(name: str) -> None:
    assert seen(name)
    assert seen(name, GITHUB_ACTIONS="true")


@pytest.mark.parametrize("name", ["MY_SETTING", "AWS_ACCESS_KEY_ID", "DATABASE_PASSWORD", "path"])
def test_under_actions_only_what_is_listed_is_seen(name: str) -> None:
    assert seen(name)
    assert not seen(name, GITHUB_ACTIONS="true")


@pytest.mark.parametrize("under_actions", [{}, ACTIONS])
def test_the_runners_tracking_id_is_always_seen(under_actions: dict[str, str]) -> None:
    """By it the runner ends what a job left behind."""
    assert seen("RUNNER_TRACKING_ID", **under_actions)


def test_locale_settings_are_seen_under_actions() -> None:
    assert seen("LC_ALL", **ACTIONS)


@pytest.mark.parametrize("under_actions", [{}, ACTIONS])
def test_what_the_scenario_gives_is_always_seen(under_actions: dict[str, str]) -> None:
    given_env = {"HF_TOKEN": "chosen", "ANY": "thing"}
    assert workload_environment(under_actions, given_env, {}) == given_env


def test_the_scenario_overrides_the_gates_settings_and_those_the_surroundings() -> None:
    environ = {"PATH": "/bin", "MALLOC_ARENA_MAX": "64", "HOME": "/root"}
    given_env = {"MALLOC_ARENA_MAX": "1", "HOME": "/home"}
    assert workload_environment(environ, given_env, STEADY_HEAP) == {
        "PATH": "/bin",
        "HOME": "/home",
        **STEADY_HEAP,
        "MALLOC_ARENA_MAX": "1",
    }


names = st.sampled_from([*SECRETS, *NEEDED]) | st.text(max_size=12)


@given(st.dictionaries(names, st.text(max_size=3)), st.booleans())
def test_nothing_is_seen_that_was_not_there(
    environ: dict[str, str],
    under_actions: bool,  # noqa: FBT001 (hypothesis fills positional parameters only)
) -> None:
    before = {**environ, **(ACTIONS if under_actions else {})}
    after = workload_environment(before, {}, {})
    assert after.items() <= before.items()
    assert not any("TOKEN" in name.upper() or "SECRET" in name.upper() for name in after)

"""Config files that somebody made to do harm, or no sense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.config.overrides import Instead
from ops002.config.problems import ConfigError
from ops002.config.resolved import parse
from tests.builders import document, scenario_document
from tests.configs import PYTHON, problems, with_faults

HOSTILE = {
    "a key": PYTHON + '"x\\n::add-mask::y\\e[31m": 1\n',
    "a key of the environment": PYTHON.replace("file:", 'env: {"\\n::": 1}\n      file:'),
    "a value": PYTHON + 'device: "\\n::warning::\\e[31m"\n',
    "a name": PYTHON.replace("generate\n", '"\\n::x"\n'),
    "a kind": PYTHON.replace("python\n", '"\\n::x"\n'),
    "a pattern": with_faults('{kind: call, expect: {match: "(?\\n::x\\e[31m"}}'),
    "a command to a runner": '"##[error]x": 1\n',
    "a duplicate key": '"\\n::x": 1\n"\\n::x": 2\n',
    "an alias": "a: *\x85b\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_problem_is_one_printable_line_whatever_the_file_holds(name: str) -> None:
    """A config may come from anybody's pull request, and its problems go to the job's log."""
    told = problems(HOSTILE[name])
    assert told
    assert all(line.isprintable() for line in told)
    assert not any("##[" in line for line in told)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["python", "command", "oom", "64MiB", "5s", "cpu"])
)
keys = st.text(max_size=5) | st.sampled_from(
    ["version", "scenarios", "name", "workload", "kind", "faults", "expect", "settle", "after"]
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def only_config_errors(text: object, device: str | None = None) -> None:
    try:
        parse(Instead(device=device).in_place_of(text), {})
    except ConfigError:
        return


@given(anything, st.none() | st.text(max_size=5))
def test_any_document_is_a_config_or_a_config_error(text: object, device: str | None) -> None:
    only_config_errors(text, device)


@given(st.data(), anything)
def test_a_config_with_anything_anywhere_is_a_config_or_a_config_error(
    data: st.DataObject, value: object
) -> None:
    text: Any = document(
        scenario_document(
            faults=[{"kind": "call", "expect": {"match": "x"}, "after": "serving"}, "oom"],
            settle={"timeout": "5s"},
        )
    )
    place: Any = text
    while True:
        step = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        if not isinstance(place[step], (dict, list)) or data.draw(st.booleans()):
            break
        place = place[step]
    place[step] = value
    only_config_errors(text)

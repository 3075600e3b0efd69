"""The gate's files: from a trusted ref, or the pull request's own, and then that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ops002.commands.config_loading import BadConfig, load_text
from ops002.commands.gate_files import (
    changed,
    checked_out,
    placed,
    scenario_files,
    take,
    workflow_file,
)
from ops002.config.overrides import Instead
from ops002.config.resolved import parse
from ops002.executors import StartFailed
from ops002.github.api import Api, Time
from ops002.github.event import Commits
from ops002.github.exchange import GitHubFailed
from tests.builders import document, scenario_document
from tests.github.fake import FORBIDDEN, TOKEN, FakeGitHub, Trouble, hangs

MAIN, HEAD, MERGE, OLD = "a" * 40, "b" * 40, "c" * 40, "d" * 40
CONFIG = b"""
version: 1
device: cpu
scenarios:
  - name: engine
    workload: {kind: python, file: ./scenarios/engine.py}
    faults: [oom]
  - name: other
    workload: {kind: python, file: scenarios/engine.py}
    faults: [oom]
"""
FOUND = Commits(tested=MERGE, head=HEAD, base=OLD)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: FakeGitHub) -> Path:
    """A pull request's checkout, of the gate as it is on main."""
    folder = tmp_path / "checkout"
    (folder / "scenarios").mkdir(parents=True)
    (folder / "ops002.yml").write_bytes(CONFIG)
    (folder / "scenarios/engine.py").write_text("def infer(): pass")
    monkeypatch.chdir(folder)
    github.refs["main"] = MAIN
    github.files[("ops002.yml", MAIN)] = CONFIG
    github.files[("scenarios/engine.py", MAIN)] = b"def infer(): pass"
    github.parents[MERGE] = [MAIN, HEAD]
    return folder


def api(github: FakeGitHub) -> Api:
    return Api(github.address, TOKEN, Time(sleep=lambda _: None))


def taken(github: FakeGitHub, ref: str = "main", given: str | None = None) -> Any:
    return take(api(github), "org/engine", ref, given, Instead())


def test_all_of_it_is_taken_from_one_commit(checkout: Path, github: FakeGitHub) -> None:
    (checkout / "ops002.yml").write_text("tolerance: 256MiB")

    found = taken(github)

    assert found.ref == f"main ({MAIN})"
    assert found.loaded.file == "ops002.yml"
    assert found.files == {"ops002.yml": CONFIG, "scenarios/engine.py": b"def infer(): pass"}
    assert [scenario.name for scenario in found.loaded.config.scenarios] == ["engine", "other"]
    refs = {asked.query["ref"] for asked in github.asked if "ref" in asked.query}
    assert refs == {MAIN}


def test_config_is_looked_for_as_ever(checkout: Path, github: FakeGitHub) -> None:
    (checkout / ".github").mkdir()
    (checkout / ".github/ops002.yml").touch()
    github.files[(".github/ops002.yml", MAIN)] = CONFIG

    assert taken(github).loaded.file == ".github/ops002.yml"
    assert taken(github, given="./ops002.yml").loaded.file == "ops002.yml"
    assert taken(github, ref=MAIN).ref == MAIN


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda github: github.refs.clear(), "config_ref main: .*422 .*No commit found"),
        (lambda github: github.files.pop(("ops002.yml", MAIN)), "there is no .github/ops002.yml"),
        (lambda github: github.files.pop(("scenarios/engine.py", MAIN)), "names .*, which isn't"),
        (lambda github: github.files.update({("ops002.yml", MAIN): b"version: 2"}), "version"),
        (
            lambda github: github.troubles.append(Trouble(403, body=FORBIDDEN)),
            "contents: read",
        ),
        (lambda github: github.troubles.extend([Trouble(500)] * 4), "config_ref main: .*500"),
    ],
)
@pytest.mark.usefixtures("checkout")
def test_what_cant_be_had_is_refused(github: FakeGitHub, broken: Any, words: str) -> None:
    """Never the pull request's own instead."""
    broken(github)

    with pytest.raises(BadConfig, match=words):
        taken(github)


def test_without_a_token_it_is_refused() -> None:
    none = GitHubFailed("the input token is empty")

    with pytest.raises(BadConfig, match="the input token is empty"):
        take(none, "org/engine", "main", None, Instead())


@pytest.mark.parametrize("file", ["a/../scenarios/engine.py", "../checkout/scenarios/engine.py"])
def test_path_with_a_detour_is_refused(checkout: Path, github: FakeGitHub, file: str) -> None:
    """Where the first part of it is a link, it leads to a file of the pull request."""
    del checkout
    detour = CONFIG.replace(b"./scenarios/engine.py", file.encode())
    github.files["ops002.yml", MAIN] = detour

    with pytest.raises(BadConfig, match=r"config_ref main: ops002\.yml names .*\.\./"):
        taken(github)


def test_folder_is_no_config(checkout: Path, github: FakeGitHub) -> None:
    del checkout
    with pytest.raises(BadConfig, match=r"scenarios at .* is no file"):
        taken(github, given="scenarios")


@pytest.mark.parametrize("kind", ["missing", "link", "folder", "behind a link"])
def test_checkout_without_their_places_is_refused(
    checkout: Path, github: FakeGitHub, kind: str
) -> None:
    """They are mounted over the checkout's: a link would have them elsewhere."""
    (checkout / "scenarios/engine.py").unlink()
    match kind:
        case "link":
            (checkout / "scenarios/engine.py").symlink_to("/etc/hostname")
        case "folder":
            (checkout / "scenarios/engine.py").mkdir()
        case "behind a link":
            (checkout / "scenarios").rename(checkout / "elsewhere")
            (checkout / "elsewhere/engine.py").touch()
            (checkout / "scenarios").symlink_to("elsewhere")
        case _:
            assert kind == "missing"

    with pytest.raises(BadConfig, match=r"scenarios/engine\.py"):
        taken(github)


def test_files_are_placed_outside_of_the_checkout(
    checkout: Path, github: FakeGitHub, tmp_path: Path
) -> None:
    found = taken(github)
    before = sorted(checkout.rglob("*"))

    with placed(found, tmp_path / "temp/ops002") as files:
        texts = {path: file.read_bytes() for path, file in files.items()}
        assert not any(file.is_relative_to(checkout) for file in files.values())
        assert sorted(checkout.rglob("*")) == before

    assert texts == found.files
    assert not any(file.parent.exists() for file in files.values())


def test_place_that_cant_be_written_is_told(
    checkout: Path, github: FakeGitHub, tmp_path: Path
) -> None:
    del checkout
    (tmp_path / "temp").touch()
    found = taken(github)

    with (
        pytest.raises(StartFailed, match="can't be written"),
        placed(found, tmp_path / "temp/ops002"),
    ):
        pytest.fail("there is no such folder")


def changes(github: FakeGitHub, found: Commits = FOUND) -> tuple[str, ...] | None:
    return changed(api(github), "org/engine", found, ("ops002.yml", "scenarios/engine.py"))


@pytest.mark.usefixtures("checkout")
def test_pull_request_that_leaves_its_gate_alone(github: FakeGitHub) -> None:
    """Compared with what it was merged into, not with what main was when it was opened."""
    assert changes(github) == ()


@pytest.mark.parametrize("how", ["edited", "removed", "added", "link", "link outside", "loop"])
def test_pull_request_that_changes_its_own_gate(
    checkout: Path, github: FakeGitHub, how: str
) -> None:
    file = checkout / "ops002.yml"
    match how:
        case "edited":
            file.write_bytes(CONFIG + b"tolerance: 256MiB\n")
        case "removed":
            file.unlink()
        case "link":
            (checkout / "other.yml").write_bytes(CONFIG + b"tolerance: 256MiB\n")
            file.unlink()
            file.symlink_to("other.yml")
        case "loop":
            file.unlink()
            file.symlink_to("ops002.yml")
        case "link outside":
            (checkout.parent / "same.yml").write_bytes(CONFIG)
            file.unlink()
            file.symlink_to("../same.yml")
        case _:
            del github.files[("ops002.yml", MAIN)]

    assert changes(github) == ("ops002.yml",)


@pytest.mark.parametrize("how", ["removed", "link"])
def test_pull_request_that_makes_another_config_its_gate(
    checkout: Path, github: FakeGitHub, how: str
) -> None:
    """The other one is as it is on main."""
    first = ".github/ops002.yml"
    github.files[first, MAIN] = CONFIG + b"tolerance: 1MiB\n"
    if how == "link":
        (checkout / first).parent.mkdir()
        (checkout / first).symlink_to("../ops002.yml")
    loaded = load_text("ops002.yml", CONFIG, Instead())

    own = checked_out(loaded, None)

    assert own == (first, "ops002.yml", "scenarios/engine.py")
    assert changed(api(github), "org/engine", FOUND, own) == (first,)


@pytest.mark.usefixtures("github")
def test_config_that_is_asked_for_is_looked_for_nowhere_else(checkout: Path) -> None:
    (checkout / "link.yml").symlink_to("ops002.yml")
    loaded = load_text("ops002.yml", CONFIG, Instead())

    for name in ("./ops002.yml", str(checkout / "ops002.yml")):
        assert checked_out(loaded, name) == ("ops002.yml", "scenarios/engine.py")
    assert checked_out(loaded, "link.yml") == ("link.yml", "ops002.yml", "scenarios/engine.py")


def test_link_that_was_there_is_no_change(checkout: Path, github: FakeGitHub) -> None:
    """GitHub shows what it leads to."""
    (checkout / "link.yml").symlink_to("ops002.yml")
    github.files["link.yml", MAIN] = CONFIG

    assert changed(api(github), "org/engine", FOUND, ("link.yml", "ops002.yml")) == ()


@pytest.mark.parametrize(
    "found",
    [
        Commits(tested=HEAD, head=HEAD, base=OLD),  # another workflow: it has checked out the head
        Commits(tested=OLD, head=HEAD, base=OLD),  # pull_request_target
        Commits(tested=MAIN, head=HEAD, base=OLD),  # no merge of the two
    ],
)
@pytest.mark.usefixtures("checkout")
def test_without_a_merge_it_is_compared_with_the_base(github: FakeGitHub, found: Commits) -> None:
    github.parents[MAIN] = [before := "e" * 40]
    github.files.update({(path, before): text for (path, _), text in github.files.items()})

    assert changes(github, found) == ("ops002.yml", "scenarios/engine.py")


@pytest.mark.parametrize("trouble", [Trouble(403, body=FORBIDDEN), Trouble(how=hangs)])
@pytest.mark.usefixtures("checkout")
def test_what_cant_be_compared_is_not_known(github: FakeGitHub, trouble: Trouble) -> None:
    github.troubles[:] = [trouble]
    impatient = Api(github.address, TOKEN, seconds=0.3)

    assert changed(impatient, "org/engine", FOUND, ("ops002.yml",)) is None
    assert changed(GitHubFailed("no token"), "org/engine", FOUND, ("ops002.yml",)) is None
    assert changes(github, Commits(tested=MERGE, head=HEAD, base=None)) is None


@pytest.mark.parametrize("bait", ["folder", "many"])
def test_what_cant_be_compared_hides_no_change(
    checkout: Path, github: FakeGitHub, bait: str
) -> None:
    """Or a pull request would bring such a file along, and no word be said of its config."""
    (checkout / "ops002.yml").write_bytes(CONFIG + b"tolerance: 256MiB\n")
    others = {"folder": ["scenarios"], "many": [f"{one}.py" for one in range(30)]}[bait]

    found = changed(api(github), "org/engine", FOUND, ("ops002.yml", *others))

    assert found == ("ops002.yml",)
    assert changed(api(github), "org/engine", FOUND, ("scenarios/engine.py", *others)) is None


def test_only_files_of_the_checkout_are_the_gates() -> None:
    files = ["a.py", "b/../a.py", "../c.py", "/d.py", "b/../../e.py", "."]
    scenarios = [
        scenario_document(name=f"n{number}", workload={"kind": "python", "file": file})
        for number, file in enumerate(files)
    ]

    assert scenario_files(parse(document(*scenarios), {})) == ("a.py",)


@pytest.mark.parametrize(
    ("ref", "file"),
    [
        ("org/engine/.github/workflows/m.yml@refs/pull/7/merge", ".github/workflows/m.yml"),
        ("org/shared/.github/workflows/m.yml@main", None),
        ("org/engine/../m.yml@main", None),
        ("", None),
    ],
)
def test_workflow_belongs_to_the_gate(ref: str, file: str | None) -> None:
    environ = {"GITHUB_REPOSITORY": "org/engine", "GITHUB_WORKFLOW_REF": ref}

    assert workflow_file(environ) == file

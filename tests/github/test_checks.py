"""The life of a check run, on a GitHub that remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.github.api import Api, Time
from ops002.github.checks import CheckRun, Identity, cut
from ops002.github.exchange import GitHubFailed
from ops002.reporters.annotations import Level
from ops002.reporters.check_run import CheckAnnotation, CheckOutput, Conclusion
from tests.github.fake import FORBIDDEN, TOKEN, FakeGitHub, Trouble, hangs_up

SHA = "a" * 40
IDENTITY = Identity(
    repository="org/engine", head_sha=SHA, name="OPS-002", job="ops002/42/1", number="7f"
)
REMARK = CheckAnnotation(
    path="engine.py", start_line=3, end_line=3, level=Level.FAILURE, message="kept", title="leak"
)
OUTPUT = CheckOutput(
    conclusion=Conclusion.FAILURE, title="FAIL leak", summary="sum", text="text", annotations=()
)


def check_run(github: FakeGitHub, identity: Identity = IDENTITY) -> CheckRun:
    return CheckRun(Api(github.address, TOKEN, Time(sleep=lambda _: None)), identity)


def remarks(number: int) -> CheckOutput:
    found = tuple(replace(REMARK, start_line=line, end_line=line) for line in range(1, number + 1))
    return replace(OUTPUT, annotations=found)


def test_is_in_progress_until_it_is_completed(github: FakeGitHub) -> None:
    check = check_run(github)

    check.begin()
    assert github.made() == [("in_progress", None)]
    left = check.complete("failure", replace(OUTPUT, annotations=(REMARK,)))

    assert left == []
    (run,) = github.runs
    assert (run["name"], run["head_sha"]) == ("OPS-002", SHA)
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert run["output"]["title"] == "FAIL leak"
    assert run["output"]["annotations"] == [
        {
            "path": "engine.py",
            "start_line": 3,
            "end_line": 3,
            "annotation_level": "failure",
            "message": "kept",
            "title": "leak",
        }
    ]


@pytest.mark.parametrize(("number", "patches"), [(0, 1), (1, 2), (50, 2), (51, 3), (101, 4)])
def test_annotations_come_in_batches_and_once(
    github: FakeGitHub, number: int, patches: int
) -> None:
    check = check_run(github)
    check.begin()

    assert check.complete("failure", remarks(number)) == []

    lines = [one["start_line"] for one in github.runs[0]["output"]["annotations"]]
    assert lines == list(range(1, number + 1))
    assert github.methods().count("PATCH") == patches


def test_is_completed_whatever_github_has_against_its_annotations(github: FakeGitHub) -> None:
    check = check_run(github)
    check.begin()
    # The first PATCH completes it.
    github.troubles[:] = [
        Trouble(200, body={"id": 1000}, after=True, method="PATCH"),
        Trouble(422, body={"message": "Invalid"}, method="PATCH"),
    ]

    left = check.complete("failure", remarks(60))

    assert github.made() == [("completed", "failure")]
    assert len(left) == 1
    assert "50 annotations" in left[0]
    assert len(github.runs[0]["output"]["annotations"]) == 10


def test_annotations_that_may_be_there_are_not_sent_again(github: FakeGitHub) -> None:
    check = check_run(github)
    check.begin()
    github.troubles[:] = [
        Trouble(200, body={"id": 1000}, after=True, method="PATCH"),
        Trouble(after=True, method="PATCH", how=hangs_up),
    ]

    left = check.complete("failure", remarks(1))

    assert len(left) == 1
    assert len(github.runs[0]["output"]["annotations"]) == 1


@pytest.mark.parametrize(
    "trouble",
    [Trouble(after=True, method="POST", how=hangs_up), Trouble(502, after=True, method="POST")],
    ids=["hangs up", "502"],
)
def test_one_that_was_made_without_an_answer_is_found(github: FakeGitHub, trouble: Trouble) -> None:
    github.troubles[:] = [trouble]
    check = check_run(github)

    check.begin()
    check.complete("success", OUTPUT)

    assert github.made() == [("completed", "success")]


def test_one_that_wasnt_made_without_an_answer_is_made(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(502, method="POST")]
    check = check_run(github)

    check.begin()

    assert github.made() == [("in_progress", None)]


def test_one_that_couldnt_be_begun_is_made_when_it_is_completed(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(500, method="POST"), Trouble(500, method="GET")]
    github.troubles += [Trouble(500, method="GET")] * 3
    check = check_run(github)
    with pytest.raises(GitHubFailed):
        check.begin()

    check.complete("failure", OUTPUT)

    assert github.made() == [("completed", "failure")]
    assert github.runs[0]["output"]["summary"] == "sum"


def test_one_that_nobody_knew_of_is_found_when_it_is_completed(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(after=True, method="POST", how=hangs_up)]
    github.troubles += [Trouble(500, method="GET")] * 4
    check = check_run(github)
    with pytest.raises(GitHubFailed):
        check.begin()

    check.complete("failure", OUTPUT)

    assert github.made() == [("completed", "failure")]


def test_without_permission_it_says_so(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(403, body=FORBIDDEN)]

    with pytest.raises(GitHubFailed, match="Resource not accessible") as failed:
        check_run(github).begin()

    assert failed.value.forbidden
    assert github.methods() == ["POST"]


def test_commit_that_github_doesnt_know_is_told(github: FakeGitHub) -> None:
    with pytest.raises(GitHubFailed, match=r"422 Unprocessable.*No commit found"):
        check_run(github, replace(IDENTITY, head_sha="")).begin()


@pytest.mark.parametrize(
    "body", [[], {}, {"id": None}, {"id": "x"}, 7, b"<html>sorry", b"[" * 200_000]
)
def test_answer_that_is_no_check_run_is_told(github: FakeGitHub, body: Any) -> None:
    github.troubles[:] = [Trouble(201, body=body or [0])]

    with pytest.raises(GitHubFailed):
        check_run(github).begin()


@pytest.mark.parametrize("body", [[], {"check_runs": 7}, {"check_runs": [{}]}])
def test_answer_that_is_no_list_is_told(github: FakeGitHub, body: Any) -> None:
    github.troubles[:] = [Trouble(200, body=body or [0])]

    with pytest.raises(GitHubFailed, match="list of check runs"):
        check_run(github).namesakes()


def test_a_new_one_stands_in_for_that_of_an_earlier_attempt(github: FakeGitHub) -> None:
    (first := check_run(github)).begin()
    first.complete("failure", OUTPUT)
    again = check_run(github, replace(IDENTITY, job="ops002/42/2", number="8a"))

    again.begin()
    again.complete("success", OUTPUT)

    assert github.made() == [("completed", "failure"), ("completed", "success")]
    assert not again.namesakes()


def test_another_job_with_the_same_name_is_seen(github: FakeGitHub) -> None:
    """Of two, GitHub takes the newer for the truth: a red one would be covered by a green one."""
    one, other = check_run(github), check_run(github, replace(IDENTITY, number="8a"))
    one.begin()
    assert not one.namesakes()

    other.begin()

    assert one.namesakes()
    assert other.namesakes()
    assert not check_run(github, replace(IDENTITY, name="OPS-002 (h100)")).namesakes()


def test_what_is_left_in_progress_is_failed(github: FakeGitHub) -> None:
    for number in ("7f", "8a"):
        check_run(github, replace(IDENTITY, number=number)).begin()
    github.page = 100

    assert check_run(github).fail_if_unfinished(OUTPUT)

    assert github.made() == [("completed", "failure"), ("in_progress", None)]


def test_what_is_completed_is_not_touched(github: FakeGitHub) -> None:
    (check := check_run(github)).begin()
    check.complete("success", OUTPUT)

    assert not check_run(github).fail_if_unfinished(OUTPUT)

    assert github.made() == [("completed", "success")]


def test_is_found_among_hundreds(github: FakeGitHub) -> None:
    check_run(github).begin()
    for number in range(250):
        check_run(github, replace(IDENTITY, number=f"other-{number}")).begin()

    assert check_run(github).fail_if_unfinished(OUTPUT)

    assert github.made()[0] == ("completed", "failure")


@given(st.text(alphabet=st.sampled_from("a\0€\U0001f600\ud800"), max_size=40), st.integers(10, 60))
def test_text_is_cut_by_bytes_between_characters(text: str, most: int) -> None:
    found = cut(text, most)

    assert len(found.encode()) <= most
    assert "\0" not in found
    whole = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    assert found == whole or (found.endswith(" ...") and whole.startswith(found[:-4]))


def test_long_texts_are_what_github_takes(github: FakeGitHub) -> None:
    long = "€" * 40_000
    check = check_run(github)
    check.begin()

    left = check.complete(
        "failure",
        replace(
            OUTPUT,
            title=long,
            summary=long,
            text=long,
            annotations=(replace(REMARK, message=long, title=long, start_line=0, end_line=-1),),
        ),
    )

    assert left == []
    output = github.runs[0]["output"]
    assert len(output["summary"].encode()) in range(65535 - 2, 65536)
    assert output["text"].endswith("the report has all of it)")
    assert len(output["annotations"][0]["title"].encode()) <= 255
    assert output["annotations"][0]["start_line"] == output["annotations"][0]["end_line"] == 1

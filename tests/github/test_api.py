"""Patience with GitHub: what is asked again, when, and that it ends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops002.github.api import Api, Time
from ops002.github.exchange import GitHubFailed
from tests.github.fake import (
    FORBIDDEN,
    TOKEN,
    FakeGitHub,
    Trouble,
    drips,
    fake_github,
    hangs,
    hangs_up,
    pours,
)

SHA = "a" * 40
RUNS = f"/repos/org/engine/commits/{SHA}/check-runs"
NOW = 1_800_000_000.0


class Pauses(list[float]):
    """The pauses that were made: in no time."""

    def time(self) -> Time:
        return Time(since_1970=lambda: NOW, sleep=self.append)


def ask(github: FakeGitHub, pauses: Pauses, *troubles: Trouble) -> Any:
    github.troubles[:] = troubles
    return Api(github.address, TOKEN, pauses.time()).get(RUNS).json()


LIMITED = {"message": "You have exceeded a secondary rate limit."}


@pytest.mark.parametrize(
    ("troubles", "pauses"),
    [
        ([Trouble(500)], [1.0]),
        ([Trouble(502), Trouble(503), Trouble(504)], [1.0, 3.0, 9.0]),
        ([Trouble(429, {"Retry-After": "2"})], [2.0]),
        ([Trouble(403, {"Retry-After": "0"})], [0.0]),
        (
            [Trouble(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 5:.0f}"})],
            [6.0],
        ),
        ([Trouble(429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"})], [1.0]),
        ([Trouble(how=hangs_up)], [1.0]),
        ([Trouble(500), Trouble(429, {"Retry-After": "20"})], [1.0, 20.0]),
        ([], []),
    ],
    ids=str,
)
def test_is_asked_again_when_that_may_help(
    github: FakeGitHub, troubles: list[Trouble], pauses: list[float]
) -> None:
    made = Pauses()

    assert ask(github, made, *troubles) == {"total_count": 0, "check_runs": []}
    assert made == pauses


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble(403, body=FORBIDDEN), "403 Forbidden: Resource not accessible by integration"),
        (Trouble(404), "404 Not Found"),
        (
            Trouble(422, body={"message": "Invalid", "errors": [{"field": "name", "code": "bad"}]}),
            "422 .*: Invalid; name bad",
        ),
        (Trouble(422, body={"message": "Invalid", "errors": ["bad", 7]}), "Invalid; bad; 7"),
        (Trouble(401), "401 Unauthorized"),
        (Trouble(422, body={"message": f"what is {TOKEN}?"}), r"what is \*\*\*\?"),
        (Trouble(400, body=["x"]), r"400 Bad Request: \[\"x\"\]"),
        (Trouble(429, {"Retry-After": "61"}), "asks to wait 61 s"),
        (Trouble(429, {"Retry-After": "Wed, 21 Oct 2026"}), "asks to wait 60 s"),
        (Trouble(403, body=LIMITED), "secondary rate limit.*asks to wait 60 s"),
        (Trouble(302), "302 Found"),
        (Trouble(how=pours), "over 8 MiB"),
    ],
    ids=str,
)
def test_is_not_asked_again_when_it_cant_help(
    github: FakeGitHub, trouble: Trouble, words: str
) -> None:
    made = Pauses()

    with pytest.raises(GitHubFailed, match=words) as failed:
        ask(github, made, trouble)

    assert made == []
    assert TOKEN not in str(failed.value)
    assert failed.value.forbidden == (trouble.status in {401, 404} or trouble.body is FORBIDDEN)


def test_tries_end(github: FakeGitHub) -> None:
    made = Pauses()

    with pytest.raises(GitHubFailed, match="500"):
        ask(github, made, *[Trouble(500)] * 9)

    assert made == [1.0, 3.0, 9.0]
    assert len(github.asked) == 4


def test_pauses_come_out_of_all_the_time_there_is(github: FakeGitHub) -> None:
    made = Pauses()
    github.troubles[:] = [Trouble(429, {"Retry-After": "6"})] * 9
    api = Api(github.address, TOKEN, made.time(), seconds=20.0)

    for _ in range(2):
        with pytest.raises(GitHubFailed, match="asks to wait 6 s"):
            api.get(RUNS)

    assert made == [6.0] * 3


@pytest.mark.parametrize("how", [hangs, drips], ids=["hangs", "drips"])
def test_is_left_alone_when_it_takes_too_long(github: FakeGitHub, how: Any) -> None:
    """With a real clock: the server would keep it for ever."""
    github.troubles[:] = [Trouble(how=how)]
    api = Api(github.address, TOKEN, seconds=0.5)

    with pytest.raises(GitHubFailed, match="did not answer in time") as failed:
        api.get(RUNS)

    assert failed.value.maybe_done
    with pytest.raises(GitHubFailed, match="did not answer in time"):
        api.get(RUNS)
    assert len(github.asked) == 1


def test_without_any_time_left_nothing_is_sent(github: FakeGitHub) -> None:
    api = Api(github.address, TOKEN)

    with api.at_most(0.0), pytest.raises(GitHubFailed, match="did not answer in time"):
        api.send("POST", "/repos/org/engine/check-runs", {"name": "x"}, repeat=False)
    api.get(RUNS)

    assert github.methods() == ["GET"]


def test_enterprise_server_has_its_api_elsewhere(github: FakeGitHub) -> None:
    assert Api(f"{github.address}/api/v3/", TOKEN).get(RUNS).status == 200
    assert github.asked[0].path == f"/api/v3{RUNS}"


def test_less_time_for_some_of_it_leaves_the_rest(github: FakeGitHub) -> None:
    made = Pauses()
    github.troubles[:] = [Trouble(429, {"Retry-After": "30"})] * 2
    api = Api(github.address, TOKEN, made.time())

    with api.at_most(10.0), pytest.raises(GitHubFailed):
        api.get(RUNS)
    api.get(RUNS)

    assert made == [30.0]


def test_what_may_have_been_done_is_not_done_again(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(502)]
    api = Api(github.address, TOKEN, Pauses().time())

    with pytest.raises(GitHubFailed) as failed:
        api.send("POST", "/repos/org/engine/check-runs", {"name": "x"}, repeat=False)

    assert failed.value.maybe_done
    assert github.methods() == ["POST"]


def test_redirect_within_the_server_is_followed(github: FakeGitHub) -> None:
    github.troubles[:] = [Trouble(301, {"Location": RUNS})]
    api = Api(github.address, TOKEN)

    assert api.get("/repos/org/renamed").status == 200
    assert github.asked[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_token_isnt_taken_to_another_server(github: FakeGitHub) -> None:
    with fake_github() as other:
        for status in (301, 302, 307, 308):
            github.troubles[:] = [Trouble(status, {"Location": f"{other.address}{RUNS}"})]

            with pytest.raises(GitHubFailed, match="another server"):
                Api(github.address, TOKEN).get(RUNS)

    assert other.asked == []


@pytest.mark.parametrize("to", ["http://[", "//elsewhere.example/", "https:/x", ""])
def test_redirect_to_nowhere_is_told(github: FakeGitHub, to: str) -> None:
    github.troubles[:] = [Trouble(302, {"Location": to})] * 9

    with pytest.raises(GitHubFailed):
        Api(github.address, TOKEN, Pauses().time()).get(RUNS)


@pytest.mark.parametrize(
    "base", ["", "api.github.com", "file:///etc/passwd", "http://", "http://["]
)
def test_what_is_no_address_is_refused(base: str) -> None:
    with pytest.raises(GitHubFailed, match="GITHUB_API_URL"):
        Api(base, TOKEN)


@pytest.mark.parametrize("token", ["", "two words", "line\nend", "ключ"])
def test_what_is_no_token_is_refused_and_not_told(token: str) -> None:
    with pytest.raises(GitHubFailed) as failed:
        Api("http://127.0.0.1:1", token)

    assert not token or token not in str(failed.value)


def test_server_that_isnt_there_is_told() -> None:
    made = Pauses()

    with pytest.raises(GitHubFailed, match=r"can't be reached at http://127\.0\.0\.1:1 ") as failed:
        Api("http://127.0.0.1:1", TOKEN, made.time()).get(RUNS)

    assert made == [1.0, 3.0, 9.0]
    assert failed.value.status is None


def test_netrc_doesnt_come_before_the_token(
    github: FakeGitHub, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (netrc := tmp_path / "netrc").write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert Api(github.address, TOKEN).get(RUNS).status == 200


def test_proxy_of_the_machine_is_used(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", github.address)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")

    with pytest.raises(GitHubFailed, match="404"):
        Api("http://github.example", TOKEN).get("/nothing")

    assert github.asked[0].headers["host"] == "github.example"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One that nobody has signed, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    file = tmp_path / "server.pem"
    line = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=github -addext"
    given = ["subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", str(tmp_path / "crt")]
    subprocess.run([*line.split(), *given], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "crt").read_text())
    return file


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_own_authority_is_used(
    name: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(other, raising=False)

    with fake_github(certificate=certificate) as github:
        with pytest.raises(GitHubFailed, match="CERTIFICATE_VERIFY_FAILED"):
            Api(github.address, TOKEN, Pauses().time()).get(RUNS)
        assert github.asked == []
        monkeypatch.setenv(name, str(certificate.with_name("crt")))
        assert Api(github.address, TOKEN).get(RUNS).status == 200

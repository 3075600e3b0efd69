"""The check run around everything that the action does: there before it, completed after it.

Best effort: whatever GitHub does, the step's exit code is the verdict's, unless the workflow says
that a check run is required.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

from ops002.commands.action_log import Log
from ops002.github.api import Api
from ops002.github.checks import PERMISSION, CheckRun, Identity
from ops002.github.event import commits
from ops002.github.exchange import GitHubFailed
from ops002.github.inputs import CheckInputs, CheckWish, check_inputs
from ops002.github.workflow import save_state
from ops002.reasons import Reason
from ops002.reporters.check_run import CheckOutput, without_result

_STATE: Final = "check"
_BEGIN_SECONDS: Final = 10.0
"""So much may GitHub delay a measurement."""
_HURRIED_SECONDS: Final = 5.0
"""Of a runner's 10 s for a step that it ends. What isn't done by then is done after the job."""
_KILLED: Final = (
    "the step was ended, or GitHub didn't take what it said, before this check was completed: the "
    "step's log has what came of it, if anything did; else run the job again"
)
_NAMESAKES: Final = (
    "another job or step of this run has a check of the same name, and GitHub takes the newer one "
    "for the truth; give each a check_name of its own"
)
_UNCOUNTED: Final = (
    "whether another job or step of this run has a check of the same name isn't known, and this "
    "one could stand in for a red one; run the job again"
)


def connect(environ: Mapping[str, str]) -> Api | GitHubFailed:
    """GitHub, by the token among the inputs; else why it can't be asked for anything."""
    token = check_inputs(environ).token
    if not token:
        return GitHubFailed("the input token is empty")
    try:
        return Api(environ.get("GITHUB_API_URL", ""), token)
    except GitHubFailed as error:
        return error


class Check:
    """The action's check run, or why there is none."""

    def __init__(self, environ: Mapping[str, str], log: Log) -> None:
        """What stands in the way is told in ``log``."""
        self._environ = environ
        self._log = log
        self._inputs = check_inputs(environ)
        self._api: Api | None = None
        self._run: CheckRun | None = None
        self._why = ""
        self._open = True

    def begin(self, api: Api | GitHubFailed) -> None:
        """Have it in progress, if it can be."""
        if self._inputs.wish is CheckWish.OFF:
            self._open = False
            return
        identity = _identity(self._environ, self._inputs)
        if isinstance(api, GitHubFailed):
            self._give_up(api)
        elif isinstance(identity, GitHubFailed):
            self._give_up(identity)
        else:
            # Before it is made: whenever this step is killed, the one after the job finds it.
            save_state(self._environ, _STATE, json.dumps(asdict(identity)))
            self._api, self._run = api, CheckRun(api, identity)
            try:
                with api.at_most(_BEGIN_SECONDS):
                    self._run.begin()
            except GitHubFailed as error:
                self._give_up(error)

    def complete(self, output: CheckOutput, *, hurried: bool = False) -> str | None:
        """Complete it; why the step is to be red though the verdict may not be, if it is.

        ``hurried``: the run is being ended from outside, and there is little time.
        """
        if self._open and self._run is not None and self._api is not None:
            self._open = False
            try:
                with self._api.at_most(_HURRIED_SECONDS if hurried else float("inf")):
                    if hurried:
                        self._shown(self._run, output)
                    else:
                        self._completed(self._run, output)
                if not hurried:  # else GitHub may still be making one that we asked for before
                    save_state(self._environ, _STATE, "")
                self._why = ""
            except GitHubFailed as error:
                self._give_up(error, "it isn't completed")
        required = self._inputs.wish is CheckWish.REQUIRED
        return self._why if required and self._why else None

    def _completed(self, run: CheckRun, output: CheckOutput) -> None:
        # The newest one sees those that were made before it: so it, which counts, is red.
        why = self._covering(run)
        if why is not None:
            output = without_result("check-name", [why])
            self._tell(why)
        self._shown(run, output)

    def _covering(self, run: CheckRun) -> str | None:
        """Why it could stand in for another one that is red, if so."""
        try:
            return _NAMESAKES if run.namesakes() else None
        except GitHubFailed as error:
            self._tell(str(error))
            return _UNCOUNTED

    def _shown(self, run: CheckRun, output: CheckOutput) -> None:
        for left in run.complete(output.conclusion.value, output):
            self._tell(left)

    def _give_up(self, error: GitHubFailed, state: str = "there is none") -> None:
        self._why = f"{state}: {_told(error)}"
        if error.forbidden:
            self._run = None  # it won't be allowed later, either
        self._tell(self._why)

    def _tell(self, what: str) -> None:
        _tell(self._log, what)


@contextmanager
def reported(environ: Mapping[str, str], api: Api | GitHubFailed, log: Log) -> Iterator[Check]:
    """A check run in progress, which is completed on every way out of what is done inside."""
    check = Check(environ, log)
    try:
        check.begin(api)
        yield check
    except Exception as error:
        defect = f"ops002 has a defect: {type(error).__name__}: {error}"
        check.complete(without_result(Reason.INTERNAL_ERROR.value, [defect]))
        raise
    except BaseException:  # a signal, while nothing else listens to it
        check.complete(without_result(Reason.INTERRUPTED.value, [_KILLED]), hurried=True)
        raise
    check.complete(without_result(Reason.INTERNAL_ERROR.value, ["nothing was told of the run"]))


def fail_unfinished(environ: Mapping[str, str], log: Log) -> None:
    """After the job: fail the step's check run if it is in progress still."""
    try:
        identity = Identity(**json.loads(environ.get(f"STATE_{_STATE}") or "{}"))
    except (TypeError, ValueError):
        return  # there was none, or it is completed
    api = connect(environ)
    try:
        if isinstance(api, GitHubFailed):
            raise api
        output = without_result(Reason.INTERRUPTED.value, [_KILLED])
        if CheckRun(api, identity).fail_if_unfinished(output):
            _tell(log, "it was in progress still, and is failed now")
    except GitHubFailed as error:
        _tell(log, f"it may be in progress still: {error}")


def _tell(log: Log, what: str) -> None:
    """In GitHub's words, or those of whatever answers in its place."""
    with log.fenced() as show:
        for line in what.splitlines():
            show(f"check run: {line}")


def _identity(environ: Mapping[str, str], inputs: CheckInputs) -> Identity | GitHubFailed:
    head, repository = commits(environ).head, environ.get("GITHUB_REPOSITORY")
    if head is None or not repository:
        return GitHubFailed("the event names no commit that a check run could stand at")
    number = secrets.token_hex(8)
    run = environ.get("GITHUB_RUN_ID")
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    return Identity(
        repository=repository,
        head_sha=head,
        name=inputs.name,
        job=f"ops002/{run}/{attempt}" if run else f"ops002/{number}",
        number=number,
    )


def _told(error: GitHubFailed) -> str:
    """What stands in the way, and what to write where."""
    if not error.forbidden:
        return str(error)
    return (
        f"{error}\nto have one, give the job these permissions (a fork's pull "
        "request doesn't get them; the step itself gates all the same), or say check_run: off\n"
        f"{PERMISSION}"
    )

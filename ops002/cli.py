"""The command line. Imports what a subcommand needs only when it is asked for."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ops002 import __version__

_DESCRIPTION: Final = (
    "Forces inference to fail and proves that GPU memory comes back to its baseline "
    "(contract FALSIFY-OPS-002)."
)
_EXIT_CODES: Final = (
    "exit codes: 0 pass, 1 fail, 2 usage or config, 3 inconclusive (red, too), "
    "130/143 interrupted, 70 a defect of ops002"
)
_EXIT_BUG: Final = 70
_EXIT_INTERRUPTED: Final = 130


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a subcommand; its exit code."""
    # A stream that was closed before the start is None: nothing may fail on it.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (to the end)
    # A runner starts an action's container with inputs in the environment, and no arguments.
    as_action = not argv and environ.get("GITHUB_ACTIONS") == "true"
    options = _parser().parse_args(["action"] if as_action else argv)
    for stream in (sys.stdout, sys.stderr):
        # Whatever a name or a message holds, printing it must not be what fails.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = options.command(options, environ)
    except KeyboardInterrupt:
        code = _EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 (the last resort: a defect of ours has an exit code of its own)
        sys.stderr.write(f"ops002 {__version__} has a defect; please report this:\n")
        traceback.print_exc()
        code = _EXIT_BUG
    _let_go_of_output()
    return code


def _let_go_of_output() -> None:
    """Have a closed pipe or a full disk behind standard output not change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        # Python flushes once more on its way out, and would end with a code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ops002", description=_DESCRIPTION, epilog=_EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"ops002 {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="force the faults and judge", epilog=_EXIT_CODES))
    check = commands.add_parser("check-config", help="validate the config file only")
    check.add_argument("config", nargs="?", metavar="FILE")
    check.set_defaults(command=_check_config)
    judge = commands.add_parser("judge", help="judge a report again from its raw measurement")
    judge.add_argument("report", metavar="REPORT.json")
    judge.set_defaults(command=_judge)
    _add_selftest(commands.add_parser("selftest", help="plant leaks here: the gate must find them"))
    doctor = commands.add_parser("doctor", help="what this machine can measure")
    doctor.add_argument("--json", action="store_true", help="for machines")
    doctor.epilog = "exit codes: 0 if ops002 run could judge here, else 3"
    doctor.set_defaults(command=_doctor)
    action = commands.add_parser("action", help="run as a GitHub Action: inputs from INPUT_...")
    action.add_argument(
        "--sweep", action="store_true", help="only remove what a cancelled run of it has left"
    )
    action.set_defaults(command=_action)
    schema = commands.add_parser("schema", help="print the JSON Schema of the config file")
    schema.add_argument("--report", action="store_true", help="of the report instead")
    schema.set_defaults(command=_schema)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--config", metavar="FILE", help="default: .github/ops002.yml, ops002.yml")
    run.add_argument(
        "--scenario", metavar="NAME", action="append", default=[], help="only this one"
    )
    run.add_argument("--device", metavar="DEVICE", help="instead of the config's")
    run.add_argument("--tolerance", metavar="SIZE", help="instead of the config's")
    run.add_argument(
        "--image", metavar="IMAGE", help="the container of scenarios that name none of their own"
    )
    run.add_argument(
        "--mount",
        metavar="FOLDER",
        action="append",
        default=[],
        help="a folder of this machine that containers may read",
    )
    run.add_argument("--report-dir", metavar="DIR", help="default: ops002-report")
    run.add_argument("--json", action="store_true", help="print the report instead of the summary")
    run.set_defaults(command=_run)


def _add_selftest(selftest: argparse.ArgumentParser) -> None:
    selftest.description = (
        "Plants leaks and their clean twins (the same code, that lets go) on this machine: each "
        "leak must be found, each twin must pass. Takes about a minute."
    )
    selftest.epilog = (
        "exit codes: 0 fit, 1 not fit, 2 usage, 3 something could not be judged, 130/143 "
        "interrupted, 70 a defect of ops002"
    )
    selftest.add_argument(
        "--device",
        choices=["cpu"],
        default="cpu",
        help="leaks are planted in host memory only so far",
    )
    selftest.set_defaults(command=_selftest)


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from ops002.commands.run import RunOptions, run
    from ops002.config.overrides import Instead

    chosen = RunOptions(
        config=options.config,
        instead=Instead(
            device=options.device,
            tolerance=options.tolerance,
            image=options.image,
            scenarios=tuple(options.scenario),
        ),
        mounts=tuple(options.mount),
        report_dir=options.report_dir,
        json=options.json,
    )
    return run(chosen, environ, sys.stdout, sys.stderr)


def _check_config(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from ops002.commands.check_config import check_config

    return check_config(options.config, sys.stdout, sys.stderr)


def _judge(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from ops002.commands.judge import judge

    return judge(options.report, sys.stdout, sys.stderr)


def _selftest(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from ops002.commands.selftest import selftest

    return selftest(options.device, environ, sys.stdout, sys.stderr)


def _doctor(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from ops002.commands.doctor import doctor

    return doctor(environ, sys.stdout, as_json=options.json)


def _schema(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from ops002.commands.schema import schema

    return schema(report=options.report, out=sys.stdout)


def _action(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from ops002.commands.action import action, sweep_action

    if options.sweep:
        return sweep_action(environ, sys.stdout)
    return action(environ, sys.stdout)

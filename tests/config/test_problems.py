"""Every kind of bad config, with the line and the key path at which it is told."""

from __future__ import annotations

import pytest

from tests.configs import COMMAND, PYTHON, problems, with_faults

FIRST = "scenarios[0]"
OOM = "faults: [oom]"
COMMAND_OOM = COMMAND.replace("kind: exit\n        expect: {exit_code: [1]}", "kind: oom")


# Text, then the one problem: its line, its path, and words of its message.
SINGLE: dict[str, tuple[str, int, str, tuple[str, ...]]] = {
    "unknown key at the top": (
        PYTHON + "tolerence: 1MiB\n",
        9,
        "tolerence",
        ("unknown key", "tolerance"),
    ),
    "unknown key in a scenario": (
        PYTHON + "    repeats: 2\n",
        9,
        f"{FIRST}.repeats",
        ("did you mean repeat?",),
    ),
    "unknown key in a workload": (
        PYTHON.replace("file:", "file: a\n      flie:"),
        8,
        f"{FIRST}.workload.flie",
        ("did you mean file?",),
    ),
    "unknown key in a fault": (
        with_faults("{kind: oom, expct: {}}"),
        8,
        f"{FIRST}.faults[0].expct",
        ("did you mean expect?",),
    ),
    "unknown key like nothing known": (
        PYTHON + "zzz: 1\n",
        9,
        "zzz",
        ("allowed here: control, device, exclusive, held_until_gc",),
    ),
    "unknown key with the name of a kind": (
        with_faults("{kind: oom, oom: 1}"),
        8,
        f"{FIRST}.faults[0].oom",
        ("unknown key",),
    ),
    "unknown key with the name of a workload kind": (
        PYTHON + "    python: x\n",
        9,
        f"{FIRST}.python",
        ("unknown key",),
    ),
    "tolerance far above the cap": (PYTHON + "tolerance: 8GiB\n", 9, "tolerance", ("256MiB",)),
    "tolerance a byte above the cap": (
        PYTHON + "    tolerance: 268435457B\n",
        9,
        f"{FIRST}.tolerance",
        ("cap", "256MiB"),
    ),
    "size without a unit": (PYTHON + "tolerance: 64\n", 9, "tolerance", ("unit", "64MiB")),
    "size with a decimal unit": (PYTHON + "tolerance: 64MB\n", 9, "tolerance", ("'MB'", "MiB")),
    "duration without a unit": (
        PYTHON + "max_duration: 60\n",
        9,
        "max_duration",
        ("unit", "30s"),
    ),
    "duration of zero": (PYTHON + "max_duration: 0s\n", 9, "max_duration", ("longer than 0",)),
    "no repeat": (PYTHON + "repeat: 0\n", 9, "repeat", ("greater than or equal to 1", "0")),
    "no warm-up": (PYTHON + "warmup: 0\n", 9, "warmup", ("greater than or equal to 1", "0")),
    "negative repeat": (PYTHON + "repeat: -1\n", 9, "repeat", ("-1",)),
    "repeat as text": (PYTHON + 'repeat: "5"\n', 9, "repeat", ("whole number",)),
    "repeat as a fraction": (PYTHON + "repeat: 5.0\n", 9, "repeat", ("whole number",)),
    "settle as text": (PYTHON + "settle: 5s\n", 9, "settle", ("mapping",)),
    "name as a number": (
        PYTHON.replace("generate\n", "7\n"),
        4,
        f"{FIRST}.name",
        ("must be text",),
    ),
    "empty name": (PYTHON.replace("generate\n", '""\n'), 4, f"{FIRST}.name", ("not be empty",)),
    "name with an escape sequence": (
        PYTHON.replace("generate\n", '"\\e[31m"\n'),
        4,
        f"{FIRST}.name",
        ("printable",),
    ),
    "no scenarios": (
        "version: 1\ndevice: cpu\nscenarios: []\n",
        3,
        "scenarios",
        ("not be empty",),
    ),
    "scenarios as a mapping": (
        "version: 1\ndevice: cpu\nscenarios: {}\n",
        3,
        "scenarios",
        ("must be a list",),
    ),
    "no faults": (PYTHON.replace(OOM, "faults: []"), 8, f"{FIRST}.faults", ("not be empty",)),
    "a call without an expectation": (
        with_faults("call"),
        8,
        f"{FIRST}.faults[0].expect",
        ("is required",),
    ),
    "an expectation that says nothing": (
        with_faults("{kind: call, expect: {recovers: true}}"),
        8,
        f"{FIRST}.faults[0].expect",
        ("recovers needs output",),
    ),
    "a band wider than the tolerance": (
        PYTHON + "tolerance: 1MiB\nsettle: {band: 2MiB}\n",
        10,
        "settle",
        ("band 2MiB is over the tolerance",),
    ),
    "a pattern that can take for ever": (
        with_faults("{kind: call, expect: {match: (x+)+y}}"),
        8,
        f"{FIRST}.faults[0].expect.match",
        ("repeats what already repeats",),
    ),
    "an expectation whose only key is empty": (
        with_faults("{kind: call, expect: {match: }}"),
        8,
        f"{FIRST}.faults[0].expect",
        ("exception", "match", "output"),
    ),
    "an exit without an expectation": (
        COMMAND.replace("        expect: {exit_code: [1]}\n", ""),
        9,
        f"{FIRST}.faults[0].expect",
        ("is required",),
    ),
    "an exit code out of range": (
        COMMAND.replace("[1]}", "[256]}"),
        10,
        f"{FIRST}.faults[0].expect.exit_code[0]",
        ("255",),
    ),
    "a pattern that is none": (
        with_faults("{kind: call, expect: {match: '('}}"),
        8,
        f"{FIRST}.faults[0].expect.match",
        ("regular expression",),
    ),
    "a pattern that repeats too often": (
        with_faults("{kind: call, expect: {match: 'a{99999999999999999999}'}}"),
        8,
        f"{FIRST}.faults[0].expect.match",
        ("regular expression",),
    ),
    "a pattern that is nested too deeply": (
        with_faults("{kind: call, expect: {match: '" + "(" * 2000 + ")" * 2000 + "'}}"),
        8,
        f"{FIRST}.faults[0].expect.match",
        ("regular expression",),
    ),
    "docker run": (
        COMMAND.replace("[apr, run, model.gguf]", "[/usr/bin/docker, run, image]"),
        7,
        f"{FIRST}.workload.run",
        ("docker run", "container"),
    ),
    "docker run as the healthy command": (
        COMMAND.replace("run: [apr", "healthy: [podman, run, x]\n      run: [apr"),
        7,
        f"{FIRST}.workload.healthy",
        ("podman run", "container"),
    ),
    "an empty command": (
        COMMAND.replace("[apr, run, model.gguf]", "[]"),
        7,
        f"{FIRST}.workload.run",
        ("not be empty",),
    ),
    "a command line instead of a list": (
        COMMAND.replace("[apr, run, model.gguf]", "apr run"),
        7,
        f"{FIRST}.workload.run",
        ("must be a list",),
    ),
    "an environment of numbers": (
        PYTHON.replace("file:", "env: {THREADS: 4}\n      file:"),
        7,
        f"{FIRST}.workload.env.THREADS",
        ("must be text", "4"),
    ),
    "an environment with a lone surrogate": (
        PYTHON.replace("file:", 'env: {A: "\\ud800"}\n      file:'),
        7,
        f"{FIRST}.workload.env.A",
        (),
    ),
    "an environment with a null character": (
        PYTHON.replace("file:", 'env: {A: "x\\0"}\n      file:'),
        7,
        f"{FIRST}.workload.env.A",
        ("null character",),
    ),
    "a name in the environment that is none": (
        PYTHON.replace("file:", 'env: {"A=B": x}\n      file:'),
        7,
        f"{FIRST}.workload.env.A=B",
        ("=",),
    ),
    "a command with a null character": (
        COMMAND.replace("apr,", '"apr\\0",'),
        7,
        f"{FIRST}.workload.run[0]",
        ("null character",),
    ),
    "another version": (PYTHON.replace("version: 1", "version: 2"), 1, "version", ("1",)),
    "a version as a list": (PYTHON.replace("version: 1", "version: [1]"), 1, "version", ("1",)),
    "a version as a boolean": (
        PYTHON.replace("version: 1", "version: true"),
        1,
        "version",
        ("1",),
    ),
    "a version as a fraction": (PYTHON.replace("version: 1", "version: 1.0"), 1, "version", ("1",)),
    "no version": (PYTHON.replace("version: 1\n", ""), 1, "version", ("is required",)),
    "no file": (
        PYTHON.replace("      file: generate.py\n", ""),
        5,
        f"{FIRST}.workload.file",
        ("is required",),
    ),
    "no kind": (
        PYTHON.replace("      kind: python\n", ""),
        5,
        f"{FIRST}.workload.kind",
        ("python, command",),
    ),
    "a misspelt kind": (
        PYTHON.replace("python\n", "pyhton\n"),
        6,
        f"{FIRST}.workload.kind",
        ("did you mean python?",),
    ),
    "a misspelt fault": (with_faults("oomm"), 8, f"{FIRST}.faults[0]", ("did you mean oom?",)),
    "a misspelt fault kind": (
        PYTHON.replace(OOM, "faults:\n      - expect: {match: x}\n        kind: cal"),
        10,
        f"{FIRST}.faults[0].kind",
        ("did you mean call?",),
    ),
    "a misspelt device": (PYTHON.replace("cpu", "gpu"), 2, "device", ("'gpu'", "cpu")),
    "out of memory of a command on a cpu": (
        COMMAND_OOM,
        8,
        f"{FIRST}.faults",
        ("needs a GPU",),
    ),
    "unknown key in a command's out of memory": (
        COMMAND_OOM.replace("cpu", "cuda").replace("kind: oom", "kind: oom\n        after: exited"),
        10,
        f"{FIRST}.faults[0].after",
        ("allowed here: expect, kind, repeat",),
    ),
    "after as a list": (
        with_faults("{kind: oom, after: [serving]}"),
        8,
        f"{FIRST}.faults[0].after",
        ("serving",),
    ),
    "settle within a scenario that contradicts itself": (
        PYTHON + "    settle: {interval: 1s}\n",
        9,
        f"{FIRST}.settle",
        ("interval <= window < timeout", "1s, 500ms and 30s"),
    ),
    "a window as long as the timeout": (
        PYTHON + "settle: {window: 30s}\n",
        9,
        "settle",
        ("interval <= window < timeout", "50ms, 30s and 30s"),
    ),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_problem_is_told_at_its_place(name: str) -> None:
    text, line, path, words = SINGLE[name]
    (told,) = problems(text)
    assert told.startswith(f"f.yml:{line}: {path}: ")
    assert all(word in told for word in words)


@pytest.mark.parametrize("settle", ["{interval: 500ms}", "{timeout: 501ms}", "{interval: 1ms}"])
def test_interval_may_be_the_window_and_the_window_just_short_of_the_timeout(settle: str) -> None:
    assert problems(f"{PYTHON}settle: {settle}\n") == []

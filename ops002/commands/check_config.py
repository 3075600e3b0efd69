"""``ops002 check-config``."""

from __future__ import annotations

from typing import TextIO

from ops002.commands.config_loading import BadConfig, load_config


def check_config(file: str | None, out: TextIO, err: TextIO) -> int:
    """Say what is wrong with the config, or what it will do; the exit code."""
    try:
        loaded = load_config(file)
    except BadConfig as bad:
        err.writelines(f"{line}\n" for line in bad.lines)
        return 2
    out.write(f"{loaded.file}: valid\n")
    for scenario in loaded.config.scenarios:
        faults = ", ".join(fault.kind for fault in scenario.faults)
        starts = scenario.starts()
        times = "once" if starts == 1 else f"{starts} times"
        out.write(
            f"  {scenario.name}: {faults}, each {scenario.repeat} time(s); "
            f"the workload is started {times}\n"
        )
    return 0

"""A resolved config as a document again: the ``parameters`` of a report; pure."""

from __future__ import annotations

from typing import Any

from ops002.config.resolved import Config, Scenario
from ops002.config.schema import Container
from ops002.units import format_duration, format_size


def resolved(config: Config) -> dict[str, Any]:
    """The config as a document again, every default written out: `parse` undoes it."""
    return {
        "version": 1,
        "max_duration": format_duration(config.max_duration),
        "retry_inconclusive": config.retry_inconclusive,
        "scenarios": [_resolved_scenario(scenario) for scenario in config.scenarios],
    }


def _container(container: Container | None) -> dict[str, Any]:
    if container is None:
        return {}
    return {"container": container.model_dump(mode="json")}


def _resolved_scenario(scenario: Scenario) -> dict[str, Any]:
    settle = scenario.settle
    return {
        "name": scenario.name,
        "device": scenario.device,
        "tolerance": format_size(scenario.tolerance_bytes),
        "min_at_stake": format_size(scenario.min_at_stake_bytes),
        "warmup": scenario.warmup,
        "control": scenario.control,
        "repeat": scenario.repeat,
        "settle": {
            "timeout": format_duration(settle.timeout),
            "window": format_duration(settle.window),
            "interval": format_duration(settle.interval),
            "band": format_size(settle.band),
        },
        "held_until_gc": scenario.held_until_gc,
        "exclusive": scenario.exclusive,
        **_container(scenario.container),
        "workload": scenario.workload.model_dump(mode="json", exclude_none=True, by_alias=True),
        "faults": [
            {
                **fault.model_dump(mode="json", exclude_none=True, by_alias=True),
                "repeat": scenario.repeat_of(fault),
            }
            for fault in scenario.faults
        ],
    }

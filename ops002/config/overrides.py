"""What is said on the command line instead of in the config file; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Says nothing where it is None or empty; ``image`` is for scenarios that name no container."""

    device: str | None = None
    tolerance: str | None = None
    image: str | None = None
    scenarios: tuple[str, ...] = ()

    def in_place_of(self, document: object) -> object:
        """The config document with what is said instead, at its top and in every scenario."""
        if not isinstance(document, dict):
            return document
        changed: dict[str, object] = {**document, **self._keys()}
        scenarios = document.get("scenarios")
        if isinstance(scenarios, list):
            changed["scenarios"] = [self._in_scenario(scenario) for scenario in scenarios]
        return changed

    def _keys(self) -> dict[str, object]:
        given = {"device": self.device, "tolerance": self.tolerance}
        return {key: value for key, value in given.items() if value is not None}

    def _in_scenario(self, scenario: object) -> object:
        if not isinstance(scenario, dict):
            return scenario
        kept = {key: value for key, value in scenario.items() if key not in self._keys()}
        return kept if self.image is None else {"container": {"image": self.image}, **kept}

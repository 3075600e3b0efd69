"""What several parts of the config's schema are made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from ops002.config.values import Count, Pattern, Period


class Section(BaseModel):
    """A mapping of the config file: known keys only, exact types, not changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Timeouts(Section):
    """Deadlines: until loaded, for one inference or run, and until gone."""

    start: Period = 600.0
    infer: Period = 120.0
    exit: Period = 30.0


class Expect(Section):
    """How a fault is recognised; every given key must hold."""

    output: Pattern | None = None
    recovers: bool = False

    @model_validator(mode="after")
    def _shows_a_recovery(self) -> Expect:
        if self.recovers and self.output is None:
            raise ValueError(
                "recovers needs output: nothing else shows an error that the workload swallows"
            )
        return self

    @model_validator(mode="after")
    def _says_something(self) -> Expect:
        keys = [key for key in type(self).model_fields if key != "recovers"]
        if all(getattr(self, key) is None for key in keys):
            raise ValueError(
                f"says nothing to recognise the fault by; give at least one of: {', '.join(keys)}"
            )
        return self


class FaultKeys(Section):
    """What every fault may say: how often it is forced, if not as often as the others."""

    repeat: Count | None = None

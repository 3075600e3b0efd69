"""The schema of the config file, version 1, as far as it is implemented."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from ops002.config.sections import Expect, FaultKeys, Section, Timeouts
from ops002.config.server import DisconnectFault, RequestFault, ServerWorkload
from ops002.config.values import (
    FILLED_LIST,
    Command,
    Count,
    Device,
    Environment,
    ExitCodes,
    Pattern,
    Period,
    Size,
    Text,
    Tolerance,
    Version,
    Volumes,
)
from ops002.units import SIZE_UNITS


class SettleKeys(Section):
    """How long to wait for memory to hold still; absent keys take the default."""

    timeout: Period | None = None
    window: Period | None = None
    interval: Period | None = None
    band: Size | None = None


class MeasuringKeys(Section):
    """The keys that shape a measurement; they stand at the top, in a scenario, or in both."""

    device: Device | None = None
    tolerance: Tolerance | None = None
    min_at_stake: Size | None = None
    warmup: Count | None = None
    control: Annotated[int, Field(ge=0, le=1000)] | None = None
    repeat: Count | None = None
    settle: SettleKeys = SettleKeys()
    held_until_gc: Literal["fail", "accept"] | None = None
    exclusive: bool | None = None


class PythonWorkload(Section):
    """A scenario file with ``load`` and ``infer``, run by the worker in the workload's Python."""

    kind: Literal["python"]
    file: Text
    python: Text | None = None
    env: Environment = {}
    cwd: Text = "."
    timeouts: Timeouts = Timeouts()


class CommandWorkload(Section):
    """A command that ends; ``healthy`` is one that succeeds, for the warm-up."""

    kind: Literal["command"]
    run: Command
    healthy: Command | None = None
    env: Environment = {}
    cwd: Text = "."
    timeouts: Timeouts = Timeouts()


class PythonExpect(Expect):
    """Expectation of a fault inside the worker; ``exit_code`` for one that ends it."""

    exception: Text | None = None
    match: Pattern | None = None
    exit_code: ExitCodes | None = None


class CommandExpect(Expect):
    """Expectation of a command; a signal's status is 128 + n."""

    exit_code: ExitCodes | None = None


class InProcessFault(FaultKeys):
    """A fault inside the worker, and what a well-behaved workload does after it."""

    expect: PythonExpect | None = None
    after: Literal["serving", "exited"] = "serving"

    @model_validator(mode="after")
    def _ends_recognisably(self) -> InProcessFault:
        seen = self.expect.exit_code or self.expect.output if self.expect is not None else None
        if self.after == "exited" and not seen:
            raise ValueError(
                "after: exited needs an expect with exit_code or output: nothing else is left of "
                "an error that ends the process"
            )
        return self


class CallFault(InProcessFault):
    """``fail(model)`` of the scenario file."""

    kind: Literal["call"]
    expect: PythonExpect


class OomFault(InProcessFault):
    """``infer`` under a memory limit."""

    kind: Literal["oom"]


class OomSweepFault(InProcessFault):
    """``infer``, once for each chosen point of it that asks for memory: there it runs out of it.

    ``points``: the first, middle and last at each place of the code, all, or so many. ``eager``:
    without ``torch.compile`` and fused fast paths, inside of which nothing can be made to fail.
    """

    kind: Literal["oom-sweep"]
    points: Literal["sites", "all"] | Annotated[int, Field(ge=1)] = "sites"
    eager: bool = False
    repeat: Literal[1] | None = None
    after: Literal["serving"] = "serving"


class ExceptionFault(InProcessFault):
    """An exception raised in the middle of ``infer``.

    Half-way through, unless it says where: in place of torch operator ``at_operator`` (from 1), or
    where the function ``in_function`` (``module.Class.method``) is first entered.
    """

    kind: Literal["exception"]
    at_operator: Count | None = None
    in_function: Text | None = None

    @model_validator(mode="after")
    def _is_at_one_place(self) -> ExceptionFault:
        if self.at_operator is not None and self.in_function is not None:
            raise ValueError("an exception has one place: at_operator or in_function, not both")
        return self


class KillFault(FaultKeys):
    """SIGKILL in the middle of an inference, or of the command."""

    kind: Literal["kill"]
    expect: None = None


class ServerKillFault(KillFault):
    """SIGKILL of the server in the middle of a request, or of its biggest child."""

    process: Literal["parent", "child"] = "parent"


class ExitFault(FaultKeys):
    """The command fails by itself."""

    kind: Literal["exit"]
    expect: CommandExpect


class CommandOomFault(FaultKeys):
    """The command under a limit on torch's CUDA allocator."""

    kind: Literal["oom"]
    expect: CommandExpect | None = None


def _spell_out(fault: object) -> object:
    """A bare word is short for ``{kind: word}``."""
    return {"kind": fault} if isinstance(fault, str) else fault


PythonFault = Annotated[
    Annotated[
        CallFault | OomFault | OomSweepFault | ExceptionFault | KillFault,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_spell_out),
]
CommandFault = Annotated[
    Annotated[ExitFault | CommandOomFault | KillFault, Field(discriminator="kind")],
    BeforeValidator(_spell_out),
]
ServerFault = Annotated[
    Annotated[RequestFault | DisconnectFault | ServerKillFault, Field(discriminator="kind")],
    BeforeValidator(_spell_out),
]
WorkerFault = CallFault | OomFault | OomSweepFault | ExceptionFault
RequestedFault = RequestFault | DisconnectFault
Fault = WorkerFault | RequestedFault | KillFault | ExitFault | CommandOomFault


class Container(Section):
    """The container that the workload runs in; ``volumes`` are named ones, by where they appear."""

    image: Text
    shm_size: Size = 64 * SIZE_UNITS["MiB"]
    volumes: Volumes = {}
    env: Environment = {}
    network: Literal["none", "bridge"] = "none"


class PythonScenario(MeasuringKeys):
    """A python workload and its faults."""

    name: Annotated[Text, Field(max_length=100)]
    container: Container | None = None
    workload: PythonWorkload
    faults: Annotated[tuple[PythonFault, ...], FILLED_LIST]


class CommandScenario(MeasuringKeys):
    """A command workload and its faults."""

    name: Annotated[Text, Field(max_length=100)]
    container: Container | None = None
    workload: CommandWorkload
    faults: Annotated[tuple[CommandFault, ...], FILLED_LIST]


class ServerScenario(MeasuringKeys):
    """A server workload and its faults."""

    name: Annotated[Text, Field(max_length=100)]
    container: Container | None = None
    workload: ServerWorkload
    faults: Annotated[tuple[ServerFault, ...], FILLED_LIST]


def _workload_kind(scenario: object) -> str | None:
    workload = scenario.get("workload") if isinstance(scenario, dict) else None
    kind = workload.get("kind") if isinstance(workload, dict) else None
    return kind if isinstance(kind, str) else None


Scenario = Annotated[
    Annotated[PythonScenario, Tag("python")]
    | Annotated[CommandScenario, Tag("command")]
    | Annotated[ServerScenario, Tag("server")],
    Discriminator(_workload_kind),
]


class ConfigText(MeasuringKeys):
    """The whole file."""

    version: Version
    max_duration: Period = 3600.0
    retry_inconclusive: Annotated[int, Field(ge=0, le=10)] = 1
    scenarios: Annotated[tuple[Scenario, ...], FILLED_LIST]

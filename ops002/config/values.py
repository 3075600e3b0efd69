"""The values that stand in a config file: strict text in, checked values out."""

from __future__ import annotations

import json
import re
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from ops002.contract import AC_OPS_002_MAX_TOLERANCE_BYTES
from ops002.units import format_duration, format_size, parse_duration, parse_size

CONTAINER_COMMANDS: Final = frozenset({"docker", "podman", "nerdctl"})

COOKIE: Final = "OPS002_GATE"
"""The variable that says, in the environment of a workload, which gate it belongs to."""

# A group that ends in an unbounded repeat and is itself repeated without bound: (x+)+, (?:a*b*)*.
_NESTED_REPEAT: Final = re.compile(r"[+*]\)(?:[+*]|\{[0-9]*,\})")


def _within_cap(tolerance_bytes: int) -> int:
    if tolerance_bytes > AC_OPS_002_MAX_TOLERANCE_BYTES:
        cap = format_size(AC_OPS_002_MAX_TOLERANCE_BYTES)
        raise ValueError(
            f"{format_size(tolerance_bytes)} is over the contract's cap: a larger tolerance would "
            f"hide real leaks; allowed is at most {cap}"
        )
    return tolerance_bytes


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError("must be longer than 0")
    return seconds


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{text[:80]!r} isn't a regular expression: {error}") from None
    if _NESTED_REPEAT.search(text):
        raise ValueError(
            f"{text[:80]!r} repeats what already repeats: on some output that takes for ever; "
            "repeat it once"
        )
    return text


def _no_null(text: str) -> str:
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must be text without a null character or half a surrogate pair")
    return text


def _variable(name: str) -> str:
    if not name or "=" in name:
        raise ValueError("must be the name of a variable: not empty, and without =")
    if name == COOKIE:
        raise ValueError("is the gate's own: by it what a killed gate left is found and ended")
    return _no_null(name)


def _volume(name: str) -> str:
    if not _VOLUME.fullmatch(name):
        raise ValueError(
            f"{name!r} isn't the name of a volume: a folder of the host would be the workload's to "
            "read or change; put its files into a volume (docker volume create)"
        )
    return name


def _folder(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or set(path) & set(":,"):
        raise ValueError(f"{path!r} isn't an absolute folder of the container")
    if not path.strip("/") or path.strip("/").split("/")[0] in _SYSTEM_FOLDERS:
        raise ValueError(f"{path!r} holds the container's own system: choose another folder")
    return path


def _known_version(version: int) -> int:
    if version != 1:
        raise ValueError(f"{version} isn't known; allowed is 1")
    return version


def _device(text: str) -> str:
    if not _DEVICE.fullmatch(text):
        raise ValueError(
            f"{text!r} isn't a device; allowed are cpu, cuda (the first visible), cuda:0, "
            "cuda:0,1, cuda:all, cuda:GPU-<uuid> and cuda:MIG-<uuid>"
        )
    return text


def _command(argv: tuple[str, ...]) -> tuple[str, ...]:
    program = argv[0].rpartition("/")[2]
    if program in CONTAINER_COMMANDS and "run" in argv[1:]:
        raise ValueError(
            f"'{program} run' starts the workload where the gate can't see its processes; give "
            "the image under container and the command as it runs inside"
        )
    return argv


def _url(text: str) -> str:
    found = _URL.fullmatch(text)
    port = found["port"] if found else None
    if found is None or (port != "{port}" and not 0 < int(port or 0) <= _LAST_PORT):
        raise ValueError(
            f"{text[:80]!r} isn't an address of the server: requests go to it alone, as "
            "http://127.0.0.1:{port}/path (or localhost, or [::1]; a number may stand for {port})"
        )
    return text


def _header(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII, as a header is")
    return text


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} isn't the name of a header")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"{name} is set by the gate: it follows from the request")
    return name


def _plain_json(value: JsonValue) -> JsonValue:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("must be what JSON can hold: whole text, and numbers that end") from None
    return value


_LAST_PORT: Final = 65535
_URL: Final = re.compile(
    r"http://(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>\{port\}|[0-9]{1,5})"
    r"(?P<target>/[!-~]*)?"
)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_VOLUME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_SYSTEM_FOLDERS: Final = frozenset({"proc", "sys", "dev", "etc", "run", "tmp"})
_UUID: Final = r"(GPU|MIG)-[0-9A-Za-z/-]{1,120}"
_DEVICE: Final = re.compile(rf"cpu|cuda(:(all|[0-9]{{1,3}}(,[0-9]{{1,3}})*|{_UUID}(,{_UUID})*))?")
_SIZE_SCHEMA: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(B|KiB|MiB|GiB)$"}
_DURATION_SCHEMA: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h)$"}

# In a document sizes and durations are text again: what is parsed back must be what it was.
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="json"),
    WithJsonSchema(_SIZE_SCHEMA),
]
Tolerance = Annotated[Size, AfterValidator(_within_cap)]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(_DURATION_SCHEMA),
]
Period = Annotated[Duration, AfterValidator(_positive)]
Text = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_printable)]
Pattern = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_pattern)]
Device = Annotated[
    str,
    AfterValidator(_device),
    WithJsonSchema({"type": "string", "pattern": f"^{_DEVICE.pattern}$"}),
]

# A YAML list becomes a tuple: the one conversion that is allowed.
FILLED_LIST: Final = Field(min_length=1, strict=False)

Argument = Annotated[str, Field(max_length=131072), AfterValidator(_no_null)]
Argv = Annotated[tuple[Argument, ...], FILLED_LIST]
Environment = dict[Annotated[str, AfterValidator(_variable)], Argument]
Volumes = dict[Annotated[str, AfterValidator(_volume)], Annotated[Text, AfterValidator(_folder)]]
Command = Annotated[Argv, AfterValidator(_command)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Json = Annotated[JsonValue, AfterValidator(_plain_json)]
Url = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "format": "uri"})]
Headers = dict[
    Annotated[str, AfterValidator(_header_name)], Annotated[str, AfterValidator(_header)]
]
Statuses = Annotated[tuple[Annotated[int, Field(ge=200, le=599)], ...], FILLED_LIST]
ExitCodes = Annotated[tuple[Annotated[int, Field(ge=0, le=255)], ...], FILLED_LIST]
Version = Annotated[int, AfterValidator(_known_version), WithJsonSchema({"const": 1})]

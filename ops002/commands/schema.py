"""``ops002 schema``."""

from __future__ import annotations

import json
from typing import TextIO

from ops002.commands.printing import show


def schema(*, report: bool, out: TextIO) -> int:
    """Print the JSON Schema of the config file, or of the report."""
    if report:
        from ops002.report import json_schema

        document = json_schema()
    else:
        from ops002.config.schema import ConfigText

        document = ConfigText.model_json_schema()
    show(json.dumps(document, indent=2) + "\n", out)
    return 0

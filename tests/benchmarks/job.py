"""The input of a benchmark process: one JSON document on its standard input.

Passwords and keys are not in the arguments, because every user of the machine can read these.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass
from typing import Any, Self

AGENCY = "police"
DATASET = "police-incident"


@dataclass(frozen=True, slots=True)
class Job:
    """Connection and identity of one client, and what the pure functions are built from.

    `schema_ids` gives the registry's id of each topic's schema, `options` what the process alone
    has use for.
    """

    connection: dict[str, Any]
    principal: str
    protocol: str
    index: str
    reference_key: str
    intake: str
    passthrough: str
    schema_ids: dict[str, int]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def text(self) -> str:
        """The document."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def received(cls) -> Self:
        """The job of this process."""
        return cls(**json.loads(sys.stdin.readline()))

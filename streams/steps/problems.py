"""Problems of a record. A problem in an optional field is a caveat, in a required field a fault."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A value that cannot be used: its field, a reason code, the value given, the values accepted."""

    field: str
    reason: str
    given: str | None
    accepted: str

    @property
    def code(self) -> str:
        """Return field and reason without the value, for counts, caveats and metrics."""
        return f"{self.field}:{self.reason}" if self.field else self.reason

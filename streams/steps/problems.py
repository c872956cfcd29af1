"""Problems of a record: one in an optional field becomes a caveat, one in a required field a fault."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A value that cannot be used: where, a short code, what was given, what is accepted."""

    field: str
    reason: str
    given: str | None
    accepted: str

    @property
    def code(self) -> str:
        """Field and reason without content, fit for counts, caveats and metrics."""
        return f"{self.field}:{self.reason}" if self.field else self.reason

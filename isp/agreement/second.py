"""The precision of profile `second` in a protocol: its dates, its places, and its least households."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from schemas.formats import Signed

DAYS_OF: Final = {"week": 7, "month": 31}
"""The most days of each period."""
DATES_A_YEAR: Final[Mapping[str | None, int]] = {None: 365, "week": 53, "month": 12}
"""The most dates that releases of a year have, by the period of their dates; None: each day."""


class SecondProfile(Signed):
    """The settings of the releases of profile `second` that go beyond the declared treatments.

    With a `period` each date is the first day of its ISO week or month, and no time is released. With `place`
    sector, each place is released as its postcode sector, without street and premises. A place with fewer
    than `minimum_households` households gives its district alone; the default is that of the protocol.
    """

    period: Literal["week", "month"] | None = None
    place: Literal["sector"] | None = None
    minimum_households: Annotated[int, Field(ge=4, le=10_000)] | None = None

    @field_validator("period", "place", "minimum_households", mode="before")
    @classmethod
    def _is_given(cls, value: object) -> object:
        """Refuse an empty setting: it would release more than the line seems to say."""
        if value is None:
            raise ValueError("is empty; give a value, or leave the line out")
        return value

    @property
    def is_coarse(self) -> bool:
        """Return True if dates are those of periods, or places are sectors."""
        return self.period is not None or self.place is not None

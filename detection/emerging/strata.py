"""Strata: sets of cases whose days may be exchanged under the null hypothesis.

A stratum is a supplier of a dataset on one kind of day. So a weekly market, a public holiday, an agency's
silent days and its delay change what is expected, and are not found as clusters.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final, NamedTuple

from holidays import country_holidays

from detection.emerging.facts import Source

HOLIDAY: Final = 7
"""The kind of a public holiday. The kinds 0 to 6 are Monday to Sunday."""

KINDS: Final = 8

_MERGED: Final = {8: (0, 1, 2, 3, 4, 5, 6, 7), 3: (0, 0, 0, 0, 1, 1, 2, 2), 1: (0,) * 8}
_CASES_OF_KINDS: Final = ((280, 8), (100, 3), (0, 1))

_EPOCH: Final = date(1970, 1, 1)
_MEMORY_DAYS: Final = 8_192  # more than the longest history


class Stratum(NamedTuple):
    """A supplier of a dataset on one kind of day."""

    source: Source
    kind: int


@lru_cache(_MEMORY_DAYS)
def day_kind(day: int) -> int:
    """Return the kind of a day: 0 to 6 for Monday to Sunday, 7 for a public holiday."""
    local = _EPOCH + timedelta(days=day)
    return HOLIDAY if local in _holidays(local.year) else local.weekday()


def kinds_for(cases: int) -> int:
    """Return how many kinds of days a series of so many cases has: 8, 3 or 1.

    The three are Monday to Thursday, Friday and Saturday, and Sunday with public holidays. In small strata
    there are few permutations, and nothing could be significant.
    """
    return next(kinds for least, kinds in _CASES_OF_KINDS if cases >= least)


def merged(kind: int, kinds: int) -> int:
    """Return the kind of a day where there are so many kinds."""
    return _MERGED[kinds][kind]


@cache
def _holidays(year: int) -> frozenset[date]:
    # England and Wales have the same bank holidays (Banking and Financial Dealings Act 1971, Schedule 1).
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))

"""Spans of days: sorted and apart, so that any number of days takes little memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Span = tuple[int, int]
"""First and last day since 1970-01-01."""


def joined(spans: Sequence[Span], span: Span) -> list[Span]:
    """Return the spans with another one. Spans that touch become one."""
    first, last = span
    apart = [each for each in spans if each[1] < first - 1 or each[0] > last + 1]
    near = [each for each in spans if not (each[1] < first - 1 or each[0] > last + 1)]
    first = min([first, *(each[0] for each in near)])
    last = max([last, *(each[1] for each in near)])
    return sorted([*apart, (first, last)])


def since(spans: Sequence[Span], first: int) -> list[Span]:
    """Return the spans without the days before `first`."""
    return [(max(first, begin), end) for begin, end in spans if end >= first]


def has(spans: Sequence[Span], day: int) -> bool:
    """Return True if a day is in one of the spans."""
    index = bisect_right(spans, (day, day)) if spans else 0
    near = spans[max(0, index - 1) : index + 1]
    return any(begin <= day <= end for begin, end in near)

"""Protective markings and their order: at each level, personal data is marked higher than other data."""

from __future__ import annotations

from typing import NamedTuple

from isp.agreement.law import Law

PERSONAL_DATA = " – PERSONAL DATA"
"""Suffix of the protocol's marking for records that can identify a person."""


class Marking(NamedTuple):
    """A marking of one law. Markings are ordered by protection.

    `degree` is the position among the law's levels, from the lowest; within a level, personal data is higher.
    """

    degree: int
    personal: bool
    text: str


def marking(law: Law, level: str, *, personal: bool) -> Marking:
    """Return the marking of a level.

    Raises:
        ValueError: the law has no such level; the text names the accepted levels.
    """
    if level not in law.markings:
        raise ValueError(f"{level!r} is not a marking; accepted: {', '.join(law.markings)}")
    text = level + (PERSONAL_DATA if personal else "")
    return Marking(law.markings.index(level), personal, text)


def parsed(law: Law, text: str) -> Marking:
    """Parse the marking of a topic, a header or an export. Errors as `marking`."""
    level = text.removesuffix(PERSONAL_DATA)
    return marking(law, level, personal=level != text)

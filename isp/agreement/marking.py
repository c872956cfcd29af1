"""Protective markings in order: what can identify a person is never marked below what cannot."""

from __future__ import annotations

from typing import NamedTuple

from isp.agreement.law import Law

PERSONAL_DATA = " – PERSONAL DATA"
"""What the protocol's marking carries where records can identify a person."""


class Marking(NamedTuple):
    """A marking of one law. Markings stand in the order of protection.

    First counts the place among the law's levels, from the lowest, then whether it is of people.
    """

    degree: int
    personal: bool
    text: str


def marking(law: Law, level: str, *, personal: bool) -> Marking:
    """The marking of a level.

    Raises:
        ValueError: the law has no such level; names those there are.
    """
    if level not in law.markings:
        raise ValueError(f"{level!r} is no marking; accepted: {', '.join(law.markings)}")
    text = level + (PERSONAL_DATA if personal else "")
    return Marking(law.markings.index(level), personal, text)


def parsed(law: Law, text: str) -> Marking:
    """The marking that a topic, a header or an export carries. Errors as `marking`."""
    level = text.removesuffix(PERSONAL_DATA)
    return marking(law, level, personal=level != text)

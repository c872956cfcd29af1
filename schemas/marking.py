"""Protective markings in order: what can identify a person is never marked below what cannot."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.law import Law

PERSONAL_DATA = " – PERSONAL DATA"
"""What the protocol's marking carries where records can identify a person."""

PROPERTY = "marking"
"""The property under which a topic's registered schema carries its marking."""


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


def marked(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """A topic's schema with its marking, for whoever looks the topic up in the registry."""
    return {**schema, PROPERTY: text}


def unmarked(schema: Any) -> Any:
    """A record's schema as it is declared, whatever topic it was registered for.

    A registry may part the full name into name and namespace; here it is whole.
    """
    if not isinstance(schema, dict):
        return schema
    own = {name: value for name, value in schema.items() if name not in {PROPERTY, "namespace"}}
    namespace = schema.get("namespace")
    return own | {"name": f"{namespace}.{own.get('name')}"} if namespace else own

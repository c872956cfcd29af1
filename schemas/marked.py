"""The marking in a topic's registered schema."""

from __future__ import annotations

from typing import Any

PROPERTY = "marking"
"""The property of a registered schema that holds the topic's marking."""


def marked(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a topic's schema with its marking, for readers of the registry."""
    return {**schema, PROPERTY: text}


def unmarked(schema: Any) -> Any:
    """Return a record's schema as it is declared, without the marking of its topic.

    A registry may split the full name into name and namespace; the result has the full name.
    """
    if not isinstance(schema, dict):
        return schema
    own = {name: value for name, value in schema.items() if name not in {PROPERTY, "namespace"}}
    namespace = schema.get("namespace")
    return own | {"name": f"{namespace}.{own.get('name')}"} if namespace else own

"""The marking in a topic's registered schema."""

from __future__ import annotations

from typing import Any

PROPERTY = "marking"
"""The property under which a topic's registered schema carries its marking."""


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

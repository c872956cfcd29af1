"""Select the caveats of a release. A caveat on an empty field would reveal that it is withheld."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EMPTY: tuple[Any, ...] = (None, [])


def caveats_of(released: Mapping[str, Any], caveats: list[str]) -> list[str]:
    """Return the caveats on fields with a value in the release; receipts have the others."""
    return [c for c in caveats if released.get(c.partition(":")[0]) not in _EMPTY]

"""The sources of aggregate data that complement records (guidance 3.3), with their markings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

RESTRICTED = "RESTRICTED"
PUBLIC = "PUBLIC"


class AggregateSource(NamedTuple):
    """One source. A restricted source goes only to the agencies that the protocol names (guidance 2.1)."""

    id: str
    guidance: str
    title: str
    supplied_by: str
    restricted: bool

    @property
    def marking(self) -> str:
        """Return the marking of tables of this source."""
        return RESTRICTED if self.restricted else PUBLIC


def load_aggregates(path: Path) -> Mapping[str, AggregateSource]:
    """Read the declared sources, in the order of the guidance."""
    declared = YAML(typ="safe").load(path)
    return {name: AggregateSource(name, **about) for name, about in declared.items()}

"""The settings of the detection of emerging problems, which the agent makes from the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from detection.emerging.facts import Kind, Stream


@dataclass(frozen=True, slots=True)
class Group:
    """A declared group of types. `types` has the codes of each dataset; an empty set means all codes.

    The order of the datasets counts: of several records about one event the first dataset's is counted.
    """

    name: str
    types: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Watch:
    """A recipient and the streams that it may read."""

    recipient: str
    streams: frozenset[Stream]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. Lengths are in metres, periods in days.

    `level_days`: a detection is published if, over all series and places of a recipient, chance alone gives
    one as strong in so many days. `share` is the largest share of all cases in one circle.
    """

    watches: tuple[Watch, ...]
    groups: tuple[Group, ...] = ()
    level_days: int = 365
    minimum_cases: int = 4
    radius_m: float = 1_000.0
    share: float = 0.5
    window_days: int = 7
    study_days: int = 182
    history_days: int = 1_830
    replicates: int = 999
    close_days: int = 14
    same_event_m: float = 250.0
    same_event_hours: int = 3
    near_repeat_m: float = 400.0
    near_repeat_days: int = 30
    shares: Mapping[Kind, float] = field(default_factory=lambda: SHARES)


SHARES: Final[Mapping[Kind, float]] = {
    "scan": 0.8,  # one half for the evaluations, one half for the looks between them
    "near-repeat": 0.05,
    "farrington": 0.1,
    "ears": 0.05,
}
"""The share of the alarms by chance that each kind of detector may give. They add up to 1."""

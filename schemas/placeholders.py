"""Placeholders of systems for a missing reference or date (placeholders.yaml). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

_FILE: Final = Path(__file__).parent / "placeholders.yaml"
_SAYS_NOTHING: Final = re.compile(r"[\W_0]*\Z")
"""Only punctuation and zeros, such as - or 0000."""
_EXPONENT: Final = re.compile(
    r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}|[+-]?\d[.,]\d+E-?\d{1,3}", re.ASCII | re.IGNORECASE
)
"""A long number in a spreadsheet's exponent form, such as 1.2E+11: its last digits are lost."""

_SURELY_ONE: Final = re.compile(r"[^Ee\n]*[1-9][^Ee\n]*\Z")
"""A text with a digit other than 0 and without the letter e is surely a reference."""

MISSING: Final = "missing"
SPOILT: Final = "spoilt-by-a-spreadsheet"


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The texts and dates that mean a missing value."""

    references: frozenset[str]
    never: frozenset[date]
    events: frozenset[date]
    zero: frozenset[date]
    zero_times: frozenset[time]

    def fault_of_reference(self, text: str) -> str | None:
        """Return `MISSING` for a placeholder, `SPOILT` for a rounded number, or None for a reference."""
        if _SURELY_ONE.match(text):
            return None
        if _SAYS_NOTHING.match(text) or " ".join(text.casefold().split()) in self.references:
            return MISSING
        return SPOILT if _EXPONENT.fullmatch(text.strip()) else None

    def suspects(self, *, births: bool) -> frozenset[date]:
        """Return all days for which `is_no_birth` (with `births`) or `is_no_event` can be true."""
        return self.never if births else self.never | self.events | self.zero

    def is_no_birth(self, day: date) -> bool:
        """Return True if the day means a missing date of birth."""
        return day in self.never

    def is_no_event(self, day: date, at: time | None) -> bool:
        """Return True if the day, with its time if there is one, means a missing date."""
        if day in self.zero:
            return at is None or self.is_zero_time(at)
        return day in self.never or day in self.events

    def is_zero_time(self, at: time) -> bool:
        """Return True for the time that systems write for a day without a time."""
        return at in self.zero_times


@cache
def placeholders(path: Path = _FILE) -> Placeholders:
    """Read the file of placeholders."""
    document: Any = YAML(typ="safe").load(path)
    dates = document["dates"]
    return Placeholders(
        references=frozenset(_folded(document["references"])),
        never=frozenset(dates["never"]),
        events=frozenset(dates["events"]),
        zero=frozenset(dates["zero"]),
        zero_times=frozenset(map(time.fromisoformat, document["zero_times"])),
    )


def _folded(groups: Sequence[Sequence[str]]) -> list[str]:
    return [" ".join(word.casefold().split()) for group in groups for word in group]

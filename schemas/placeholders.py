"""What stands where a system has no reference or no date (placeholders.yaml), and how to know it. Pure."""

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
"""Marks and noughts alone, such as - or 0000."""
_EXPONENT: Final = re.compile(
    r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}|[+-]?\d[.,]\d+E-?\d{1,3}", re.ASCII | re.IGNORECASE
)
"""A long number as a spreadsheet shows it, such as 1.2E+11: its last digits are lost."""

_SURELY_ONE: Final = re.compile(r"[^Ee\n]*[1-9][^Ee\n]*\Z")
"""No reference that is none has a digit other than 0 without the letter e."""

MISSING: Final = "missing"
SPOILT: Final = "spoilt-by-a-spreadsheet"


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The references and dates that are none."""

    references: frozenset[str]
    never: frozenset[date]
    events: frozenset[date]
    zero: frozenset[date]
    zero_times: frozenset[time]

    def fault_of_reference(self, text: str) -> str | None:
        """`MISSING` for a word or mark for none, `SPOILT` for a rounded number, None for a reference."""
        if _SURELY_ONE.match(text):
            return None
        if _SAYS_NOTHING.match(text) or " ".join(text.casefold().split()) in self.references:
            return MISSING
        return SPOILT if _EXPONENT.fullmatch(text.strip()) else None

    def suspects(self, *, births: bool) -> frozenset[date]:
        """Return the days of which one of the other questions can say that they are none."""
        return self.never if births else self.never | self.events | self.zero

    def is_no_birth(self, day: date) -> bool:
        """Return True if nobody's date of birth is meant by it."""
        return day in self.never

    def is_no_event(self, day: date, at: time | None) -> bool:
        """Return True if the day, with the time beside it if any, is one that a system made up."""
        if day in self.zero:
            return at is None or self.is_zero_time(at)
        return day in self.never or day in self.events

    def is_zero_time(self, at: time) -> bool:
        """Return True for the time that a day without a time is given."""
        return at in self.zero_times


@cache
def placeholders(path: Path = _FILE) -> Placeholders:
    """Read the file."""
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

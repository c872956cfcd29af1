"""Derive again what a profile may have of an original, and which rows it may not have.

The treatments are written here again from the guidance and the declarations. So a fault in
`sanitiser.policy` or `sanitiser.rows` is found although every release has it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from typing import Any, Final

from offline.risk.forms import BANDS
from offline.risk.truth import Truth
from schemas.codes import CodeList
from schemas.record_type import Field, RecordType

_BOUNDS: Final = (10, 18, 25, 35, 45, 55, 65)
_DAYS_OF_WEEK: Final = 7
_BETWEEN_AGES: Final = 1
"""Years by which a later age of one person may differ, so that ages do not tell the birthday."""

Fits = Callable[[str, Any], bool]
"""Takes a cell and the original's value; returns True if the profile may have the cell."""


class Treatments:
    """The rules of one profile for the originals of one type."""

    def __init__(
        self, record_type: RecordType, profile: str, code_lists: Mapping[str, CodeList]
    ) -> None:
        """Derive the rule of each released field from its declaration."""
        self._type = record_type
        self._profile = profile
        self._lists = code_lists
        self._fields = [
            (field, fits)
            for field in record_type.released(profile)
            if (fits := self._rule(field)) is not None
        ]
        self._excluded = record_type.excluded.get(profile)
        self._coded = [(f.name, f.code_list) for f in record_type.fields if f.code_list]

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the fields that have a rule here."""
        return tuple(field.name for field, _ in self._fields)

    def wrong(self, row: Mapping[str, str], truth: Truth) -> Iterator[tuple[str, str]]:
        """Yield each field, with a reason, whose cell the profile may not have of this original."""
        for field, fits in self._fields:
            cell = row.get(field.name, "")
            if not cell:
                continue
            value = truth.record.get(field.name)
            if value is None or not _is_fit(fits, cell, value):
                action = field.treatments[self._profile].action
                yield field.name, f"is not what {action!r} gives of the original"

    def may_not_have(self, truth: Truth) -> bool:
        """Return True if the profile may not have a row of this original."""
        rule, record = self._excluded, truth.record
        if rule is not None:
            if record.get(rule.flag) is not False:
                return True
            if any(_is_of(record.get(name), codes) for name, codes in rule.codes.items()):
                return True
        return any(
            record.get(name) is not None and self._leaves_out(str(listed), str(record[name]))
            for name, listed in self._coded
        )

    def _leaves_out(self, listed: str, code: str) -> bool:
        profile = self._lists[listed].profiles.get(self._profile)
        return profile is not None and _is_of(code, profile.left_out)

    def _rule(self, field: Field) -> Fits | None:
        treatment = field.treatments[self._profile]
        if treatment.action == "keep":
            return _KEPT.get(field.kind)
        codes = self._lists.get(treatment.code_list or "")
        if codes is not None:
            return self._rule_of_codes(treatment.action, codes)
        return _OF_ACTION.get(treatment.action)

    def _rule_of_codes(self, action: str, codes: CodeList) -> Fits | None:
        if action == "code":
            return lambda cell, value: cell in {str(value), self._merged(codes, value)}
        if action == "group":
            return lambda cell, value: (
                cell
                in {
                    _group(codes, str(value)),
                    _group(codes, self._merged(codes, value)),
                }
            )
        return None

    def _merged(self, codes: CodeList, value: Any) -> str:
        profile = codes.profiles.get(self._profile)
        merged = profile.merged if profile else {}
        return merged.get(str(value)) or merged.get(str(value).partition("/")[0]) or str(value)


def _group(codes: CodeList, code: str) -> str | None:
    return codes.groups.get(code) or codes.groups.get(code.partition("/")[0])


def _is_fit(fits: Fits, cell: str, value: Any) -> bool:
    try:
        return fits(cell, value)
    except ValueError:  # a cell that is no number
        return False


def _is_of(code: Any, codes: frozenset[str]) -> bool:
    return code is not None and not codes.isdisjoint({str(code), str(code).partition("/")[0]})


def _day(cell: str, value: date) -> bool:
    """Return True for the day, for the Monday of its week, and for its month."""
    if cell in {value.isoformat(), value.isoformat()[:7], value.replace(day=1).isoformat()}:
        return True
    try:
        begun = date.fromisoformat(cell)
    except ValueError:
        return False
    return begun.weekday() == 0 and 0 <= (value - begun).days < _DAYS_OF_WEEK


def _hour(value: time) -> str:
    return f"{value.hour:02}:00:00"


def _rounds(cell: str, value: float) -> bool:
    """Return True if a cell has one significant figure, and none would be nearer to the value."""
    digits = cell.lstrip("-")
    unit = 10 ** max(len(digits) - 1, 0)
    return digits.rstrip("0") in {"", *"123456789"} and abs(int(cell) - value) <= unit / 2


def _band(age: int) -> str:
    return BANDS[bisect_right(_BOUNDS, age)]


def _is_near_band(cell: str, value: int) -> bool:
    years = range(value - _BETWEEN_AGES, value + _BETWEEN_AGES + 1)
    return cell in {_band(age) for age in years}


_KEPT: Final[Mapping[str, Fits]] = {
    "date": _day,
    "time": lambda cell, value: cell in {str(value), _hour(value)},
    "flag": lambda cell, value: cell == ("true" if value else "false"),
    "count": lambda cell, value: float(cell) == float(value),
    "number": lambda cell, value: float(cell) == float(value),
}
_OF_ACTION: Final[Mapping[str, Fits]] = {
    "hour": lambda cell, value: cell == _hour(value),
    "rounded": _rounds,
    "band": _is_near_band,
    "age": lambda cell, value: abs(int(cell) - value) <= _BETWEEN_AGES,
}

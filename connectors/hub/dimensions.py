"""The dimensions by which the records of a table of the hub can be counted.

These are coded columns, flags, bands of ages, and area, weekday and hour of the event. No dimension has free
text, an id, an address, a whole postcode or coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.hub.tables import HubTable
from sanitiser.counts.table import Question, QuestionError
from sanitiser.people.ages import band
from sanitiser.places.areas import KINDS, Areas
from sanitiser.places.postcodes import sector_of
from schemas.codes import CodeList
from schemas.record_type import Field, RecordType

_DAYS: Final = (
    "1 Monday", "2 Tuesday", "3 Wednesday", "4 Thursday", "5 Friday", "6 Saturday", "7 Sunday",
)  # fmt: skip
_HOURS: Final = tuple(f"{hour:02}:00" for hour in range(24))

AreasOf = Callable[[str], Areas]
"""Opens the areas of a kind: ward or lsoa."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension: a column, its kind, and how a value of the column is named in a table.

    `name_of` returns None if the value is not known. `accepted` says which names a dimension has, and `has`
    if it has one.
    """

    name: str
    column: str
    kind: str
    name_of: Callable[[Any], str | None]
    accepted: str
    has: Callable[[str], bool]


def dimensions_of(
    table: HubTable,
    record_type: RecordType,
    code_lists: Mapping[str, CodeList],
    areas_of: AreasOf,
) -> dict[str, Dimension]:
    """Return the dimensions of a table by name. The areas are opened when they are first used."""
    columns = {column.name for column in table.columns}
    found = (
        *_areas(columns, record_type, areas_of),
        *_clock(columns, record_type),
        *_coded(columns, record_type, str(table.topic.profile), code_lists),
    )
    return {dimension.name: dimension for dimension in found}


def check_one_area(question: Question, dimensions: Mapping[str, Dimension]) -> None:
    """Check that a question has one kind of area: parts of one area in another may have few people.

    Raises:
        QuestionError: it has several.
    """
    known = (dimensions[name] for name in question.dimensions if name in dimensions)
    areas = [dimension.name for dimension in known if dimension.kind == "place"]
    if len(areas) > 1:
        raise QuestionError(f"{' and '.join(areas)}: accepted: one of them")


def without_finer(
    dimensions: Mapping[str, Dimension], *, has_days: bool, has_postcodes: bool
) -> dict[str, Dimension]:
    """Return the dimensions that releases have whose dates may be of periods, and places of sectors."""
    finer = set() if has_days else {"weekday", "hour"}
    finer |= set() if has_postcodes else {*KINDS}
    return {name: each for name, each in dimensions.items() if name not in finer}


def event_date(table: HubTable, record_type: RecordType) -> str | None:
    """Return the column with the date of the event, or None if the table has none."""
    columns = {column.name for column in table.columns}
    return next((event.date for event in record_type.events if event.date in columns), None)


def _areas(columns: set[str], record_type: RecordType, areas_of: AreasOf) -> Iterator[Dimension]:
    places = (*record_type.event_places, *record_type.places)
    prefix = next((place for place in places if f"{place}postcode" in columns), None)
    if prefix is None:
        return
    postcode = f"{prefix}postcode"
    for kind in KINDS:
        yield Dimension(kind, postcode, "place", _Area(kind, areas_of), "a GSS code", _is_code)
    yield Dimension("sector", postcode, "place", _sector, "a sector, such as BA2 5", _is_sector)
    if f"{prefix}district" in columns:
        yield Dimension("district", f"{prefix}district", "place", _text, "a GSS code", _is_code)


class _Area:
    """Names the area of a postcode."""

    def __init__(self, kind: str, areas_of: AreasOf) -> None:
        self._kind, self._areas_of = kind, areas_of
        self._areas: Areas | None = None

    def __call__(self, postcode: str | None) -> str | None:
        if self._areas is None:
            self._areas = self._areas_of(self._kind)
        return None if postcode is None else self._areas.of(postcode)


def _clock(columns: set[str], record_type: RecordType) -> Iterator[Dimension]:
    for event in record_type.events[:1]:
        if event.date in columns:
            accepted = f"one of {', '.join(_DAYS)}"
            yield Dimension("weekday", event.date, "time", _weekday, accepted, _DAYS.__contains__)
        if event.time in columns:
            accepted = f"one of {', '.join(_HOURS)}"
            yield Dimension("hour", event.time, "time", _hour, accepted, _HOURS.__contains__)


def _coded(
    columns: set[str], record_type: RecordType, profile: str, code_lists: Mapping[str, CodeList]
) -> Iterator[Dimension]:
    for field in record_type.released(profile):
        if field.name in columns:
            treatment = field.treatments[profile]
            yield from _of_field(field, treatment.action, code_lists.get(treatment.code_list or ""))


def _of_field(field: Field, action: str, codes: CodeList | None) -> Iterator[Dimension]:
    name = field.name
    if action == "code" and codes is not None:
        yield Dimension(name, name, "code", _text, codes.accepted, lambda v: codes.code(v) == v)
    elif action == "group" and codes is not None:
        groups = sorted(set(codes.groups.values()))
        accepted = f"one of {', '.join(groups)}"
        yield Dimension(name, name, "code", _text, accepted, groups.__contains__)
    elif action in {"age", "band"}:
        bands = tuple(dict.fromkeys(map(band, range(100))))
        named = _band if action == "age" else _text
        accepted = f"one of {', '.join(bands)}"
        yield Dimension(name, name, "code", named, accepted, bands.__contains__)
    elif field.kind == "flag":
        yield Dimension(name, name, "code", _flag, "yes or no", ("yes", "no").__contains__)


def _text(value: str | None) -> str | None:
    return value or None


def _flag(value: bool | None) -> str | None:
    return None if value is None else ("yes" if value else "no")


def _band(age: int | None) -> str | None:
    return None if age is None else band(age)


def _weekday(day: Any) -> str | None:
    return None if day is None else _DAYS[day.weekday()]


def _hour(at: Any) -> str | None:
    return None if at is None else _HOURS[at.hour]


def _sector(postcode: str | None) -> str | None:
    return None if postcode is None else sector_of(postcode)


def _is_code(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _is_sector(text: str) -> bool:
    outward, _, inward = text.partition(" ")
    return outward.isalnum() and inward.isdigit() and len(inward) == 1

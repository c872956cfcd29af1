"""Convert rows of a file to records of one dataset, or give the reason why they are out of scope.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from connectors.errors import SourceError
from connectors.mappings.mapping import Mapping, RowRule
from connectors.mappings.mapping_check import fields_given
from connectors.mappings.mapping_file import shipped_mappings
from connectors.mappings.values import folded, month_reader, reader_for, timestamp_reader
from schemas.placeholders import placeholders
from schemas.record_type import RECORD_REFERENCE, RecordType

NO_RULE = "fits no rule of the mapping"
REFERENCE_DIGITS = 12

Fill = Callable[[str, dict[str, Any]], None]
Fits = Callable[[Sequence[str]], bool]


class Converted(NamedTuple):
    """A record with its message key, or the reason why the row is out of scope.

    `identity` are the values that identify the record; None if one of them is missing.
    """

    record: dict[str, Any] | None
    key: bytes | None = None
    out_of_scope: str | None = None
    identity: tuple[str, ...] | None = None


class Converter:
    """A converter of one file's rows.

    `undeclared` are the columns that the mapping does not read; `has_places` is True if records of the
    type have places.
    """

    def __init__(
        self, mapping: Mapping, record_type: RecordType, header: Sequence[str], supply_id: str
    ) -> None:
        """Find the mapping's columns in the header.

        Raises:
            SourceError: a column is missing or occurs twice.
        """
        positions = _positions(mapping, header)
        self.fields = _fields_present(mapping, record_type, positions)
        self.undeclared = tuple(
            title for i, title in enumerate(header) if i not in positions.values()
        )
        self.has_places = bool(record_type.places)
        self._blank = dict.fromkeys(f.name for f in record_type.fields)
        self._fills = tuple(_fills(mapping, record_type, positions))
        self._rules = [(_fits(rule, positions), rule) for rule in mapping.where]
        self._constants = mapping.constants
        self._identity = record_type.identity
        self._named = _named_by_supply(mapping, record_type)
        self._placeholders = placeholders()
        self._supply_reference = supply_id[:REFERENCE_DIGITS]

    def __call__(self, cells: Sequence[str], number: int) -> Converted:
        """Convert the row of that number, counted from 1; it has as many cells as the header."""
        rule = self._rule(cells)
        if rule is not None and rule.out_of_scope:
            return Converted(None, out_of_scope=rule.out_of_scope)
        if rule is None and self._rules:
            return Converted(None, out_of_scope=NO_RULE)
        record: dict[str, Any] = self._blank | self._constants
        for position, empties, fill in self._fills:
            cell = cells[position]
            if cell and not cell.isspace() and folded(cell) not in empties:
                fill(cell, record)
        if rule is not None:
            record |= rule.gives
        self._name(record, number)
        return Converted(record, self._key(record), identity=self._known_by(record))

    def _rule(self, cells: Sequence[str]) -> RowRule | None:
        for fits, rule in self._rules:
            if fits(cells):
                return rule
        return None

    def _name(self, record: dict[str, Any], number: int) -> None:
        for name in self._named:
            if record[name] is None:
                record[name] = f"{self._supply_reference}-{number}"

    def _known_by(self, record: dict[str, Any]) -> tuple[str, ...] | None:
        values = [record[name] for name in self._identity]
        texts = tuple(str(value).strip() for value in values)
        if None in values or any(map(self._placeholders.fault_of_reference, texts)):
            return None
        return texts

    def _key(self, record: dict[str, Any]) -> bytes | None:
        values = [record[name] for name in self._identity]
        if None in values:
            return None
        return "\x1f".join(map(str, values)).encode()


def columns_present(mapping: Mapping, header: Sequence[str]) -> frozenset[str]:
    """Return the mapping's columns that a file has.

    Raises:
        SourceError: a column is missing or occurs twice.
    """
    return frozenset(_positions(mapping, header))


def _positions(mapping: Mapping, header: Sequence[str]) -> dict[str, int]:
    """Return the position of each column that the mapping reads; optional ones may be absent."""
    found, missing = {}, []
    titles = [_as_named(title) for title in header]
    counts = Counter(titles)
    for title in sorted(mapping.columns_read):
        accepted = [_as_named(name) for name in (title, *mapping.aliases.get(title, ()))]
        present = [name for name in dict.fromkeys(accepted) if name in counts]
        if len(present) > 1 or any(counts[name] > 1 for name in present):
            raise SourceError(f"header: the column {title!r} occurs more than once")
        if present:
            found[title] = titles.index(present[0])
        elif title not in mapping.optional:
            missing.append(title)
    if missing:
        raise SourceError(_missing(missing, sorted(found), len(header), mapping))
    return found


def _as_named(title: str) -> str:
    """Return a title in one spelling: "Incident Type" is incident_type."""
    return folded(title.replace("_", " ").replace("-", " "))


def _missing(missing: list[str], found: list[str], width: int, mapping: Mapping) -> str:
    # Titles unknown to the mapping are not shown: in a file without a header they are a person's row.
    known = f"Known among its {width} columns: {', '.join(found) or 'none'}. "
    lacks = ", ".join(missing)
    if mapping.is_identity:
        return (
            f"header: it lacks {lacks}, which {mapping.dataset} needs. {known}{_hint(width, mapping)}"
            f"docs/datasets.md lists the column names of {mapping.dataset}; for other "
            "columns write a mapping (see docs/operations.md), or use a built-in one: "
            f"{', '.join(shipped_mappings())}"
        )
    return (
        f"header: it lacks columns that the mapping {mapping.name!r} reads: {lacks}. "
        f"{known}{_hint(width, mapping)}Give the mapping for this file"
    )


def _hint(width: int, mapping: Mapping) -> str:
    if width > 1:
        return ""
    return (
        f"There is only one column: is {mapping.delimiter!r} the delimiter of a CSV file, and is "
        "the header of a workbook in its first visible row? "
    )


def _fields_present(
    mapping: Mapping, record_type: RecordType, positions: dict[str, int]
) -> tuple[str, ...]:
    absent = [c for title, c in mapping.columns.items() if title not in positions]
    left_out = {name for column in absent for name in column.targets.values()}
    given = set(fields_given(mapping)) - left_out | _named_by_supply(mapping, record_type)
    return tuple(f.name for f in record_type.fields if f.name in given)


def _named_by_supply(mapping: Mapping, record_type: RecordType) -> frozenset[str]:
    """Return the identifying fields for which the supply and the row can be used."""
    named = {RECORD_REFERENCE} if record_type.has_record_reference else set()
    if mapping.reference == "supply-row":
        named.add(record_type.identity[0])
    return frozenset(named)


def _fills(
    mapping: Mapping, record_type: RecordType, positions: dict[str, int]
) -> Iterator[tuple[int, frozenset[str], Fill]]:
    for title, column in mapping.columns.items():
        if title not in positions:
            continue
        empties = frozenset(map(folded, column.empty))
        if column.month and column.until:
            fill = _fill_pair(column.field, column.until, month_reader(column.month))
        elif column.timestamp and column.time_field:
            read = timestamp_reader(column.timestamp, midnight=column.midnight)
            fill = _fill_pair(column.field, column.time_field, read)
        else:
            fill = _fill_one(column.field, reader_for(record_type.field(column.field), column))
        yield positions[title], empties, fill


def _fill_one(name: str, read: Callable[[str], Any]) -> Fill:
    def fill(cell: str, record: dict[str, Any]) -> None:
        record[name] = read(cell)

    return fill


def _fill_pair(first: str, last: str, read: Callable[[str], tuple[Any, Any]]) -> Fill:
    def fill(cell: str, record: dict[str, Any]) -> None:
        record[first], record[last] = read(cell)

    return fill


def _fits(rule: RowRule, positions: dict[str, int]) -> Fits:
    """Return a test of a row.

    A rule about an optional column that the file lacks matches no row.
    """
    if any(title not in positions for title in rule.when):
        return lambda _: False
    tests = [(positions[t], frozenset(map(folded, accepted))) for t, accepted in rule.when.items()]
    return lambda cells: all(folded(cells[i]) in accepted for i, accepted in tests)

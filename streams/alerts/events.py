"""The rows of the state: an event with its facts and alerts, and a fact alone. Their bytes have a version.

A row of an event begins with the digests by which it is found, so that they are read without the facts.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import fastavro

from detection.domestic.facts import DIGEST_BYTES, Event, Fact, Person, Risk, Source
from detection.domestic.people import everyone
from detection.domestic.times import position

ALERT_BYTES: Final = 8
CASE_BYTES: Final = 8
MINUTE_BYTES: Final = 5
_MINUTE_MS: Final = 60_000
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BBi5I")
_STALE, _LIVE, _HAS_DAY = 1, 2, 4
_UNACKNOWLEDGED = 1
_OF_ALERT: Final = ALERT_BYTES + 1 + MINUTE_BYTES + CASE_BYTES
MOST_FACTS: Final = 200
"""Facts of one event that are kept. A crime with more people than this is no household."""

LARGEST_ROW_BYTES: Final = 131_072
"""Limit on the size of a row, well below the largest message."""

AlertKind = Literal["withdrawn", "depersonalised", "personal"]


class RowError(Exception):
    """Bytes are not a row of this release."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """The newest version of an alert for one audience: a recipient, or its conflict officer.

    `content` is a keyed digest of the last message. `leaves_ms` is when the alert is withdrawn because of a
    conflict of interest. A conflict officer acknowledges nothing. Times are in milliseconds since 1970 UTC.
    """

    alert: bytes
    audience: str
    version: int = 0
    kind: AlertKind = "withdrawn"
    content: bytes = b""
    raised_ms: int = 0
    made_ms: int = 0
    due_ms: int = 0
    level: str = ""
    rank: int = 0
    case: str | None = None
    acknowledged_ms: int | None = None
    escalated: bool = False
    leaves_ms: int | None = None
    is_for_officer: bool = False

    @property
    def is_live(self) -> bool:
        """Return True if the audience has the alert."""
        return self.kind != "withdrawn"

    @property
    def is_unacknowledged(self) -> bool:
        """Return True if the audience is to acknowledge the alert, and has not yet."""
        is_done = self.acknowledged_ms is not None or self.is_for_officer
        return self.is_live and self.leaves_ms is None and not is_done

    @property
    def next_ms(self) -> int | None:
        """Return when the alert must be decided again, or None."""
        if not self.is_live:
            return None
        if self.leaves_ms is not None:
            return self.leaves_ms
        return self.due_ms if self.is_unacknowledged and not self.escalated else None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event with its alerts.

    Without facts it is an event that does not exist any more; its alerts keep their versions. `asked` are the
    keys of the requests that were prepared for it. If it `is_stale`, it must be decided again. `day` is that
    of the event, also after it has gone.
    """

    id: bytes
    facts: tuple[Fact, ...] = ()
    alerts: tuple[AlertState, ...] = ()
    asked: tuple[bytes, ...] = ()
    is_stale: bool = False
    day: int = 0

    @property
    def event(self) -> Event | None:
        """Return the event, or None if it does not exist any more."""
        return Event(self.id, self.facts) if self.facts else None

    @property
    def is_live(self) -> bool:
        """Return True if an audience has an alert of it."""
        return any(alert.is_live for alert in self.alerts)


def day_of(event: Event) -> int:
    """Return the day of an event for indexes, which count from 1970."""
    return max(0, position(event)[0])


# Bytes

_TEXT = ["null", "string"]
_BYTES = ["null", "bytes"]
_FACT = {
    "type": "record", "name": "Fact", "fields": [
        {"name": "record", "type": "bytes"},
        {"name": "agency", "type": "string"},
        {"name": "dataset", "type": "string"},
        {"name": "kind", "type": "string"},
        {"name": "supplied_ms", "type": "long"},
        {"name": "day", "type": "int"},
        {"name": "until_day", "type": "int"},
        {"name": "minute", "type": ["null", "long"]},
        {"name": "is_dated", "type": "boolean"},
        {"name": "type", "type": "string"},
        {"name": "households", "type": {"type": "array", "items": "bytes"}},
        {"name": "people", "type": {"type": "array", "items": {
            "type": "record", "name": "Person", "fields": [
                {"name": "role", "type": "string"},
                {"name": "person", "type": _BYTES},
                {"name": "reference", "type": _BYTES},
            ]}}},
        {"name": "join", "type": _BYTES},
        {"name": "incident", "type": _BYTES},
        {"name": "district", "type": _TEXT},
        {"name": "flags", "type": {"type": "array", "items": "string"}},
        {"name": "children", "type": ["null", "int"]},
        {"name": "schools", "type": {"type": "array", "items": "string"}},
        {"name": "risk", "type": ["null", {"type": "record", "name": "Risk", "fields": [
            {"name": "tool", "type": _TEXT},
            {"name": "grade", "type": _TEXT},
            {"name": "day", "type": ["null", "int"]},
            {"name": "grader", "type": _TEXT},
        ]}]},
        {"name": "contact", "type": _BYTES},
        {"name": "supply_id", "type": _TEXT},
    ],
}  # fmt: skip
_ALERT: Final[dict[str, Any]] = {
    "type": "record", "name": "Alert", "fields": [
        {"name": "alert", "type": "bytes"},
        {"name": "audience", "type": "string"},
        {"name": "version", "type": "int"},
        {"name": "kind", "type": "string"},
        {"name": "content", "type": "bytes"},
        {"name": "raised_ms", "type": "long"},
        {"name": "made_ms", "type": "long"},
        {"name": "due_ms", "type": "long"},
        {"name": "level", "type": "string"},
        {"name": "rank", "type": "int"},
        {"name": "case", "type": _TEXT},
        {"name": "acknowledged_ms", "type": ["null", "long"]},
        {"name": "escalated", "type": "boolean"},
        {"name": "leaves_ms", "type": ["null", "long"]},
        {"name": "is_for_officer", "type": "boolean"},
    ],
}  # fmt: skip
_ALERT_FIELDS: Final = tuple(field["name"] for field in _ALERT["fields"])
_FACT_SCHEMA = fastavro.parse_schema(_FACT)
_ROW_SCHEMA = fastavro.parse_schema(
    {
        "type": "record", "name": "Row", "fields": [
            {"name": "facts", "type": {"type": "array", "items": _FACT}},
            {"name": "alerts", "type": {"type": "array", "items": _ALERT}},
            {"name": "asked", "type": {"type": "array", "items": "bytes"}},
        ],
    }
)  # fmt: skip


def fact_bytes(fact: Fact) -> bytes:
    """Return the row of a fact alone: of a referral or a waiting part."""
    out = io.BytesIO(bytes([_VERSION]))
    out.seek(1)
    fastavro.schemaless_writer(out, _FACT_SCHEMA, _plain(fact))
    return out.getvalue()


def read_fact(row: bytes) -> Fact:
    """Return the fact of a row.

    Raises:
        RowError: the row is not one of this release.
    """
    if row[:1] != bytes([_VERSION]):
        raise RowError(f"a row has the version {row[0] if row else None}; accepted: {_VERSION}")
    return _fact(_read(io.BytesIO(row[1:]), _FACT_SCHEMA))


def event_bytes(row: EventRow) -> bytes:
    """Return the bytes of an event. Of too many facts the newest parts are left out, so that it fits."""
    kept = list(row.facts[:MOST_FACTS])
    while True:
        made = _event_bytes(row, kept)
        surplus = next((f for f in reversed(kept) if f.kind == "part"), None)
        if len(made) <= LARGEST_ROW_BYTES or len(kept) <= 1:
            return made
        kept.remove(surplus if surplus is not None else kept[-1])


def _event_bytes(row: EventRow, facts: Sequence[Fact]) -> bytes:
    households = _distinct(h for f in facts if f.kind == "event" for h in f.households)
    people = sorted(everyone(facts))
    records = _distinct(f.record for f in facts)
    joins = _distinct(j for f in facts for j in (f.join, f.incident) if j)
    bits = _STALE * row.is_stale | _LIVE * row.is_live | _HAS_DAY * bool(facts)
    tables = (households, people, records, joins)
    out = io.BytesIO()
    out.write(_HEAD.pack(_VERSION, bits, row.day, *map(len, tables), len(row.alerts)))
    for table in tables:
        out.write(b"".join(table))
    for alert in row.alerts:
        out.write(_entry(alert))
    body = {
        "facts": [_plain(fact) for fact in facts],
        "alerts": [_plain_alert(alert) for alert in row.alerts],
        "asked": list(row.asked),
    }
    fastavro.schemaless_writer(out, _ROW_SCHEMA, body)
    return out.getvalue()


def read_event(event_id: bytes, row: bytes) -> EventRow:
    """Return the event of a row.

    Raises:
        RowError: the row is not one of this release.
    """
    head = Head.of(row)
    body = _read(io.BytesIO(row[head.size :]), _ROW_SCHEMA)
    return EventRow(
        event_id,
        tuple(map(_fact, body["facts"])),
        tuple(AlertState(**alert) for alert in body["alerts"]),
        tuple(body["asked"]),
        is_stale=head.is_stale,
        day=head.day,
    )


class AlertHead(NamedTuple):
    """An alert in the beginning of its event's row.

    `minute` is when it must be decided again (0 for never), `case` that under which it is personal (zeros for
    none).
    """

    alert: bytes
    is_unacknowledged: bool
    minute: bytes
    case: bytes


class Head(NamedTuple):
    """The beginning of an event's row: the digests by which the event is found, and its alerts."""

    day: int
    households: tuple[bytes, ...]
    people: tuple[bytes, ...]
    records: tuple[bytes, ...]
    joins: tuple[bytes, ...]
    alerts: tuple[AlertHead, ...]
    is_stale: bool
    is_live: bool
    is_event: bool
    size: int

    @classmethod
    def of(cls, row: bytes) -> Head:
        """Return the head of an event's row. Errors as `read_event`."""
        if len(row) < _HEAD.size or row[0] != _VERSION:
            raise RowError(f"a row has the version {row[0] if row else None}; accepted: {_VERSION}")
        _, bits, day, *counts = _HEAD.unpack_from(row)
        at, tables = _HEAD.size, list[tuple[bytes, ...]]()
        for count in counts[:4]:
            end = at + count * DIGEST_BYTES
            tables.append(tuple(row[i : i + DIGEST_BYTES] for i in range(at, end, DIGEST_BYTES)))
            at = end
        end = at + counts[4] * _OF_ALERT
        alerts = tuple(_split(row[i : i + _OF_ALERT]) for i in range(at, end, _OF_ALERT))
        return cls(
            day, tables[0], tables[1], tables[2], tables[3], alerts,
            bool(bits & _STALE), bool(bits & _LIVE), bool(bits & _HAS_DAY), end,
        )  # fmt: skip


def _entry(alert: AlertState) -> bytes:
    minute = 0 if alert.next_ms is None else max(1, -(-alert.next_ms // _MINUTE_MS))
    case = bytes.fromhex(alert.case) if alert.case and alert.is_live else bytes(CASE_BYTES)
    bits = _UNACKNOWLEDGED * alert.is_unacknowledged
    return alert.alert + bytes([bits]) + minute.to_bytes(MINUTE_BYTES) + case


def _split(entry: bytes) -> AlertHead:
    alert, bits, rest = entry[:ALERT_BYTES], entry[ALERT_BYTES], entry[ALERT_BYTES + 1 :]
    return AlertHead(alert, bool(bits & _UNACKNOWLEDGED), rest[:MINUTE_BYTES], rest[MINUTE_BYTES:])


def _distinct(digests: Iterable[bytes]) -> list[bytes]:
    return list(dict.fromkeys(digests))


def _plain(fact: Fact) -> dict[str, Any]:
    return {
        "record": fact.record, "agency": fact.source.agency, "dataset": fact.source.dataset,
        "kind": fact.kind, "supplied_ms": fact.supplied_ms, "day": fact.day,
        "until_day": fact.until_day, "minute": fact.minute, "is_dated": fact.is_dated,
        "type": fact.type, "households": list(fact.households),
        "people": [person._asdict() for person in fact.people],
        "join": fact.join, "incident": fact.incident, "district": fact.district,
        "flags": sorted(fact.flags), "children": fact.children, "schools": list(fact.schools),
        "risk": fact.risk._asdict() if fact.risk else None,
        "contact": fact.contact, "supply_id": fact.supply_id,
    }  # fmt: skip


def _plain_alert(alert: AlertState) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in _ALERT_FIELDS}


def _fact(plain: dict[str, Any]) -> Fact:
    agency, dataset, risk = plain.pop("agency"), plain.pop("dataset"), plain["risk"]
    changed = {
        "households": tuple(plain["households"]),
        "people": tuple(Person(**person) for person in plain["people"]),
        "flags": frozenset(plain["flags"]),
        "schools": tuple(plain["schools"]),
        "risk": Risk(**risk) if risk else None,
    }
    return Fact(source=Source(agency, dataset), **(plain | changed))


def _read(body: io.BytesIO, schema: Any) -> Any:
    try:
        return fastavro.schemaless_reader(body, schema, None)
    except Exception as error:  # noqa: BLE001 - fastavro's C code raises errors of any class
        raise RowError(f"a row cannot be read ({type(error).__name__})") from None

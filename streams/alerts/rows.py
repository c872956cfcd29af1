"""The keys of the rows of the alerts agent, and the keys that are derived from the rows.

Each key begins with the letter of its kind. Keys of one kind are equally long, so no key is the beginning of
another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from detection.domestic.facts import DIGEST_BYTES, Fact
from detection.domestic.people import everyone
from streams.alerts.events import ALERT_BYTES, CASE_BYTES, Head, RowError, read_fact
from streams.alerts.requests import RequestRow
from streams.state.layout import alerts_layout

__all__ = ["ALERTS", "ALERT_BYTES", "CASE_BYTES", "DIGEST_BYTES", "derive"]

EVENT: Final = b"e"
"""Event: its facts and alerts."""
REFERRAL: Final = b"f"
"""Record: a referral."""
PART: Final = b"p"
"""Join and record: a part that waits for its event."""
ALIAS: Final = b"x"
"""Address: its UPRN."""
SUPPLIED: Final = b"s"
"""Agency and dataset: the days that its records cover."""
REQUEST: Final = b"q"
"""Digest of recipient, supplier and subject: a prepared request."""
SUBJECTS: Final = b"u"
"""Record: the encrypted subjects for a prepared request."""
LATER: Final = b"l"
"""Hour and person: the events of a person on a changed staff list, which are decided again then."""
IN_FORCE: Final = b"P"
"""The protocol under which alerts are decided again, and how far (`streams.alerts.renewing`)."""

AT: Final = b"h"
"""Household, day, event; the newest first (`newest_first`)."""
OF: Final = b"v"
"""Person, day, event; the newest first."""
BY_RECORD: Final = b"r"
"""Record, event."""
BY_JOIN: Final = b"j"
"""Join, event."""
BY_ALERT: Final = b"k"
"""Alert, event."""
DUE: Final = b"d"
"""Minute, alert, event: an alert that is to be decided again by then."""
UNACKNOWLEDGED: Final = b"A"
"""Alert, event: an alert that waits for an acknowledgement, also after it was escalated."""
UNDER: Final = b"o"
"""Case, event: an alert that is personal under the case."""
LIVE: Final = b"a"
"""Day, event: an event with an alert."""
STALE: Final = b"y"
"""Event: it must be decided again."""
REFERRED: Final = b"m"
"""Person or household, day, record; the newest first."""
WAITING: Final = b"w"
"""Join, incident, record or person of a part; join; record."""
SAME: Final = b"z"
"""UPRN, address."""
OF_CASE: Final = b"c"
"""Case, request."""
UNDECIDED: Final = b"b"
"""Request that its supplier has not decided on."""
KEPT_SINCE: Final = b"i"
"""Day, record: encrypted subjects."""
WAITING_SINCE: Final = b"g"
"""Day, join, record: a waiting part."""
BY_HOUR: Final = b"n"
"""Hour, person."""

DAY_BYTES: Final = 4
LAST_DAY: Final = 2**31 - 1
_COMPLEMENT: Final = bytes(range(256))[::-1]


def day_bytes(day: int) -> bytes:
    """Return a day in a key; days before 1970 count as 1970."""
    return min(max(day, 0), LAST_DAY).to_bytes(DAY_BYTES)


def newest_first(part: bytes) -> bytes:
    """Return the part of a key, or of such a key, so that the highest comes first."""
    return part.translate(_COMPLEMENT)


def after(begin: bytes) -> bytes:
    """Return the first key that is behind all keys that begin with these bytes."""
    return begin[:-1] + bytes([begin[-1] + 1]) if begin[-1] < 255 else after(begin[:-1])  # noqa: PLR2004 - a byte


def next_key(key: bytes) -> bytes:
    """Return the next key of this length; the highest is its own next."""
    highest = int.from_bytes(bytes([255]) * len(key))
    return min(int.from_bytes(key) + 1, highest).to_bytes(len(key))


def derive(key: bytes, value: bytes) -> Iterable[bytes]:
    """Return the derived keys of a row; a row of another release has none."""
    found = _DERIVE.get(key[:1])
    try:
        return tuple(found(key[1:], value)) if found is not None else ()
    except RowError:
        return ()


def _of_event(event: bytes, value: bytes) -> Iterator[bytes]:
    head = Head.of(value)
    day = day_bytes(head.day)
    if head.is_event:
        end = newest_first(day + event)
        yield from (AT + household + end for household in head.households)
        yield from (OF + person + end for person in head.people)
        yield from (BY_RECORD + record + event for record in head.records)
        yield from (BY_JOIN + join + event for join in head.joins)
    for found in head.alerts:
        yield BY_ALERT + found.alert + event
        if found.is_unacknowledged:
            yield UNACKNOWLEDGED + found.alert + event
        if any(found.minute):
            yield DUE + found.minute + found.alert + event
        if any(found.case):
            yield UNDER + found.case + event
    if head.is_live:
        yield LIVE + day + event
    if head.is_stale:
        yield STALE + event


def _of_referral(record: bytes, value: bytes) -> Iterator[bytes]:
    fact = read_fact(value)
    for digest in {*everyone([fact]), *fact.households}:
        yield REFERRED + digest + newest_first(day_bytes(fact.day) + record)


def found_by(part: Fact) -> frozenset[bytes]:
    """Return the digests by which a waiting part is found."""
    digests = (part.join, part.incident, part.record)
    return everyone([part]) | {digest for digest in digests if digest}


def _of_part(name: bytes, value: bytes) -> Iterator[bytes]:
    part = read_fact(value)
    yield from (WAITING + digest + name for digest in found_by(part))
    yield WAITING_SINCE + day_bytes(part.day) + name


def _of_alias(address: bytes, uprn: bytes) -> Iterator[bytes]:
    yield SAME + uprn + address


def _of_request(name: bytes, value: bytes) -> Iterator[bytes]:
    request = RequestRow.read(value)
    yield OF_CASE + bytes.fromhex(request.case)[:CASE_BYTES] + name
    if not request.is_decided:
        yield UNDECIDED + name


def _of_subjects(record: bytes, value: bytes) -> Iterator[bytes]:
    yield KEPT_SINCE + value[:DAY_BYTES] + record


def _of_hour(name: bytes, _value: bytes) -> Iterator[bytes]:
    yield BY_HOUR + name


_DERIVE: Final = {
    EVENT: _of_event,
    REFERRAL: _of_referral,
    PART: _of_part,
    ALIAS: _of_alias,
    REQUEST: _of_request,
    SUBJECTS: _of_subjects,
    LATER: _of_hour,
}

ALERTS: Final = alerts_layout(derive, version=2)
"""The layout of the state of the alerts agent."""

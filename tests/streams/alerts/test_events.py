"""The bytes of rows, and the keys that are derived from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.domestic.facts import Fact, Person, Risk, Source
from streams.alerts import rows
from streams.alerts.events import (
    LARGEST_ROW_BYTES,
    MOST_FACTS,
    AlertState,
    EventRow,
    Head,
    RowError,
    event_bytes,
    fact_bytes,
    read_event,
    read_fact,
)
from streams.alerts.requests import RequestRow

DIGESTS = st.binary(min_size=12, max_size=12)
TEXTS = st.none() | st.text(max_size=20)
PEOPLE = st.builds(
    Person,
    st.sampled_from(["victim", "suspect", "child"]),
    st.none() | DIGESTS,
    st.none() | DIGESTS,
)
FACTS = st.builds(
    Fact,
    record=DIGESTS,
    source=st.builds(Source, st.text(max_size=9), st.text(max_size=9)),
    kind=st.sampled_from(["event", "part"]),
    supplied_ms=st.integers(0, 2**45),
    day=st.integers(0, 40_000),
    until_day=st.integers(0, 40_000),
    minute=st.none() | st.integers(0, 2**40),
    is_dated=st.booleans(),
    type=st.sampled_from(["", "domestic-incident"]),
    households=st.lists(DIGESTS, max_size=2).map(tuple),
    people=st.lists(PEOPLE, max_size=3).map(tuple),
    join=st.none() | DIGESTS,
    incident=st.none() | DIGESTS,
    district=TEXTS,
    flags=st.frozensets(st.sampled_from(["weapon", "children"])),
    children=st.none() | st.integers(0, 9),
    schools=st.lists(st.text(max_size=6), max_size=2).map(tuple),
    risk=st.none() | st.builds(Risk, TEXTS, TEXTS, st.none() | st.integers(0, 9), TEXTS),
    contact=st.none() | st.binary(max_size=40),
    supply_id=TEXTS,
)
STATES = st.builds(
    AlertState,
    alert=st.binary(min_size=8, max_size=8),
    audience=st.text(max_size=9),
    version=st.integers(0, 99),
    kind=st.sampled_from(["withdrawn", "depersonalised", "personal"]),
    content=st.binary(max_size=16),
    raised_ms=st.integers(0, 2**45),
    due_ms=st.integers(0, 2**45),
    case=st.none() | st.just("0123456789abcdef"),
    acknowledged_ms=st.none() | st.integers(0, 2**45),
    escalated=st.booleans(),
    leaves_ms=st.none() | st.integers(0, 2**45),
)
EVENT = b"e" * 12


@given(FACTS)
def test_a_fact_is_read_as_it_was_written(fact: Fact) -> None:
    assert read_fact(fact_bytes(fact)) == fact


@given(
    st.lists(FACTS, max_size=4),
    st.lists(STATES, max_size=3),
    st.lists(DIGESTS, max_size=2),
    st.booleans(),
    st.integers(0, 40_000),
)
def test_an_event_is_read_as_it_was_written(
    facts: list[Fact], states: list[AlertState], asked: list[bytes], is_stale: bool, day: int
) -> None:
    row = EventRow(EVENT, tuple(facts), tuple(states), tuple(asked), is_stale, day)
    assert read_event(EVENT, event_bytes(row)) == row


@given(st.lists(FACTS, min_size=1, max_size=4), st.lists(STATES, max_size=3), st.booleans())
def test_an_event_is_found_by_all_its_digests_and_each_key_has_a_fixed_width(
    facts: list[Fact], states: list[AlertState], is_stale: bool
) -> None:
    row = EventRow(EVENT, tuple(facts), tuple(states), is_stale=is_stale, day=7)
    keys = set(rows.derive(rows.EVENT + EVENT, event_bytes(row)))
    end = rows.newest_first(rows.day_bytes(7) + EVENT)
    for fact in facts:
        assert rows.BY_RECORD + fact.record + EVENT in keys
        for digest in (fact.join, fact.incident):
            assert digest is None or rows.BY_JOIN + digest + EVENT in keys
        for each in fact.people:
            for digest in (each.person, each.reference):
                assert digest is None or rows.OF + digest + end in keys
        for household in fact.households if fact.kind == "event" else ():
            assert rows.AT + household + end in keys
    for state in states:
        assert rows.BY_ALERT + state.alert + EVENT in keys
    assert (rows.STALE + EVENT in keys) == is_stale
    widths: dict[bytes, set[int]] = {}
    for key in keys:
        widths.setdefault(key[:1], set()).add(len(key))
    assert all(len(found) == 1 for found in widths.values())


def test_the_letters_of_the_kinds_are_distinct() -> None:
    letters = [v for k, v in vars(rows).items() if k.isupper() and isinstance(v, bytes)]
    assert len(letters) == len(set(letters))
    assert b"t" not in letters  # the store's own


@given(st.binary(max_size=60), st.sampled_from([b"e", b"f", b"p", b"q", b"u", b"l", b"x", b"?"]))
def test_no_row_whatever_makes_the_derivation_raise(value: bytes, prefix: bytes) -> None:
    rows.derive(prefix + b"k" * 12, value)


def fact(**changes: object) -> Fact:
    known = Fact(b"r" * 12, Source("police", "police-incident"), "event", 1, 5, 5)
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_row_of_another_version_is_refused() -> None:
    row = event_bytes(EventRow(EVENT, (fact(),), day=5))
    for other in (b"", b"\2" + row[1:], row[:-3]):
        with pytest.raises(RowError):
            read_event(EVENT, other)
    with pytest.raises(RowError):
        Head.of(b"\1")
    with pytest.raises(RowError):
        RequestRow.read(b"{}")


def test_a_row_of_too_many_facts_stays_below_its_limit_and_keeps_the_events() -> None:
    parts = [fact(record=bytes([i]) * 12, kind="part", contact=b"c" * 4_000) for i in range(200)]
    row = EventRow(EVENT, (fact(), *parts), day=5)
    made = event_bytes(row)
    assert len(made) <= LARGEST_ROW_BYTES
    assert read_event(EVENT, made).facts[0] == fact()
    many = EventRow(EVENT, (fact(),) * (MOST_FACTS + 9), day=5)
    assert len(read_event(EVENT, event_bytes(many)).facts) == MOST_FACTS


@pytest.mark.parametrize(
    ("begin", "end"), [(b"a", b"b"), (b"a\xff", b"b"), (b"a\x01\xff\xff", b"a\x02")]
)
def test_the_key_after_all_keys_with_a_beginning(begin: bytes, end: bytes) -> None:
    assert rows.after(begin) == end

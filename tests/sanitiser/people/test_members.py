"""One person never counts as two if a name or a date of birth is mistyped or missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.people.members import (
    NOTHING_KNOWN,
    Evidence,
    EvidenceReader,
    Member,
    kept_members,
    others_since,
    surely_different,
    write_members,
)
from sanitiser.references import ReferenceKey
from schemas.people import Person

KEY = ReferenceKey(b"k" * 32)
READ = EvidenceReader(Person("victim", (), None, "born", "name"), KEY)
BORN, OTHER = date(1990, 3, 2), date(1990, 2, 3)


def known(name: str | None, born: date | None) -> Evidence:
    return READ({}, {"name": name, "born": born})


def count(*people: tuple[str | None, date | None]) -> int:
    return surely_different([known(*one) for one in people])


def test_a_mistyped_date_or_name_is_no_other_person() -> None:
    assert count(("Anna Price", BORN), ("Anna Price", OTHER)) == 1
    assert count(("Anna Price", BORN), ("Ana Price", BORN)) == 1
    assert count(("Price, ANNA", BORN), ("anna price", BORN)) == 1


def test_people_with_other_names_and_other_dates_are_two() -> None:
    assert count(("Anna Price", BORN), ("Mary Okonkwo", OTHER)) == 2


def test_a_record_that_shares_a_name_with_one_and_a_date_with_another_joins_them() -> None:
    apart = (("Anna Price", OTHER), ("Ana Price", BORN))
    assert count(*apart) == 2
    assert count(*apart, ("Anna Price", BORN)) == 1


def test_a_name_alone_and_a_date_alone_can_be_one_person() -> None:
    assert count(("Anna Price", None), (None, BORN)) == 1
    assert count(("Anna Price", None), ("Mary Okonkwo", None), (None, BORN)) == 2
    assert count(("Anna Price", None), (None, BORN), (None, OTHER)) == 2


def test_somebody_of_whom_nothing_is_known_adds_nobody() -> None:
    assert count((None, None), (None, None)) == 0
    assert count((None, None), ("Anna Price", BORN), (None, None)) == 1


@pytest.mark.parametrize("name", ["Unknown Male", "A Price", "Price", "", "not known", "Anna 999"])
def test_a_name_that_is_not_certain_is_not_known(name: str) -> None:
    assert known(name, None) == NOTHING_KNOWN


@pytest.mark.parametrize("born", [date(1900, 1, 1), date(1899, 12, 30), "1990-03-02", None])
def test_a_date_that_systems_write_for_a_missing_one_is_not_known(born: Any) -> None:
    assert known(None, born) == NOTHING_KNOWN


def test_a_reference_is_the_evidence_of_a_type_that_has_one() -> None:
    read = EvidenceReader(Person("offender", (), "reference", "born", "name"), KEY)
    first, again, other, none = (
        read({"reference": reference}, {"name": name, "born": BORN})
        for reference, name in (("a", "Anna Price"), ("a", "Ana Pryce"), ("b", "Anna Price"), (None, "A"))
    )  # fmt: skip
    assert first == again
    assert surely_different([first, again, other]) == 2
    assert none == NOTHING_KNOWN


def test_cases_with_a_common_person_are_not_surely_different() -> None:
    anna, mary, john, paul = (
        known(name, date(1990, month, 1))
        for month, name in enumerate(("Anna Price", "Mary Okonkwo", "John Hill", "Paul Reed"), 1)
    )
    cases = [
        Evidence.of_case(bytes([number]) * 8, of)
        for number, of in enumerate(([anna, john], [anna, paul], [mary, paul], [mary, john]))
    ]
    assert surely_different(cases[:1]) == 1
    assert surely_different(cases[:2]) == 1
    assert surely_different([cases[0], cases[2]]) == 2
    assert surely_different(cases) == 1
    assert Evidence.of_case(b"x" * 8, [anna, NOTHING_KNOWN]).can_differ is False


PERSON = st.tuples(
    st.booleans(), st.lists(st.sampled_from(["right", "mistyped", "missing"]), max_size=6)
)


@given(st.lists(PERSON, max_size=8), st.randoms(), st.integers(0, 3))
def test_never_more_people_are_counted_than_there_are(
    people: list[tuple[bool, list[str]]], by: Any, unknown: int
) -> None:
    """Each person has a name and a date of birth, and one of the two is mistyped or missing at times."""
    records = [known(None, None)] * unknown
    for number, (name_is_wrong, written) in enumerate(people):
        for typo, how in enumerate(written):
            name, born = f"{_word(number)} Price", date(1980, 1, 1 + number)
            if name_is_wrong:
                wrong = {"right": name, "mistyped": f"{_word(100 * number + typo + 9)} Price"}.get(
                    how
                )
                records.append(known(wrong, born))
            else:
                other = {"right": born, "mistyped": date(1990 + number, 1, 1 + typo)}.get(how)
                records.append(known(name, other))
    by.shuffle(records)
    there = sum(bool(written) for _, written in people)
    assert surely_different(records) <= there
    for most in (2, 5):
        members = [Member(number, *one) for number, one in enumerate(records)]
        assert surely_different(kept_members(members, most)) <= there


def _word(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04}")


TOKENS = st.lists(st.sampled_from([bytes([n]) * 8 for n in range(6)]), min_size=2, max_size=2)


@given(st.lists(TOKENS, max_size=9), st.integers(1, 6))
def test_as_many_different_members_are_kept_as_fit(pairs: Sequence[list[bytes]], most: int) -> None:
    members = [Member(day, 3, b"".join(pair)) for day, pair in enumerate(pairs)]
    kept = kept_members(members, most)
    assert len(kept) == min(most, len(members))
    assert kept == [member for member in members if member in kept], "in their order"
    assert surely_different(kept) >= min(most, surely_different(members))


@given(
    st.lists(st.tuples(st.integers(0, 800_000), st.integers(0, 3), TOKENS), max_size=6),
    st.integers(0, 800_000),
)
def test_members_are_read_as_they_were_written(
    given: list[tuple[int, int, list[bytes]]], day: int
) -> None:
    members = [Member(seen, flags, b"".join(tokens)) for seen, flags, tokens in given]
    mine = Evidence(3, bytes(8))
    read = others_since(write_members(members), mine, day)
    assert read == [m for m in members if m.day > day and m.tokens != mine.tokens]

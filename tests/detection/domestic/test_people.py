from __future__ import annotations

from detection.domestic.facts import Person
from detection.domestic.people import in_role
from tests.detection.domestic.building import digest, fact

ANN, REF, BOB = digest("ann"), digest("ref"), digest("bob")


def test_entries_that_share_a_key_are_one_person() -> None:
    entries = (
        Person("victim", ANN),
        Person("victim", BOB),
        Person("victim", None, REF),
        Person("victim", ANN, REF),
    )
    for order in (entries, entries[::-1]):
        assert set(in_role([fact("a", people=order)], "victim")) == {
            frozenset({ANN, REF}),
            frozenset({BOB}),
        }


def test_an_entry_that_is_told_twice_is_one_person() -> None:
    assert in_role([fact("a", victim="ann"), fact("b", victim="ann")], "victim") == (
        frozenset({ANN}),
    )


def test_people_without_a_key_and_of_other_roles_are_left_out() -> None:
    assert in_role([fact("a", people=(Person("victim"), Person("suspect", ANN)))], "victim") == ()

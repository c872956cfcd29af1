"""People that there are not: numbers that nobody has, ages that fit their dates of birth."""

from __future__ import annotations

from random import Random

from demo.generator.people import OFFENDERS, age_or_birth, nhs_number, person, telephone
from demo.generator.town import lay_out
from tests.demo.generated import POSTCODES


def test_nhs_numbers_are_of_the_test_range_and_have_their_check_digit() -> None:
    rng = Random(1)
    for _ in range(500):
        digits = [int(d) for d in nhs_number(rng).replace(" ", "")]
        assert digits[:3] == [9, 9, 9]
        assert len(digits) == 10
        assert sum(d * w for d, w in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0


def test_telephone_numbers_are_of_the_range_kept_for_drama() -> None:
    rng = Random(1)
    assert all(telephone(rng).startswith("07700 900") for _ in range(50))
    assert {len(telephone(rng)) for _ in range(200)} == {12}


def test_a_person_is_the_same_by_the_same_reference() -> None:
    town = lay_out(POSTCODES, 1)
    first, again = (person("OFF-1", town, 1, OFFENDERS) for _ in range(2))
    assert first == again
    assert first != person("OFF-2", town, 1, OFFENDERS)
    assert first.name != "" != first.home.address


def test_an_age_changes_on_the_birthday() -> None:
    who = person("OFF-1", lay_out(POSTCODES, 1), 1, OFFENDERS)._replace(born="2000-05-17")
    assert [who.age_on(f"2025-05-{day}") for day in (16, 17)] == [24, 25]


def test_a_supplier_holds_an_age_or_a_date_of_birth_and_never_both() -> None:
    who, rng = person("OFF-1", lay_out(POSTCODES, 1), 1, OFFENDERS), Random(1)
    held = [age_or_birth(who, "2025-06-01", rng) for _ in range(300)]
    assert {bool(age) != bool(born) for age, born in held} == {True}
    assert 50 < sum(bool(born) for _, born in held) < 130

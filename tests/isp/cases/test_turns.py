"""One party's letters delay no other party's, and many refused letters cause few audit entries."""

from __future__ import annotations

from isp.cases.turns import Allowance


def flooded(seconds: int, waiting: int, *, refused: bool) -> tuple[int, int]:
    """Return the number of letters that were read, and the number of turns, while `waiting` letters wait."""
    allowance, taken, turns = Allowance(60, 0.0), 0, 0
    for tenth in range(seconds * 10):
        now = tenth / 10
        number = min(allowance.letters(now), waiting - taken)
        if number:
            allowance.took(number, number if refused else 0, now)
            taken, turns = taken + number, turns + 1
    return taken, turns


def test_no_more_are_taken_than_a_minute_allows() -> None:
    taken, _ = flooded(600, 100_000, refused=False)
    assert 600 <= taken <= 660


def test_a_flood_of_refused_letters_has_hardly_more_than_a_turn_a_minute() -> None:
    taken, turns = flooded(3_600, 100_000, refused=True)
    assert turns <= 66
    assert taken >= 3_000, "it is worked off all the same"


def test_a_few_letters_are_taken_at_once() -> None:
    assert flooded(1, 20, refused=False) == (20, 1)


def test_a_refused_letter_now_and_then_delays_the_next_by_a_second_alone() -> None:
    allowance = Allowance(60, 0.0)
    for now in (0.0, 10.0, 20.0):
        assert allowance.letters(now) > 0
        allowance.took(1, 1, now)
        assert allowance.letters(now + 0.5) == 0
        assert allowance.letters(now + 1.0) > 0

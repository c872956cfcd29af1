from __future__ import annotations

import pytest

from detection.domestic.words import day_words, days_words, ordinal_words, period_words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "First"),
        (10, "Tenth"),
        (11, "11th"),
        (21, "21st"),
        (22, "22nd"),
        (33, "33rd"),
        (100, "100th"),
        (112, "112th"),
    ],
)
def test_ordinals_are_words_up_to_ten(number: int, words: str) -> None:
    assert ordinal_words(number) == words


def test_days_are_in_the_order_of_time_and_each_once() -> None:
    assert day_words(20_515) == "3 March 2026"
    assert days_words([20_517, 20_515, 20_515]) == "3 March 2026 and 5 March 2026"
    assert days_words([20_515]) == "3 March 2026"


@pytest.mark.parametrize(
    ("days", "words"), [(365, "12 months"), (366, "12 months"), (1, "1 day"), (90, "90 days")]
)
def test_a_year_is_12_months(days: int, words: str) -> None:
    assert period_words(days) == words

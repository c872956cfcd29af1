"""Make up prolific and other priority offenders (guidance 3.2.7): those of the recorded crimes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from demo.generator.cases import crimes_of_prolific
from demo.generator.cells import GENDERS, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook
from demo.generator.district import Point
from demo.generator.people import age_or_birth
from demo.generator.setting import Setting
from demo.generator.trouble import Row

_STATUS = Weighted.of({
    "In custody": 30.0, "Proactive targeting": 35.0, "Basic monitoring": 35.0,
})  # fmt: skip
_CRIMES_NAMED = 4


def police_ppos(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` offenders, each with a row of crimes under the same reference in the crime files."""
    setting = Setting.of("police-ppo", seed, postcodes, calendar)
    book = CaseBook(setting.town, seed, setting.calendar)
    return setting.first(n, (_row(number, book, setting) for number in range(n)))


def _row(number: int, book: CaseBook, setting: Setting) -> Row:
    who = book.prolific(number)
    slots = islice(crimes_of_prolific(number, book.seed), _CRIMES_NAMED)
    age, born = age_or_birth(who, book.calendar.day(book.calendar.weeks * 7), setting.rng)
    return {
        "offender_reference": who.reference,
        "name": who.name,
        "gender": GENDERS[who.gender],
        "age": age,
        "date_of_birth": born,
        "ethnicity": who.ethnicity,
        "officer_defined_ethnicity": who.seen_as,
        "occupation": who.occupation,
        "offences_committed": "; ".join(
            dict.fromkeys(book.crime(place).kind.words for place in slots)
        ),
        "current_status": _STATUS.draw(setting.rng),
        **located(who.home, "home_"),
    }

"""Make up releases from prisons and young offender institutions (guidance 3.2.8, 3.2.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.generator.cases import crimes_of_prolific
from demo.generator.cells import GENDERS, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook
from demo.generator.district import Point
from demo.generator.offences import OFFENCE_WORDS
from demo.generator.people import GROWN_UP, YOUNG_PRISONERS, Person
from demo.generator.setting import Setting
from demo.generator.trouble import Row

RELEASES_TO_PROLIFIC = 2
"""One in this number of released people is a prolific offender."""

_SENTENCES = Weighted.of({
    "3 months": 12.0, "6 months": 20.0, "12 months": 22.0, "18 months": 16.0, "2 years": 14.0,
    "3 years 6 months": 9.0, "5 years": 7.0,
})  # fmt: skip
_DAYS_AHEAD = 240


def prison_releases(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` releases, half of them of prolific offenders, some after the period's end."""
    setting = Setting.of("prison-release", seed, postcodes, calendar)
    book = CaseBook(setting.town, seed, setting.calendar)
    return setting.first(n, (_prisoner(number, book, setting) for number in range(n)))


def yoi_releases(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` releases of young offenders, some after the period's end."""
    setting = Setting.of("yoi-release", seed, postcodes, calendar)
    return setting.first(n, (_young(number, setting) for number in range(n)))


def _prisoner(number: int, book: CaseBook, setting: Setting) -> Row:
    prolific, other = divmod(number, RELEASES_TO_PROLIFIC)
    if other:
        who = setting.person(f"PRI-{number}", GROWN_UP, men=0.95)
        return _row(number, who, setting.rng.choice(OFFENCE_WORDS), setting)
    last = list(crimes_of_prolific(prolific, book.seed))[-1]
    return _row(number, book.prolific(prolific), book.crime(last).kind.words, setting)


def _young(number: int, setting: Setting) -> Row:
    who = setting.person(f"YOI-{number}", YOUNG_PRISONERS, men=0.95)
    return _row(number, who, setting.rng.choice(OFFENCE_WORDS), setting)


def _row(number: int, who: Person, offence: str, setting: Setting) -> Row:
    rng = setting.rng
    days = setting.calendar.weeks * 7 + _DAYS_AHEAD
    return {
        "name": who.name,
        "gender": GENDERS[who.gender],
        "date_of_birth": who.born,
        "length_of_sentence": _SENTENCES.draw(rng),
        "offence_committed": offence,
        **located(who.home, "home_"),
        "release_date": setting.calendar.day(int(rng.random() * days)),
        "prison_number": f"X{int(rng.random() * 10_000):04}ZZ",
        "record_reference": f"{setting.dataset}-{number + 1}",
    }

"""Make up stops and searches near the hot spots (guidance 3.2.20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.generator.cells import GENDERS, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.people import OFFENDERS
from demo.generator.setting import Setting
from demo.generator.trouble import Row

_PATTERN = week(day=1.5, evening=3, night=2, weekend_night=4)
_REASONS = Weighted.of({
    "Controlled drugs": 62.0, "Offensive weapons": 16.0, "Stolen goods": 11.0,
    "Article for use in theft": 7.0, "Articles for use in criminal damage": 3.0, "Firearms": 1.0,
})  # fmt: skip
_RESULTS = Weighted.of({
    "A no further action disposal": 70.0, "Arrest": 13.0, "Community resolution": 10.0,
    "Penalty Notice for Disorder": 3.0, "Summons / charged by post": 2.0,
    "Caution (simple or conditional)": 2.0,
})  # fmt: skip
_RANGES = ((10, "under 10"), (18, "10-17"), (25, "18-24"), (35, "25-34"), (200, "over 34"))


def police_stop_searches(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` searches, a third of them with a range of age for an age."""
    setting = Setting.of("police-stop-search", seed, postcodes, calendar)
    return setting.first(n, (_row(number, setting) for number in range(1, n + 1)))


def _row(number: int, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    who = setting.person(f"SUS-{number}", OFFENDERS, men=0.9)
    moment = calendar.moment(_PATTERN, rng)
    age = who.age_on(calendar.date(moment))
    exact = rng.random() < 0.65  # noqa: PLR2004 - share of forces' records with an age
    return {
        "reference_number": f"SS-{number:07}",
        "search_date": calendar.date(moment),
        "search_time": calendar.time(moment),
        "suspect_gender": GENDERS[who.gender],
        "suspect_age": str(age) if exact else "",
        "suspect_age_range": "" if exact else next(name for end, name in _RANGES if age < end),
        "suspect_ethnicity": who.ethnicity,
        "officer_defined_ethnicity": who.seen_as,
        "reason_for_search": _REASONS.draw(rng),
        "result_of_search": _RESULTS.draw(rng),
        **located(setting.town.place(rng)),
        "suspect_name": who.name,
    }

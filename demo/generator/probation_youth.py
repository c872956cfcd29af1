"""Make up assessments of offenders: OASys and Asset (guidance 3.2.5, 3.2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

from demo.generator.cases import crimes_of_prolific
from demo.generator.cells import flag
from demo.generator.choice import Weighted
from demo.generator.clients import Visit, visits
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook
from demo.generator.district import Point
from demo.generator.offences import OFFENCE_WORDS
from demo.generator.people import GROWN_UP, YOUTHS, Person
from demo.generator.seeds import seeded
from demo.generator.setting import Setting
from demo.generator.trouble import Row

CLIENTS_TO_PROLIFIC = 3
"""One in this number of probation's clients is a prolific offender."""

_LINKS = (
    "emotional_wellbeing", "thinking_and_behaviour", "attitudes", "accommodation",
    "employment_training_education", "financial_management", "relationships",
    "lifestyle_and_associations", "drug_misuse", "alcohol_misuse",
)  # fmt: skip
_SECTIONS = (
    "living_arrangements", "family_and_personal_relationships", "education_training_employment",
    "neighbourhood", "lifestyle", "substance_use", "physical_health",
    "emotional_and_mental_health", "perception_of_self_and_others", "thinking_and_behaviour",
    "attitudes_to_offending", "motivation_to_change",
)  # fmt: skip
_RISKS = ("Low", "Medium", "High")
_HARM = Weighted.of({"Low": 55.0, "Medium": 35.0, "High": 9.0, "Very high": 1.0})
_MONTHS = Weighted.of({"6": 10.0, "12": 45.0, "18": 20.0, "24": 20.0, "36": 5.0})
_MOST_ASSESSMENTS = 3
_MOST_RATING = 4


def probation_oasys(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` assessments of clients, one in three of whom is a prolific offender of the crimes."""
    setting = Setting.of("probation-oasys", seed, postcodes, calendar)
    book = CaseBook(setting.town, seed, setting.calendar)
    seen = visits(setting, _MOST_ASSESSMENTS)
    return setting.first(n, (_oasys(visit, book, setting) for visit in islice(seen, n)))


def yos_assessments(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` assessments of young clients, whose ratings change little from one to the next."""
    setting = Setting.of("yos-assessment", seed, postcodes, calendar)
    seen = visits(setting, _MOST_ASSESSMENTS)
    return setting.first(n, (_asset(visit, setting) for visit in islice(seen, n)))


def _oasys(visit: Visit, book: CaseBook, setting: Setting) -> Row:
    rng, day = setting.rng, setting.calendar.date(visit.moment)
    who, prolific = _client(visit.client, book, setting)
    need = 0.7 if prolific is not None else 0.35
    return {
        **_known(who, f"PRB-{visit.client:06}", day),
        "offence_description": _offence(visit.client, prolific, book),
        **{link: "Yes" if rng.random() < need else "No" for link in _LINKS},
        "assessment_date": day,
        "risk_of_reconviction": _RISKS[min(2, int(rng.random() * 2 + need * 1.4))],
        "risk_of_harm": _HARM.draw(rng),
        "supervision_months": _MONTHS.draw(rng),
        "name": who.name,
    }


def _client(client: int, book: CaseBook, setting: Setting) -> tuple[Person, int | None]:
    prolific, other = divmod(client, CLIENTS_TO_PROLIFIC)
    if other:
        return setting.person(f"PRB-{client}", GROWN_UP, men=0.85), None
    return book.prolific(prolific), prolific


def _offence(client: int, prolific: int | None, book: CaseBook) -> str:
    """Return the client's offence, which is the same at each assessment."""
    if prolific is None:
        return seeded(book.seed, f"convicted:{client}").choice(OFFENCE_WORDS)
    return book.crime(next(crimes_of_prolific(prolific, book.seed))).kind.words


def _asset(visit: Visit, setting: Setting) -> Row:
    reference, day = f"YOS-{visit.client:06}", setting.calendar.date(visit.moment)
    # A client's level stays the same; changes between assessments come from the file's own numbers.
    lasting = seeded(setting.seed, reference)
    level = lasting.triangular(0, _MOST_RATING, 1.2)
    who = setting.person(reference, YOUTHS, men=0.8)
    return {
        **_known(who, reference, day),
        "offence_description": lasting.choice(OFFENCE_WORDS),
        "persistent_offender": flag(level > 2.6),  # noqa: PLR2004 - a rating
        "assessment_date": day,
        **{section: _rating(level, setting.rng) for section in _SECTIONS},
        "risk_of_harm": _HARM.draw(setting.rng),
        "vulnerability": _HARM.draw(setting.rng),
        "name": who.name,
    }


def _known(who: Person, reference: str, day: str) -> Row:
    return {
        "client_reference": reference,
        "age": str(who.age_on(day)),
        "gender": who.gender,
        "home_postcode": who.home.postcode,
    }


def _rating(level: float, rng: Random) -> str:
    return str(min(_MOST_RATING, max(0, round(level + (rng.random() - 0.5) * 2))))

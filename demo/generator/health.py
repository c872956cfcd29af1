"""Make up assault and drug or alcohol admissions and ambulance calls (guidance 3.2.12 to 3.2.14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.generator.assaults import Assault, Assaults
from demo.generator.cells import flag, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.people import ANYBODY, GROWN_UP, Person, age_or_birth, nhs_number, telephone
from demo.generator.seeds import seeded
from demo.generator.setting import Setting
from demo.generator.trouble import Row
from demo.generator.venues import licensed_premises

CALLS_TO_ASSAULT = 8
"""The first of this number of ambulance calls is to an assault that the hospital sees."""

_KINDS = Weighted.of({"Assault": 88.0, "Stabbing": 5.0, "Sexual assault": 3.0, "": 4.0})
_CALLS = Weighted.of({
    "Fall": 24.0, "Overdose": 14.0, "Collapse": 16.0, "Road traffic collision": 12.0,
    "Assault": 18.0, "Alcohol intoxication": 16.0,
})  # fmt: skip
_CALL_PATTERN = week(day=1.5, evening=2, night=1.5, weekend_night=4)
_REASONS = Weighted.of({
    "Heroin overdose": 16.0, "Paracetamol overdose": 14.0, "Acute alcohol intoxication": 26.0,
    "Alcohol withdrawal": 16.0, "Alcoholic liver disease": 10.0, "Cocaine misuse": 10.0,
    "Opioid poisoning": 8.0,
})  # fmt: skip
_EARLIER_PATIENTS = 20


def hospital_assaults(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` admissions, some of one patient more than once."""
    setting = Setting.of("hospital-assault", seed, postcodes, calendar)
    assaults = _assaults(setting)
    rows = (_admission(assaults.assault(number), setting) for number in range(1, n + 1))
    return setting.first(n, rows)


def ambulance_calls(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` calls; one in eight is to a patient of the first n/8 admissions for assault."""
    setting = Setting.of("ambulance-call", seed, postcodes, calendar)
    assaults = _assaults(setting)
    return setting.first(n, (_call(number, assaults, setting) for number in range(n)))


def hospital_drugs_alcohol(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` admissions, some of one patient more than once."""
    setting = Setting.of("hospital-drug-alcohol", seed, postcodes, calendar)
    return setting.first(n, (_harm(number, setting) for number in range(1, n + 1)))


def _assaults(setting: Setting) -> Assaults:
    venues = licensed_premises(setting.town, setting.seed)
    return Assaults(setting.town, setting.seed, setting.calendar, venues)


def _admission(assault: Assault, setting: Setting) -> Row:
    rng, day = assault.rng, setting.calendar.date(assault.moment)
    # In the guidance, emergency departments may not have asked when and where it happened.
    asked = rng.random() < 0.9  # noqa: PLR2004 - share of patients who were asked
    where = located(assault.site) if asked else dict.fromkeys(located(assault.site), "")
    return {
        **_patient(assault.patient, day, setting),
        "incident_type": _KINDS.draw(rng),
        "incident_date": day,
        "incident_time": setting.calendar.time(assault.moment),
        "location_type": assault.kind if asked else "",
        **where,
        "location_premises": assault.premises if asked else "",
        "reported_to_police": flag(rng.random() < 0.4) if asked else "",  # noqa: PLR2004 - share
        "name": assault.patient.name,
        "nhs_number": _number(assault.patient, setting),
    }


def _call(number: int, assaults: Assaults, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    assault_number, other = divmod(number, CALLS_TO_ASSAULT)
    if other:
        kind, moment = _CALLS.draw(rng), calendar.moment(_CALL_PATTERN, rng)
        who = setting.person(f"AMB-{number:07}", ANYBODY)
        site = who.home if kind in {"Fall", "Collapse"} else setting.town.place(rng)
        if kind == "Assault":
            site = rng.choice(assaults.venues).site
    else:
        seen = assaults.assault(assault_number + 1)
        kind, moment, who, site = "Assault", seen.moment, seen.patient, seen.site
    return {
        **_patient(who, calendar.date(moment), setting),
        "incident_type": kind,
        "incident_date": calendar.date(moment),
        "incident_time": calendar.time(moment),
        **located(site),
        "name": who.name,
        "nhs_number": _number(who, setting),
        "caller_telephone": telephone(rng),
    }


def _harm(number: int, setting: Setting) -> Row:
    rng = setting.rng
    patient = number
    if rng.random() < 0.15:  # noqa: PLR2004 - share of admissions of somebody known
        patient = max(1, number - int(rng.random() * _EARLIER_PATIENTS))
    who = setting.person(f"ADM-{patient:07}", GROWN_UP, men=0.6)
    day = setting.calendar.day(setting.calendar.weeks * 7)
    return {
        "patient_reference": who.reference,
        "record_reference": f"hospital-drug-alcohol-{number}",
        "gender": who.gender,
        "age": str(who.age_on(day)),
        "ethnicity": who.ethnicity,
        "home_postcode": who.home.postcode,
        "admission_reason": _REASONS.draw(rng),
        "name": who.name,
        "nhs_number": _number(who, setting),
    }


def _patient(who: Person, day: str, setting: Setting) -> Row:
    age, born = age_or_birth(who, day, setting.rng)
    return {
        "patient_reference": who.reference,
        "gender": who.gender,
        "age": age,
        "date_of_birth": born,
        "ethnicity": who.ethnicity,
        "home_address": who.home.address,
        "home_postcode": who.home.postcode,
    }


def _number(who: Person, setting: Setting) -> str:
    """Return the one NHS number of a patient."""
    return nhs_number(seeded(setting.seed, f"nhs:{who.reference}"))

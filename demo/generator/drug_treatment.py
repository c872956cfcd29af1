"""Make up episodes of drug treatment of adults and young people (guidance 3.2.10, 3.2.11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from demo.generator.choice import Weighted
from demo.generator.clients import Visit, visits
from demo.generator.clock import Calendar
from demo.generator.district import Point
from demo.generator.people import GROWN_UP, YOUTHS, Ages, nhs_number
from demo.generator.seeds import seeded
from demo.generator.setting import Setting
from demo.generator.trouble import Row

_MOST_EPISODES = 2
_WEEKS = range(6, 40)


class Service(NamedTuple):
    """A treatment service: its clients, their drugs, who refers them, and the treatments."""

    prefix: str
    ages: Ages
    drugs: Weighted[str]
    sources: Weighted[str]
    treatments: Weighted[str]


_ADULTS = Service(
    "DTA",
    GROWN_UP,
    Weighted.of({
        "Heroin": 48.0, "Crack cocaine": 14.0, "Cocaine": 14.0, "Cannabis": 10.0,
        "Methadone": 4.0, "Benzodiazepines": 5.0, "Amphetamine": 5.0,
    }),
    Weighted.of({
        "Self": 45.0, "GP": 12.0, "Arrest referral": 14.0, "Prison": 12.0, "Probation": 9.0,
        "Drug Interventions Programme": 8.0,
    }),
    Weighted.of({
        "Prescribing": 50.0, "Structured day programme": 10.0, "Counselling": 25.0,
        "Inpatient detoxification": 8.0, "Residential rehabilitation": 7.0,
    }),
)  # fmt: skip
_YOUNG = Service(
    "DTY",
    YOUTHS,
    Weighted.of({
        "Cannabis": 62.0, "Alcohol": 20.0, "Cocaine": 6.0, "Ecstasy": 6.0, "Ketamine": 4.0,
        "Solvents": 2.0,
    }),
    Weighted.of({
        "Education": 32.0, "Youth offending service": 24.0, "Social services": 20.0,
        "Self": 14.0, "Family": 10.0,
    }),
    Weighted.of({"Psychosocial": 60.0, "Counselling": 30.0, "Harm reduction": 10.0}),
)  # fmt: skip


def drug_treatment_adults(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` episodes of treatment, some clients with two."""
    return _episodes(Setting.of("drug-treatment-adult", seed, postcodes, calendar), _ADULTS, n)


def drug_treatment_young_people(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` episodes of treatment of clients under 18, some with two."""
    setting = Setting.of("drug-treatment-young-person", seed, postcodes, calendar)
    return _episodes(setting, _YOUNG, n)


def _episodes(setting: Setting, service: Service, n: int) -> Iterator[Row]:
    seen = islice(visits(setting, _MOST_EPISODES), n)
    return setting.first(n, (_row(visit, service, setting) for visit in seen))


def _row(visit: Visit, service: Service, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    reference, began = f"{service.prefix}-{visit.client:06}", calendar.date(visit.moment)
    # A client's drugs and numbers are the same in every episode.
    lasting = seeded(setting.seed, reference)
    who = setting.person(reference, service.ages, men=0.72)
    first, second = service.drugs.draw(lasting), service.drugs.draw(lasting)
    return {
        "client_reference": reference,
        "gender": who.gender,
        "age": str(who.age_on(began)),
        "home_postcode": who.home.postcode,
        "primary_drug": first,
        "secondary_drug": second if second != first else "",
        "referral_source": service.sources.draw(rng),
        "treatment_type": service.treatments.draw(rng),
        "treatment_began_date": began,
        "planned_discharge_date": calendar.day(visit.moment.day + 7 * rng.choice(_WEEKS)),
        "name": who.name,
        "nhs_number": nhs_number(lasting),
    }

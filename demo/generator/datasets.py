"""Name every dataset's generator, and the shares of rows that keep the joins between them complete.

Each generator makes its rows alone and knows no other file. Cases are computed from the seed and a
number, so files of one seed, postcodes and calendar are about the same people and crimes. For each
n rows of `police-crime-offence` all references resolve, except to the few spoilt records, as long
as there are at most

    police-detection n, police-crime-victim n/2, police-crime-offender n/5, police-drug-test n/26,
    police-ppo n/125, probation-oasys n/40 and prison-release n/65 rows,

and as long as `hospital-assault` has at least an eighth of the rows of `ambulance-call`. Domestic incidents,
domestic crimes and referrals are about the same households.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from demo.generator.council import council_asb
from demo.generator.district import Point
from demo.generator.drug_treatment import drug_treatment_adults, drug_treatment_young_people
from demo.generator.environment import illegal_dumps, waste_sites
from demo.generator.fire_incidents import fire_incidents
from demo.generator.health import ambulance_calls, hospital_assaults, hospital_drugs_alcohol
from demo.generator.marac_referrals import marac_referrals
from demo.generator.police_crime_offences import police_crime_offences
from demo.generator.police_crime_people import police_crime_offenders, police_crime_victims
from demo.generator.police_crime_results import police_detections, police_drug_tests
from demo.generator.police_incidents import police_incidents
from demo.generator.police_ppo import police_ppos
from demo.generator.police_stop_searches import police_stop_searches
from demo.generator.probation_youth import probation_oasys, yos_assessments
from demo.generator.releases import prison_releases, yoi_releases
from demo.generator.schools import school_exclusions
from demo.generator.transport import btp_crimes, bus_incidents, rail_incidents
from demo.generator.trouble import Row

Make = Callable[[int, int, Sequence[Point]], Iterator[Row]]
"""Makes that many rows from a seed and the postcodes of one district."""

GENERATORS: Mapping[str, Make] = {
    "police-crime-offence": police_crime_offences,
    "police-crime-offender": police_crime_offenders,
    "police-crime-victim": police_crime_victims,
    "police-incident": police_incidents,
    "council-asb": council_asb,
    "fire-incident": fire_incidents,
    "probation-oasys": probation_oasys,
    "yos-assessment": yos_assessments,
    "police-ppo": police_ppos,
    "prison-release": prison_releases,
    "yoi-release": yoi_releases,
    "drug-treatment-adult": drug_treatment_adults,
    "drug-treatment-young-person": drug_treatment_young_people,
    "hospital-assault": hospital_assaults,
    "hospital-drug-alcohol": hospital_drugs_alcohol,
    "ambulance-call": ambulance_calls,
    "btp-crime": btp_crimes,
    "transport-rail-incident": rail_incidents,
    "transport-bus-incident": bus_incidents,
    "school-exclusion": school_exclusions,
    "environment-illegal-dumping": illegal_dumps,
    "environment-waste-site": waste_sites,
    "police-stop-search": police_stop_searches,
    "police-drug-test": police_drug_tests,
    "police-detection": police_detections,
    "marac-referral": marac_referrals,
}

SHARES: Mapping[str, float] = {
    "police-incident": 0.25,
    "police-crime-offence": 0.21,
    "police-detection": 0.2,
    "police-crime-victim": 0.1,
    "council-asb": 0.08,
    "police-crime-offender": 0.04,
    "fire-incident": 0.02,
    "ambulance-call": 0.02,
    "police-stop-search": 0.015,
    "police-drug-test": 0.008,
    "school-exclusion": 0.008,
    "transport-bus-incident": 0.008,
    "hospital-assault": 0.006,
    "hospital-drug-alcohol": 0.006,
    "drug-treatment-adult": 0.005,
    "probation-oasys": 0.005,
    "btp-crime": 0.004,
    "transport-rail-incident": 0.003,
    "yos-assessment": 0.003,
    "drug-treatment-young-person": 0.002,
    "environment-illegal-dumping": 0.002,
    "police-ppo": 0.0015,
    "environment-waste-site": 0.001,
    "prison-release": 0.001,
    "marac-referral": 0.001,
    "yoi-release": 0.0005,
}
"""Share of each dataset in a district's records. They add up to 1 and keep the ratios above."""

SMALLEST = 1_000
"""Least number of records of a district with which every reference resolves."""


def shared_out(records: int, datasets: Iterable[str] = SHARES) -> dict[str, int]:
    """Return the rows of each of these datasets, `records` in all (rounded down), and at least one.

    Raises:
        KeyError: a dataset is unknown.
    """
    shares = {dataset: SHARES[dataset] for dataset in datasets}
    whole = sum(shares.values())
    return {name: max(1, int(records * share / whole)) for name, share in shares.items()}

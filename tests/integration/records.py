"""Records as agencies hold them, at real postcodes of Bath and North East Somerset."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

from sanitiser.build.reference_sources import PostcodeTable

DISTRICT = "E06000022"
ENOUGH, TOO_FEW = 12, 3

STEADY = "BA2 2QH"
"""A postcode that is released as it is and stands in for none."""

SCARCE = "BA2 4PG"
"""A postcode with too few households, which another stands in for."""

CALLER = "CALLER-AS-NAMED"
TELEPHONE = "07700 900123"
NARRATIVE = "caller says the shouting has begun again"


def incident(reference: str, **fields: Any) -> dict[str, Any]:
    """A police incident that is known not to be domestic."""
    return {
        "incident_reference": reference,
        "incident_type": "ASB nuisance",
        "domestic": False,
        "incident_date": date(2026, 3, 14),
        "incident_time": time(22, 41),
        "location_address": "7 Acacia Avenue, Bath",
        "location_postcode": STEADY,
        "caller_name": CALLER,
        "caller_telephone": TELEPHONE,
        "narrative": NARRATIVE,
    } | fields


def offence(reference: str, **fields: Any) -> dict[str, Any]:
    """A recorded crime that is known not to be domestic."""
    return {
        "crime_reference": reference,
        "offence_code": "28A",
        "committed_from_date": date(2026, 3, 1),
        "committed_from_time": time(9, 15),
        "committed_to_date": date(2026, 3, 2),
        "location_address": "Flat 2, 7 Acacia Avenue, Bath",
        "location_postcode": STEADY,
        "property_stolen": f"a laptop of {CALLER}",
        "weapon": "knife",
        "domestic": False,
        "vehicle_registration_mark": "AB12 CDE",
        "narrative": NARRATIVE,
    } | fields


def fire(reference: str, **fields: Any) -> dict[str, Any]:
    """A deliberate fire."""
    return {
        "incident_reference": reference,
        "incident_type": "Deliberate secondary fire",
        "incident_date": date(2026, 3, 14),
        "incident_time": time(3, 5),
        "casualties": 0,
        "location_address": "7 Acacia Avenue, Bath",
        "location_postcode": STEADY,
        "caller_telephone": TELEPHONE,
        "narrative": NARRATIVE,
    } | fields


def write_households(path: Path, postcodes: PostcodeTable) -> None:
    """Write household counts for the postcodes of `DISTRICT`: enough everywhere but in `SCARCE`."""
    here = postcodes.districts == postcodes.district_codes.index(DISTRICT)
    scarce = SCARCE.replace(" ", "")
    keys = [bytes(key).decode() for key in postcodes.keys[here]]
    rows = [f"{key},{TOO_FEW if key == scarce else ENOUGH}" for key in keys]
    path.write_text("\n".join(["postcode,households", *rows, ""]), encoding="utf-8")

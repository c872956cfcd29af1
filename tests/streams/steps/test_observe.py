"""The facts of a record for domestic alerts: digests, days and codes, and nothing that can be read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import fastavro
import pytest

from sanitiser.address.household import household
from sanitiser.incidents.digests import Digests, NotOfThisRecordError
from sanitiser.key_ring import KeyRing
from sanitiser.places.area import EVERYWHERE, Bounds
from sanitiser.places.location import Located, Locator
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.assembly import Means, Terms, build_steps
from streams.messages import Intake
from streams.steps.observe import Observer
from streams.steps.route import OWN
from streams.steps.sanitise import Release
from streams.steps.step import Work
from tests.streams.partnership import KEY

NOW = datetime(2024, 6, 14, 11, 20, 30)
SUPPLIED = datetime(2024, 6, 13, 23, 30, tzinfo=UTC)
"""In London it is already the next day."""
SUPPLIED_DAY = date(2024, 6, 14)
RING = KeyRing.of(KEY)
DIGESTS = Digests(RING.lasting)
BORN = date(1990, 3, 2)
ADDRESS, POSTCODE = "Flat 2, 5 Acacia Avenue, London", "SW1A 1AA"


class Nowhere:
    """An area without any place."""

    def holds(self, _located: Located) -> bool:
        return False


def incident(**fields: Any) -> dict[str, Any]:
    return {
        "incident_reference": "IN-1",
        "incident_date": date(2024, 6, 1),
        "incident_time": time(21, 30),
        "incident_type": "Noise",
        "domestic": True,
        "location_address": ADDRESS,
        "location_postcode": POSTCODE,
        "victim_name": "Anna Price",
        "victim_date_of_birth": BORN,
        "suspect_name": "Bryn Rees",
        "suspect_date_of_birth": date(1988, 1, 9),
    } | fields


def crime(**fields: Any) -> dict[str, Any]:
    return {
        "crime_reference": "CR-1",
        "offence_code": "8U",
        "committed_from_date": date(2024, 6, 1),
        "location_address": ADDRESS,
        "location_postcode": POSTCODE,
    } | fields


def ambulance(**fields: Any) -> dict[str, Any]:
    return {
        "patient_reference": "P-1",
        "incident_date": date(2024, 6, 1),
        "incident_type": "assault",
        "location_address": "5 Acacia Ave",
        "location_postcode": POSTCODE,
        "home_address": "5 Acacia Avenue, London",
        "home_postcode": POSTCODE,
    } | fields


def referral(**fields: Any) -> dict[str, Any]:
    return {
        "referral_reference": "M-1",
        "referral_date": date(2024, 5, 20),
        "victim_name": "Anna Price",
        "victim_date_of_birth": BORN,
    } | fields


class Observing:
    """Takes records through the steps of a dataset, and shows what was observed."""

    def __init__(self, catalogue: Catalogue, index: PostcodeIndex) -> None:
        self._catalogue = catalogue
        self._index = index

    def work(
        self,
        dataset: str,
        record: Mapping[str, Any],
        *,
        erases: bool = False,
        own: Bounds = EVERYWHERE,
        neighbours: Mapping[str, Bounds] | None = None,
        **terms: Any,
    ) -> Work:
        """Return the work on a record after all steps."""
        record_type = self._catalogue.record_type(dataset)
        profiles = dict.fromkeys((OWN, *(neighbours or {})), record_type.profiles)
        agreed: dict[str, Any] = {"agency": "police", "observed": True} | terms
        means = Means(
            self._catalogue.code_lists, Locator(self._index), RING, own, dict(neighbours or {})
        )
        steps = build_steps(Terms(record_type=record_type, profiles=profiles, **agreed), means)
        supplied = int(SUPPLIED.timestamp() * 1000)
        intake = Intake("t", 0, 0, b"k", b"", "a" * 32, supplied, erases)
        work = Work(NOW, record, intake, 1)
        steps.take(work)
        return work

    def message(self, dataset: str, record: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        """Return the message about a record."""
        observed = self.work(dataset, record, **more).observed
        assert observed is not None
        return observed.message

    def facts(self, dataset: str, record: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        """Return the facts of a record."""
        facts = self.message(dataset, record, **more)["facts"]
        assert facts is not None
        found: Mapping[str, Any] = facts
        return found


@pytest.fixture(scope="module")
def observing(catalogue: Catalogue, index: PostcodeIndex) -> Observing:
    return Observing(catalogue, index)


def _of_role(facts: Mapping[str, Any], role: str) -> list[Mapping[str, Any]]:
    return [person for person in facts["people"] if person["role"] == role]


def test_a_domestic_incident_is_an_event_with_its_household_people_and_hour(
    observing: Observing,
) -> None:
    message = observing.message("police-incident", incident())
    home = household(ADDRESS, POSTCODE)
    assert home is not None
    assert (message["kind"], message["agency"], message["dataset"], message["supply_id"]) == (
        "event", "police", "police-incident", "a" * 32,
    )  # fmt: skip
    assert message["record"] == DIGESTS.record("police", "police-incident", ["IN-1"])
    assert message["supplied"] == int(SUPPLIED.timestamp() * 1000)
    facts = message["facts"]
    assert facts["type"] == "domestic-incident"
    assert facts["households"] == [DIGESTS.household(home)]
    assert facts["people"] == [
        {"role": "victim", "person": DIGESTS.person(("anna", "price"), BORN), "reference": None},
        {
            "role": "suspect",
            "person": DIGESTS.person(("bryn", "rees"), date(1988, 1, 9)),
            "reference": None,
        },
    ]
    assert facts["join"] == DIGESTS.join("police", "incident", "IN-1")
    assert facts["day"] == facts["until_day"] == (date(2024, 6, 1) - date(1970, 1, 1)).days
    at = datetime(2024, 6, 1, 20, 30, tzinfo=UTC)
    assert facts["minute"] == int(at.timestamp()) // 60
    assert facts["is_dated"]
    assert facts["district"] == "SW1A"


@pytest.mark.parametrize(
    ("dataset", "record", "kind", "of_type"),
    [
        ("police-incident", incident(domestic=False), "none", None),
        ("police-incident", incident(domestic=None), "none", None),
        (
            "police-incident",
            incident(domestic=None, incident_type="domestic-incident"),
            "event",
            "domestic-incident",
        ),
        ("police-crime-offence", crime(), "event", "domestic-crime"),
        ("police-crime-offence", crime(offence_code="28A"), "none", None),
        (
            "police-crime-offence",
            crime(offence_code="28A", domestic=True),
            "event",
            "domestic-crime",
        ),
        (
            "police-crime-victim",
            {"crime_reference": "CR-1", "record_reference": "1", "gender": "F"},
            "part",
            "",
        ),
        (
            "police-crime-offender",
            {"crime_reference": "CR-1", "offender_reference": "O-1"},
            "part",
            "",
        ),
        (
            "hospital-assault",
            {"patient_reference": "P", "incident_type": "domestic-assault"},
            "event",
            "assault-at-home",
        ),
        (
            "hospital-assault",
            {"patient_reference": "P", "location_type": "at-home"},
            "event",
            "assault-at-home",
        ),
        ("hospital-assault", {"patient_reference": "P"}, "none", None),
        ("ambulance-call", ambulance(), "event", "assault-at-home"),
        ("ambulance-call", ambulance(home_address="6 Acacia Avenue"), "none", None),
        ("ambulance-call", ambulance(location_address="Mill Lane"), "none", None),
        (
            "ambulance-call",
            ambulance(location_address=None, location_postcode=None),
            "event",
            "assault-at-home",
        ),
        (
            "ambulance-call",
            {
                "patient_reference": "P",
                "incident_type": "assault",
                "incident_date": date(2024, 6, 1),
            },
            "none",
            None,
        ),
        (
            "fire-incident",
            {"incident_reference": "F", "incident_date": date(2024, 6, 1), "domestic": True},
            "event",
            "assault-at-home",
        ),
        ("marac-referral", referral(), "referral", ""),
        ("marac-referral", referral(referral_withdrawn=True), "none", None),
    ],
)
def test_each_record_has_the_kind_that_its_type_declares(
    observing: Observing, dataset: str, record: dict[str, Any], kind: str, of_type: str | None
) -> None:
    message = observing.message(dataset, record)
    assert message["kind"] == kind
    assert (message["facts"] or {}).get("type") == of_type


def test_an_erasure_takes_back_the_facts_under_the_same_digest(observing: Observing) -> None:
    event = observing.message("police-incident", incident())
    erased = observing.message("police-incident", incident(), erases=True)
    assert (erased["kind"], erased["facts"]) == ("none", None)
    assert erased["record"] == event["record"]


def test_a_correction_has_the_digest_of_what_it_corrects(observing: Observing) -> None:
    first = observing.message("police-incident", incident())
    second = observing.message("police-incident", incident(domestic=False, victim_name="A. Price"))
    assert first["record"] == second["record"]
    assert second["kind"] == "none"


def test_a_record_with_a_fault_is_not_observed(observing: Observing) -> None:
    assert observing.work("police-incident", incident(incident_reference=None)).observed is None


def test_a_dataset_without_alerts_is_not_observed(observing: Observing) -> None:
    assert observing.work("police-incident", incident(), observed=False).observed is None
    waste = {"incident_reference": "W", "committed_from_date": date(2024, 6, 1)}
    assert observing.work("environment-illegal-dumping", waste).observed is None


@pytest.mark.parametrize(
    "held",
    [
        {"own": Nowhere()},
        {"own": Nowhere(), "neighbours": {"wiltshire": EVERYWHERE}},
        {"is_open": lambda _day: False},
        {"released_until": date(2024, 6, 13)},
    ],
    ids=["outside every area", "in the area of a neighbour", "not open", "review overdue"],
)
def test_what_no_party_may_receive_now_has_no_facts(
    observing: Observing, held: dict[str, Any]
) -> None:
    message = observing.message("police-incident", incident(), **held)
    assert (message["kind"], message["facts"]) == ("none", None)


# People


@pytest.mark.parametrize("born", [date(2024, 6, 15), date(1900, 1, 1), None, "unknown"])
def test_a_date_of_birth_in_the_future_or_a_placeholder_identifies_nobody(
    observing: Observing, born: Any
) -> None:
    facts = observing.facts("police-incident", incident(victim_date_of_birth=born))
    assert _of_role(facts, "victim") == []
    assert facts["households"]


def test_twins_at_one_address_are_two_people_of_one_household(observing: Observing) -> None:
    found = [
        observing.facts("police-incident", incident(victim_name=f"{name} Price"))
        for name in ("Anna", "Hannah")
    ]
    assert found[0]["households"] == found[1]["households"]
    assert _of_role(found[0], "victim") != _of_role(found[1], "victim")


def test_twins_with_the_same_initial_are_not_taken_for_one(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(victim_name="A Price"))
    assert _of_role(facts, "victim") == []


def test_a_name_spelt_two_ways_is_two_people_and_one_written_two_ways_is_one(
    observing: Observing,
) -> None:
    spellings = ["Anna Price", "PRICE, Anna", "Änna  Price", "Anne Price"]
    found = [
        _of_role(observing.facts("police-incident", incident(victim_name=name)), "victim")
        for name in spellings
    ]
    assert found[0] == found[1] == found[2] != found[3]


def test_a_reference_of_an_agency_is_a_digest_of_its_own(observing: Observing) -> None:
    record = {"crime_reference": "CR-1", "offender_reference": "O-1"}
    facts = observing.facts("police-crime-offender", record)
    expected = DIGESTS.reference("police", "offender", "O-1")
    assert facts["people"] == [{"role": "suspect", "person": None, "reference": expected}]
    elsewhere = observing.facts("police-crime-offender", record, agency="other")
    assert elsewhere["people"][0]["reference"] != expected


def test_a_crime_its_people_and_its_incident_share_their_joins(observing: Observing) -> None:
    offence = observing.facts("police-crime-offence", crime(incident_reference="IN-1"))
    victim = observing.facts(
        "police-crime-victim", {"crime_reference": "CR-1", "record_reference": "1", "gender": "F"}
    )
    event = observing.facts("police-incident", incident())
    assert offence["join"] == victim["join"]
    assert offence["incident"] == event["join"]


# Homes


@pytest.mark.parametrize("address", ["NFA", "No fixed abode", "Acacia Avenue", "Unknown", None])
def test_an_address_that_is_no_home_has_no_household(
    observing: Observing, address: str | None
) -> None:
    assert (
        observing.facts("police-incident", incident(location_address=address))["households"] == []
    )


def test_a_uprn_is_a_household_of_its_own_beside_the_address(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(location_uprn="100012345678"))
    assert facts["households"][1:] == [DIGESTS.property("100012345678")]
    alone = observing.facts(
        "police-incident", incident(location_address=None, location_uprn="100012345678")
    )
    assert alone["households"] == facts["households"][1:]


def test_a_persons_new_address_never_joins_the_old_household(observing: Observing) -> None:
    moved = {
        "crime_reference": "CR-1", "record_reference": "1", "name": "Anna Price", "date_of_birth": BORN,
        "home_address": "9 Mill Lane", "home_postcode": POSTCODE, "home_uprn": "100012345678",
    }  # fmt: skip
    facts = observing.facts("police-crime-victim", moved)
    assert facts["households"] == []
    event = observing.facts("police-incident", incident())
    assert _of_role(facts, "victim") == _of_role(event, "victim")
    assert facts["district"] is None


def test_the_place_of_the_event_is_the_first_that_is_a_home(observing: Observing) -> None:
    at_home = {"patient_reference": "P", "location_type": "at-home", "home_address": "9 Mill Lane"}
    facts = observing.facts("hospital-assault", at_home | {"home_postcode": POSTCODE})
    home = household("9 Mill Lane", POSTCODE)
    assert home is not None
    assert facts["households"] == [DIGESTS.household(home)]


def test_the_district_is_that_of_the_postcode_that_was_released(
    observing: Observing, catalogue: Catalogue
) -> None:
    record_type = catalogue.record_type("police-incident")
    assert record_type.domestic is not None
    observe = Observer("police", record_type, record_type.domestic, DIGESTS)
    work = observing.work("police-incident", incident())
    for released, district in (("BA2 9ZZ", "BA2"), (None, None)):
        work.releases = [
            Release("second", {"location_postcode": "SW1A 1AA"}),
            Release("central", {"location_postcode": released}),
        ]
        observe(work)
        assert work.observed is not None
        assert work.observed.message["facts"]["district"] == district


def test_without_a_releasable_postcode_there_is_no_district(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(location_postcode="BA2 9ZZ"))
    assert facts["district"] is None


# Days


def _days(facts: Mapping[str, Any]) -> tuple[date, date, int | None, bool]:
    first = date.fromordinal(facts["day"] + date(1970, 1, 1).toordinal())
    last = date.fromordinal(facts["until_day"] + date(1970, 1, 1).toordinal())
    return first, last, facts["minute"], facts["is_dated"]


def test_an_event_with_no_time_has_its_day_alone(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(incident_time=None))
    assert _days(facts) == (date(2024, 6, 1), date(2024, 6, 1), None, True)


def test_an_event_with_no_date_has_the_day_of_its_supply_in_london(observing: Observing) -> None:
    record = {"patient_reference": "P", "incident_type": "domestic-assault"}
    facts = observing.facts("hospital-assault", record)
    assert _days(facts) == (SUPPLIED_DAY, SUPPLIED_DAY, None, False)


def test_a_part_has_the_day_of_its_supply(observing: Observing) -> None:
    record = {"crime_reference": "CR-1", "offender_reference": "O-1"}
    facts = observing.facts("police-crime-offender", record)
    assert _days(facts) == (SUPPLIED_DAY, SUPPLIED_DAY, None, False)


def test_a_referral_has_its_own_date(observing: Observing) -> None:
    facts = observing.facts("marac-referral", referral())
    assert _days(facts) == (date(2024, 5, 20), date(2024, 5, 20), None, True)


@pytest.mark.parametrize(
    ("begin", "until", "end", "last", "minute"),
    [
        (time(23, 30), None, None, date(2024, 6, 1), datetime(2024, 6, 1, 22, 30, tzinfo=UTC)),
        (
            time(23, 30),
            date(2024, 6, 2),
            time(0, 30),
            date(2024, 6, 2),
            datetime(2024, 6, 1, 22, 30, tzinfo=UTC),
        ),
        (time(10), date(2024, 6, 1), time(22), date(2024, 6, 1), None),
        (time(10), date(2024, 6, 1), None, date(2024, 6, 1), datetime(2024, 6, 1, 9, tzinfo=UTC)),
        (time(10), date(2024, 6, 3), None, date(2024, 6, 3), None),
        (time(10), date(2024, 6, 3), time(9), date(2024, 6, 3), None),
    ],
)
def test_an_event_in_a_long_range_has_days_and_no_minute(
    observing: Observing,
    begin: time,
    until: date | None,
    end: time | None,
    last: date,
    minute: datetime | None,
) -> None:
    facts = observing.facts(
        "police-crime-offence",
        crime(committed_from_time=begin, committed_to_date=until, committed_to_time=end),
    )
    expected = None if minute is None else int(minute.timestamp()) // 60
    assert _days(facts) == (date(2024, 6, 1), last, expected, True)


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        (date(2023, 10, 29), time(0, 30), datetime(2023, 10, 28, 23, 30, tzinfo=UTC)),
        (date(2023, 10, 29), time(1, 30), None),
        (date(2023, 10, 29), time(2, 30), datetime(2023, 10, 29, 2, 30, tzinfo=UTC)),
        (date(2024, 3, 31), time(1, 30), None),
        (date(2024, 3, 31), time(2, 30), datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_minute_is_that_of_the_instant_on_days_when_the_clocks_change(
    observing: Observing, day: date, at: time, instant: datetime | None
) -> None:
    facts = observing.facts("police-incident", incident(incident_date=day, incident_time=at))
    assert facts["minute"] == (None if instant is None else int(instant.timestamp()) // 60)


# What else is told


def test_flags_children_schools_and_risk_are_told_as_supplied(observing: Observing) -> None:
    facts = observing.facts(
        "police-incident",
        incident(
            weapon_used=True, order_or_bail=True, children_present=True, children_count=2,
            child_school="123456", second_child_school="EHE", third_child_school="St Mary's Primary",
            risk_tool="DASH", risk_grade="high", risk_date=date(2024, 6, 1), risk_grader="Response team",
        ),
    )  # fmt: skip
    assert facts["flags"] == ["weapon", "order-or-bail", "children"]
    assert facts["children"] == 2
    assert facts["schools"] == ["123456", "home-educated"]
    day = (date(2024, 6, 1) - date(1970, 1, 1)).days
    assert facts["risk"] == {"tool": "DASH", "grade": "high", "day": day, "grader": "Response team"}


def test_what_is_not_supplied_is_not_told(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(weapon_used=False, order_or_bail=None))
    assert facts["flags"] == []
    assert facts["schools"] == []
    for name in ("children", "risk", "contact"):
        assert facts[name] is None


def test_a_long_text_in_place_of_a_grader_is_left_out(observing: Observing) -> None:
    facts = observing.facts("police-incident", incident(risk_grade="high", risk_grader="x" * 101))
    assert facts["risk"]["grader"] is None


def test_a_safe_contact_is_encrypted_and_bound_to_its_record(observing: Observing) -> None:
    contact = {"safe_contact_number": "07700 900123", "safe_contact_no_voicemail": True}
    message = observing.message("police-incident", incident(**contact))
    sealed = message["facts"]["contact"]
    assert DIGESTS.contact.decrypt(message["record"], sealed) == {
        "number": "07700 900123", "times": None, "no_voicemail": True, "no_letter": None,
    }  # fmt: skip
    with pytest.raises(NotOfThisRecordError):
        DIGESTS.contact.decrypt(bytes(12), sealed)


def test_the_subjects_of_a_request_are_the_victims_or_else_the_household(
    observing: Observing,
) -> None:
    def subjects(record: dict[str, Any], dataset: str = "police-incident") -> Any:
        message = observing.message(dataset, record)
        sealed = message["facts"]["subjects"]
        return None if sealed is None else DIGESTS.subjects.decrypt(message["record"], sealed)

    assert subjects(incident()) == [{"name": "Anna Price", "date_of_birth": "1990-03-02"}]
    nobody = incident(victim_date_of_birth=None)
    assert subjects(nobody) == [{"address": ADDRESS, "postcode": POSTCODE}]
    assert subjects(nobody | {"location_address": "NFA"}) is None
    assert subjects(referral(), "marac-referral") is None
    suspect = {"crime_reference": "CR-1", "offender_reference": "O", "name": "Bryn Rees"}
    assert subjects(suspect | {"date_of_birth": BORN}, "police-crime-offender") is None


def test_a_problem_in_a_field_leaves_its_fact_out_and_not_the_record(observing: Observing) -> None:
    facts = observing.facts(
        "police-incident", incident(children_count="many", risk_date="soon", incident_time="late")
    )
    assert (facts["children"], facts["risk"], facts["minute"]) == (None, None, None)


def test_nothing_that_a_record_says_of_people_can_be_read_in_its_message(
    observing: Observing, catalogue: Catalogue
) -> None:
    record = incident(
        safe_contact_number="07700 900123", narrative="zzmarkerzz", caller_name="Carys Zzmarkerzz",
        caller_telephone="07700 900321", location_uprn="100012345678",
    )  # fmt: skip
    work = observing.work("police-incident", record)
    assert work.observed is not None
    message = work.observed.message
    out = io.BytesIO()
    schema = fastavro.parse_schema(catalogue.system["incident"])
    fastavro.schemaless_writer(out, schema, message)
    written = out.getvalue().lower()
    out.seek(0)
    read = fastavro.schemaless_reader(out, schema)
    assert isinstance(read, dict)
    assert read["facts"] == message["facts"]
    secrets = (
        "anna",
        "price",
        "bryn",
        "rees",
        "1990",
        "acacia",
        "sw1a 1aa",
        "07700",
        "in-1",
        "zzmarkerzz",
        "100012345678",
    )
    for secret in secrets:
        assert secret.encode() not in written
    assert repr(work.observed) == "Observed(event)"


def test_a_record_processed_again_has_the_same_message(observing: Observing) -> None:
    record = incident(safe_contact_number="07700 900123")
    assert observing.message("police-incident", record) == observing.message(
        "police-incident", record
    )

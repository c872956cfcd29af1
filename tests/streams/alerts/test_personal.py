"""Personal content only under an open case that matches and grants."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from isp.cases.case import ConsentRecord, State
from isp.cases.letters import Subject
from isp.cases.sealing import NotForThisKey, alert_name, unsealed
from streams.alerts.alert_messages import AlertMessages
from tests.isp.cases.table import CATALOGUE, Table
from tests.streams.alerts.desk import (
    ADDRESS,
    BORN,
    CASE,
    DIGESTS,
    FIELDS,
    HOME,
    JANE,
    NOW,
    TODAY,
    Desk,
    document,
    home,
    name,
    open_case,
    person,
    protocol,
    suspect,
    victim,
)
from transport.messages import Output

JOHN = Subject(name="John Roe", date_of_birth=BORN)


def test_a_case_about_the_victim_makes_the_alert_personal(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact())
    alert = desk.alert()
    assert (alert["kind"], alert["type"], alert["hour"], alert["area"]) == ("personal", "", "", "")
    told = desk.opened()
    assert (told["alert"], told["case"], told["matched"]) == (alert["alert"], CASE, "victim")
    assert (told["day"], told["time"]) == ("2026-11-24", "11:00")
    assert told["standing"] == "none recorded here"
    assert told["sources"] == [
        {"agency": "police", "dataset": "police-incident", "supplied": NOW.isoformat()}
    ]
    assert desk.alert("fire")["kind"] == "depersonalised"


@pytest.mark.parametrize(
    ("subjects", "matched"),
    [((HOME,), "household"), ((JANE, JOHN), "pair"), ((JANE,), "victim")],
)
def test_the_alert_says_what_the_case_matches(desk: Desk, subjects: Any, matched: str) -> None:
    desk.send(desk.case(subjects=subjects))
    desk.send(desk.fact())
    assert desk.opened()["matched"] == matched


def test_a_case_about_the_persons_reference_matches(desk: Desk) -> None:
    joins = {f.join for d in FIELDS for f in _fields(d) if f.join and f.about}
    assert joins
    reference = DIGESTS.reference("police", min(joins), "N-1")
    desk.send(desk.case(subjects=(Subject(reference="N-1"),)))
    desk.send(desk.fact(people=[{"role": "victim", "person": None, "reference": reference}]))
    assert desk.alert()["kind"] == "personal"


def _fields(dataset: str) -> Any:
    return CATALOGUE.record_type(dataset).fields


@pytest.mark.parametrize(
    "case",
    [
        {"subjects": (JOHN,)},  # the suspect alone
        {"subjects": (Subject(name="Jane Poe", date_of_birth=BORN),)},
        {"subjects": (Subject(name="Jane Roe", date_of_birth=date(1990, 5, 18)),)},
        {"subjects": (Subject(address=ADDRESS, postcode="BA1 1AE"),)},
        {"recipient": "fire"},
        {"supplier": "hospital"},
        {"fields": {"police-crime-victim": ("crime_reference",)}},  # not a dataset of the event
        {"until": NOW.date() - timedelta(1)},
        {"review_by": NOW - timedelta(hours=1)},
        {"state": State.APPROVED},
        {"state": State.CLOSED},
    ],
)
def test_no_other_case_makes_it_personal(desk: Desk, case: dict[str, Any]) -> None:
    desk.case_keys.make(CASE)
    desk.send(desk.case(open_case(**case)))
    desk.send(desk.fact())
    assert desk.alert("council")["kind"] == "depersonalised"


def test_a_case_whose_key_is_lost_makes_nothing_personal(desk: Desk) -> None:
    desk.send(desk.case())
    desk.case_keys.destroy(CASE)
    desk.send(desk.fact())
    assert desk.alert()["kind"] == "depersonalised"


def test_a_missing_consent_shows_nothing_and_a_given_one_does(desk: Desk) -> None:
    desk.send(desk.case(open_case(process="treatment-group")))
    desk.send(desk.fact())
    assert desk.alert()["kind"] == "depersonalised"
    table = Table()
    table.consent(party="daat")
    (record,) = table.register.consents.values()
    given = ConsentRecord(agency="police", consent=record.consent)
    desk.send(desk.consent(given))
    assert desk.alert()["kind"] == "personal"
    later = given.consent.model_copy(update={"given": "withdrawn"})
    desk.now += timedelta(seconds=1)
    desk.send(desk.consent(ConsentRecord(agency="police", consent=later)))
    assert desk.alert()["kind"] == "depersonalised"


def test_an_event_about_two_subjects_needs_the_consent_of_both(desk: Desk) -> None:
    desk.send(desk.case(open_case(process="treatment-group", subjects=(JANE, JOHN))))
    table = Table()
    table.consent(party="daat")
    (record,) = table.register.consents.values()
    desk.send(desk.consent(ConsentRecord(agency="police", consent=record.consent)))
    desk.send(desk.fact("r1", people=[victim()], ago=timedelta(days=3), households=[]))
    desk.send(desk.fact("r2"))
    told = {a["kind"] for a in desk.alerts()}
    assert told == {"personal", "depersonalised"}
    (hidden,) = [a for a in desk.alerts() if a["kind"] == "depersonalised"]
    assert hidden["hour"] == "2026-11-24T11"


def test_a_case_that_opens_later_makes_the_alert_personal_in_its_next_version(desk: Desk) -> None:
    desk.send(desk.fact())
    before = desk.alert()
    desk.send(desk.case())
    alert = desk.alert()
    assert (alert["alert"], alert["version"], alert["kind"]) == (before["alert"], 2, "personal")


@pytest.mark.parametrize("state", [State.CLOSING, State.CLOSED])
def test_the_end_of_a_case_takes_its_personal_content_back(desk: Desk, state: State) -> None:
    desk.send(desk.case(), desk.case(open_case("b" * 16, recipient="probation")))
    desk.send(desk.fact())
    assert desk.alert("probation")["kind"] == "personal"
    desk.now += timedelta(seconds=1)
    desk.send(
        desk.case(open_case(state=state)),
        desk.case(open_case("b" * 16, recipient="probation", state=state)),
    )
    assert desk.alert("council")["kind"] == "depersonalised"
    assert desk.versions("probation")[-1] is None


@pytest.mark.parametrize(
    "ends",
    [
        {"until": NOW.date() + timedelta(1)},
        {"review_by": NOW + timedelta(days=1)},
    ],
)
def test_a_case_that_runs_out_takes_its_content_back_also_without_a_message(
    desk: Desk, ends: dict[str, Any]
) -> None:
    desk.send(desk.case(open_case(recipient="probation", **ends)))
    desk.send(desk.fact())
    assert desk.alert("probation")["kind"] == "personal"
    desk.later(hours=23)
    assert desk.alert("probation")["kind"] == "personal"
    desk.later(days=1, hours=13)
    assert desk.versions("probation")[-1] is None


def test_a_lost_key_takes_the_content_back(desk: Desk) -> None:
    desk.send(desk.case(recipient="probation"))
    desk.send(desk.fact())
    desk.case_keys.destroy(CASE)
    desk.later(minutes=2)
    assert desk.versions("probation")[-1] is None


@pytest.mark.parametrize("party", ["council", "probation"])
def test_a_key_that_is_deleted_after_the_decision_gives_no_content_and_no_crash(
    desk: Desk, party: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(desk.case(recipient=party))
    output = AlertMessages.output

    def late(messages: AlertMessages, *given: Any) -> Output:
        desk.case_keys.destroy(CASE)
        return output(messages, *given)

    monkeypatch.setattr(AlertMessages, "output", late)
    desk.send(desk.fact())
    assert [version for version in desk.versions(party) if version and version["sealed"]] == []
    desk.later(minutes=2)
    assert [a["kind"] for a in desk.alerts("council")] == ["depersonalised"]
    assert desk.alerts("probation") == []


def test_a_case_on_hold_takes_the_content_back(desk: Desk) -> None:
    desk.send(desk.case(recipient="probation"))
    desk.send(desk.fact())
    desk.now += timedelta(seconds=1)
    desk.send(desk.case(open_case(recipient="probation", state=State.HELD)))
    assert desk.versions("probation")[-1] is None


def test_an_older_message_about_a_case_does_not_open_it_again(desk: Desk) -> None:
    old = desk.case()
    desk.now += timedelta(seconds=1)
    closed = desk.case(open_case(state=State.CLOSED))
    assert closed.key is not None
    desk.alerter.learn(closed.topic, closed.key, closed.value)
    desk.send(desk.fact())
    desk._commit(desk.alerter.process([old]))
    assert desk.alert()["kind"] == "depersonalised"


def test_nothing_personal_is_told_after_the_review_date_and_nothing_after_the_grace(
    tmp_path: Any,
) -> None:
    desk = Desk(tmp_path, protocol(review=NOW.date() + timedelta(days=1)))
    desk.send(desk.case(recipient="probation", until=NOW.date() + timedelta(60)))
    desk.send(desk.fact())
    assert desk.alert("probation")["kind"] == "personal"
    desk.later(days=2)
    assert desk.versions("probation")[-1] is None
    desk.send(desk.fact("r2", subjects=[JANE.model_dump(mode="json")]))
    assert {a["kind"] for a in desk.alerts("council")} == {"depersonalised"}
    assert desk.requests() == []
    desk.later(days=28)
    assert desk.alerts("council") == []
    desk.send(desk.fact("r3"))
    assert desk.alerts("council") == []


# What a personal alert tells


def test_history_has_the_dates_and_counts_in_each_direction(desk: Desk) -> None:
    desk.send(desk.case())
    swapped = [victim("John Roe"), suspect("Jane Roe")]
    elsewhere = [home("7 Mill Lane", "BA1 1AE")]
    desk.send(
        desk.fact("r3", ago=timedelta(days=30)),
        desk.fact("r2", ago=timedelta(days=20), people=swapped),
        desk.fact("r4", ago=timedelta(days=10), people=[victim("Ann Poe"), suspect()], households=elsewhere),
    )  # fmt: skip
    desk.send(desk.fact())
    personal = [_opened(desk, a) for a in desk.alerts() if a["kind"] == "personal"]
    (told,) = [each for each in personal if each["day"] == "2026-11-24"]
    past = told["history"]
    assert past["household"]["count"] == 2
    assert past["household"]["days_since_last"] == 20
    assert past["victim"]["dates"] == ["2026-10-25"]
    assert past["pair"]["same_direction"]["count"] == 1
    assert past["pair"]["other_direction"]["count"] == 1
    assert past["suspect_with_others"] == {"count": 1}
    assert told["standing"] == "escalating"


def _opened(desk: Desk, alert: dict[str, Any]) -> Any:
    key = desk.case_keys.read(alert["case"])
    return document(unsealed(key, alert_name(alert["alert"]), alert))


def test_a_source_that_the_recipient_may_not_see_is_told_in_no_count_and_no_word(
    desk: Desk,
) -> None:
    desk.send(desk.case(fields={"police-incident": FIELDS["police-incident"]}))
    hospital: dict[str, Any] = {
        "dataset": "hospital-assault",
        "agency": "hospital",
        "type": "assault-at-home",
    }
    desk.send(
        desk.fact("h1", ago=timedelta(days=5), **hospital),
        desk.fact("h2", ago=timedelta(days=3), **hospital),
    )
    desk.send(desk.fact(), desk.fact("h3", children=3, flags=["weapon"], **hospital))
    alert = next(a for a in desk.alerts() if a["kind"] == "personal")
    told = _opened(desk, alert)
    assert alert["level"] == told["level"] == "escalation"  # the protocol agrees to the level
    assert told["history"]["household"]["count"] == 0
    assert told["standing"] == "none recorded here"
    assert [s["dataset"] for s in told["sources"]] == ["police-incident"]
    assert (told["children"], told["flags"]) == (None, [])
    assert {c["agency"] for c in told["covered"]} == {"police"}
    assert "hospital" not in str(told)
    assert not any(character.isdigit() for character in " ".join(told["reasons"]))


def test_only_approved_fields_are_told(desk: Desk) -> None:
    contact = {
        "number": "01225 000000",
        "times": "mornings",
        "no_voicemail": True,
        "no_letter": None,
    }
    facts: dict[str, Any] = {"contact": contact, "children": 2, "flags": ["weapon", "children"]}
    some = ("incident_date", "safe_contact_number", "weapon_used")
    desk.send(desk.case(fields={"police-incident": some}))
    desk.send(desk.fact(**facts))
    told = desk.opened()
    assert told["contact"] == {"number": "01225 000000"}
    assert (told["children"], told["flags"]) == (None, ["weapon"])
    desk.now += timedelta(seconds=1)
    desk.send(desk.case())
    told = desk.opened()
    assert told["contact"] == {"number": "01225 000000", "times": "mornings", "no_voicemail": True}
    assert (told["children"], told["flags"]) == (2, ["children", "weapon"])


def test_a_referral_is_told_with_tool_grade_date_and_grader(desk: Desk) -> None:
    desk.send(desk.case())
    risk = {"tool": "DASH", "grade": "high", "day": TODAY - 31, "grader": "IDVA"}
    desk.send(
        desk.fact("m1", kind="referral", dataset="marac-referral", day=TODAY - 30, risk=risk),
        desk.fact(),
    )
    assert desk.opened()["referral"] == {
        "date": "2026-10-25", "tool": "DASH", "grade": "high", "graded_on": "2026-10-24",
        "grader": "IDVA",
    }  # fmt: skip


def test_an_alert_tells_no_name_no_address_and_no_digest(desk: Desk) -> None:
    desk.send(desk.case(subjects=(JANE, HOME)))
    desk.send(desk.fact())
    told = str(desk.opened()).casefold()
    for secret in ("roe", "acacia", "ba1", person().hex(), home().hex(), name("r1").hex()):
        assert secret not in told


def test_what_is_outside_the_encrypted_part_of_a_personal_alert_has_no_number(desk: Desk) -> None:
    desk.send(desk.case())
    for day in range(4):
        desk.send(desk.fact(f"r{day}", ago=timedelta(days=3 - day)))
    for alert in desk.alerts():
        assert not any(c.isdigit() for c in " ".join(alert["reasons"]) + alert["level"])


def test_a_personal_alert_cannot_be_moved_to_another_alert(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact())
    with pytest.raises(NotForThisKey):
        unsealed(desk.case_keys.read(CASE), alert_name("0" * 16), desk.alert())


def test_a_new_address_never_joins_the_old_household(desk: Desk) -> None:
    desk.send(desk.case(subjects=(HOME,)))
    new = home("7 Mill Lane", "BA1 1AE")
    desk.send(desk.fact("r1", households=[home()]))
    desk.send(
        desk.fact(
            "r2", ago=timedelta(minutes=5) - timedelta(minutes=5), households=[new], people=[]
        )
    )
    kinds = sorted(a["kind"] for a in desk.alerts())
    assert kinds == ["depersonalised", "personal"]


def test_the_home_of_many_families_matches_no_case_about_a_household(desk: Desk) -> None:
    desk.send(desk.case(subjects=(HOME,)))
    desk.send(desk.order("communal", home()))
    desk.send(desk.fact())
    assert desk.alert()["kind"] == "depersonalised"

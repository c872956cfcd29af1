"""Domestic alerts end to end on the real broker: published by agencies, read by recipients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import time

import pytest

from isp.keys.alert_keys import conflict_key_file
from ops.embedded.layout import Layout
from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.domestic import (
    AMBULANCE,
    BORN,
    CALLS,
    CRIMES,
    DATASETS,
    INCIDENTS,
    OFFENDERS,
    PARTY,
    POLICE,
    REFERRALS,
    VICTIMS,
    Family,
    Responders,
    responding,
    with_alerts,
)
from tests.integration.test_disclosures import act, serving
from tests.integration.test_prepared_requests import cases, told_to
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.reader import Denied, read_all

pytestmark = pytest.mark.broker

NUMBERS = itertools.count(1)
PROGRAMS = ("worker", "discloser", "alerter")


@pytest.fixture(scope="module")
def at_work(stack: Stack, site_of: MakeSite) -> Iterator[Responders]:
    """A partnership with worker, discloser and one alerts agent."""
    site = site_of(stack, "responding", with_alerts)
    with responding(site) as responders, serving(site), responders.alerter():
        yield responders


@pytest.fixture
def family() -> Family:
    """People and a home that no other test has."""
    return Family(next(NUMBERS))


def test_one_approval_turns_a_depersonalised_alert_into_a_personal_one_with_its_history(
    at_work: Responders, family: Family
) -> None:
    site, names = at_work.site, at_work.site.partnership.names
    site.publish(REFERRALS, [family.referral("R-1", 60)])
    site.publish(INCIDENTS, [family.incident(f"H-{ago}", ago) for ago in (200, 90)])
    site.drain()
    alert = at_work.incident(INCIDENTS, family.incident("H-0"))
    (first,) = at_work.council.versions[alert]
    assert first is not None
    assert (first["kind"], first["version"], first["level"]) == (
        "depersonalised",
        1,
        "marac-repeat",
    )
    assert (first["type"], first["area"]) == ("domestic-incident", "BA2")
    case = at_work.waiting(alert).case
    assert family.victim.encode() in told_to(site, POLICE)
    for secret in (family.victim, family.home):
        assert secret.encode() not in told_to(site, PARTY)
    at_work.approve(case)
    told = at_work.until_personal(alert)
    personal = at_work.council.newest(alert)
    assert personal is not None
    assert (personal["version"], personal["case"]) == (2, case)
    days = [family.incident("", ago)["incident_date"].isoformat() for ago in (200, 90)]
    assert told["standing"] == "escalating"
    for what in ("household", "victim"):
        assert sorted(told["history"][what]["dates"]) == days
        assert told["history"][what]["days_since_last"] == 90
    assert told["history"]["pair"]["same_direction"]["count"] == 2
    assert told["history"]["pair"]["other_direction"]["count"] == 0
    referral = told["referral"]
    assert referral["date"] == family.referral("", 60)["referral_date"].isoformat()
    assert (referral["tool"], referral["grade"], referral["grader"]) == (
        "DASH", "high", "Safeguarding unit",
    )  # fmt: skip
    for topic in (names.alerts(PARTY), names.conflict_alerts(PARTY)):
        for party in ("police", "fire", "business", "ambulance", "worker", "discloser"):
            with pytest.raises(Denied):
                list(read_all(site.partnership.client(party), topic, 1))


def test_the_duty_officers_urgent_approval_makes_an_alert_personal(
    at_work: Responders, family: Family
) -> None:
    graded = {"risk_tool": "DASH", "risk_grade": "high", "children_count": 2, "weapon_used": True}
    alert = at_work.incident(INCIDENTS, family.incident("U-1", 1, **graded))
    case = at_work.waiting(alert)
    assert case.asked is not None
    assert case.asked.urgent
    at_work.approve(case.case, post="duty_officer", urgent="threat to life")
    told = at_work.until_personal(alert)
    assert (told["level"], told["children"], told["flags"]) == (
        "high-risk",
        2,
        ["children", "weapon"],
    )
    assert told["standing"] == "none recorded here"
    assert {(c["agency"], c["dataset"]) for c in told["covered"]} >= {(POLICE, INCIDENTS)}


def test_a_correction_updates_an_alert_and_one_to_not_domestic_or_an_erasure_withdraws_it(
    at_work: Responders, family: Family
) -> None:
    site, council, fire = at_work.site, at_work.council, at_work.fire
    record = family.incident("C-1", 1)
    alert = at_work.incident(INCIDENTS, record)
    site.publish(INCIDENTS, [record | {"incident_time": time(20, 10)}])
    council.until_so(alert, lambda v: v is not None and v["version"] == 2, "the correction")
    newest = council.newest(alert)
    assert newest is not None
    assert newest["hour"].endswith("T20")
    site.publish(INCIDENTS, [record | {"domestic": False, "incident_type": "ASB nuisance"}])
    council.until_so(alert, lambda v: v is None, "the withdrawal")
    site.publish(INCIDENTS, [record])
    council.until_so(alert, lambda v: v is not None and v["version"] == 4, "the same alert again")
    at_work.erase(record)
    council.until_so(alert, lambda v: v is None, "the withdrawal after the erasure")
    fire.read()
    assert [each and each["version"] for each in council.versions[alert]] == [1, 2, None, 4, None]
    assert fire.versions
    assert alert not in fire.versions
    answer = run(site, "alerts", "show", alert, "--as", PARTY)
    assert answer.code == 1


def test_the_end_of_its_case_takes_the_personal_content_of_an_alert_back(
    at_work: Responders, family: Family
) -> None:
    alert = at_work.incident(INCIDENTS, family.incident("E-1", 1))
    case = at_work.waiting(alert).case
    at_work.approve(case)
    at_work.until_personal(alert)
    ended = act(
        at_work.site, "disclose destroy", case, "--copies", "none", party=PARTY, post="deputy"
    )
    assert ended.code == 0, ended.said
    at_work.council.until_so(
        alert, lambda v: v is None or v["kind"] == "depersonalised", "the end of the content"
    )
    shown = run(at_work.site, "alerts", "show", alert, "--as", PARTY).text
    assert "history" not in shown
    # Nobody can decrypt the version before: its key is gone.
    assert not (at_work.site.partnership.stack.secrets.folder / "cases" / f"{case}.key").exists()


def test_incident_crime_its_people_and_the_ambulance_call_are_one_alert_that_names_its_sources(
    at_work: Responders, family: Family
) -> None:
    site, council = at_work.site, at_work.council
    council.read()
    known = set(council.versions)
    for dataset, record in (
        (OFFENDERS, family.crime_offender("S-1")),
        (VICTIMS, family.crime_victim("S-1")),
        (CALLS, family.call("P-1", 1)),
        (CRIMES, family.crime("S-1", "S-0", 1)),
        (INCIDENTS, family.incident("S-0", 1)),
    ):
        site.publish(dataset, [record])
        site.drain()
    (alert,) = council.until_new(known)
    at_work.approve(at_work.waiting(alert).case)
    at_work.until_personal(alert)
    call = at_work.waiting(alert, AMBULANCE).case
    at_work.advise(call, AMBULANCE)
    at_work.approve(call, AMBULANCE, "liaison_officer")
    suppliers = {dataset: AMBULANCE if dataset == CALLS else POLICE for dataset in DATASETS}
    wanted = {(suppliers[d], d) for d in DATASETS if d != REFERRALS}

    def names_all() -> bool:
        council.read()
        return {(s["agency"], s["dataset"]) for s in at_work.shown(alert)["sources"]} == wanted

    until(names_all, PATIENCE_S, "all sources")
    contact = at_work.shown(alert)["contact"]
    assert contact == {"number": "07700 900123", "no_voicemail": True}
    assert council.until_new(known) == [alert]


def test_an_alert_about_the_recipients_staff_is_for_its_conflict_officer_alone(
    at_work: Responders,
) -> None:
    before, after = Family(next(NUMBERS)), Family(next(NUMBERS))
    at_work.set_clock(-7_200)
    alert = at_work.incident(INCIDENTS, before.incident("F-1", 1))
    at_work.waiting(alert)
    at_work.declare_staff(before.suspect, after.victim)
    for reader in (at_work.council, at_work.fire, at_work.officer):
        reader.read()
    known, known_to_fire = set(at_work.council.versions), set(at_work.fire.versions)
    asked = set(cases(at_work.site))
    at_work.site.publish(INCIDENTS, [after.incident("F-2", 1)])
    at_work.fire.until_new(known_to_fire)
    (told,) = at_work.officer.until_new(())
    at_work.council.read()
    assert set(at_work.council.versions) == known
    assert set(cases(at_work.site)) == asked
    # An alert that was raised before the list goes when the next hour is full.
    at_work.set_clock(0)
    at_work.council.until_so(alert, lambda v: v is None, "the withdrawal")
    at_work.officer.until_new({told})
    key = conflict_key_file(Layout(at_work.site.folder).secrets.folder, PARTY)
    officer = ["--as-conflict-officer-of", PARTY, "--key", str(key)]
    shown = run(at_work.site, "alerts", "show", told, *officer, "--json")
    assert shown.code == 0, shown.said
    assert shown.document["content"]["type"] == "domestic-incident"


def test_an_alert_that_nobody_acknowledges_in_time_goes_to_the_liaison_officer(
    at_work: Responders,
) -> None:
    graded = {"risk_tool": "DASH", "risk_grade": "high"}
    at_work.set_clock(-3_000)
    first, second = (
        at_work.incident(INCIDENTS, Family(next(NUMBERS)).incident(f"D-{n}", 1, **graded))
        for n in range(2)
    )
    at_work.set_clock(0)
    acked = run(at_work.site, "alerts", "ack", first, "--as", PARTY, "--post", "duty_officer")
    assert acked.code == 0, acked.said
    at_work.council.until_so(
        first, lambda v: v is not None and v["acknowledged"] is not None, "the acknowledgement"
    )
    at_work.set_clock(900)
    at_work.council.until_so(
        second, lambda v: v is not None and v["escalated"] == "liaison_officer", "the escalation"
    )
    newest = at_work.council.newest(first)
    assert newest is not None
    assert newest["escalated"] == ""
    at_work.set_clock(0)


def test_no_log_of_a_program_has_a_name_or_an_address(at_work: Responders, family: Family) -> None:
    at_work.incident(INCIDENTS, family.incident("L-1", 1, safe_contact_number="07700 900999"))
    logs = [path.read_text(errors="replace") for path in at_work.site.folder.glob("*.log")]
    assert len(logs) == len(PROGRAMS)
    for secret in ("Jane", "John", "Acacia", "07700", BORN.isoformat()):
        assert not any(secret in log for log in logs)

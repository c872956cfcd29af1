"""Requests prepared from alerts on the real broker: once each, and hidden from the recipient at first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from isp.broker.standing import read_standing
from isp.cases.case import Case, State
from isp.cases.prepared import PreparedRequest, terms_for
from isp.cases.register import Register
from isp.keys import private_files
from isp.keys.alert_keys import alert_key_file
from ops.embedded.stack import Stack
from schemas.london import london_today
from schemas.wire import encoder
from streams.disclosure.case_writer import CaseWriter
from streams.disclosure.discloser import Discloser
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site
from tests.integration.test_disclosures import (
    Killed,
    approved,
    at_the_house,
    at_work,
    elsewhere,
    given_up_to,
    killed,
    serving,
    settings_of,
    until_state,
)
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.reader import Denied, read_all

pytestmark = pytest.mark.broker

INCIDENTS = "police-incident"
HOUSE = {"address": "7 Acacia Avenue", "postcode": STEADY}
FIELDS = {INCIDENTS: ("incident_reference", "incident_date", "location_address")}
RISK = "the third event at this household"
TERMS = {
    "purpose": "Response to a domestic incident",
    "questions": ["What has happened at the address?"],
    "legal_basis": "cda-1998-s115",
    "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
    # The exercise replaces it by the key of this machine.
    "sealing_key": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
}


def with_alerts(document: Any) -> None:
    domestic = {"datasets": [INCIDENTS], "recipients": [{"party": "council", "terms": TERMS}]}
    document["alerts"] = {"domestic": domestic}


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    site = site_of(stack, "preparing", with_alerts)
    made = alert_key_file(site.folder / "secrets", "council")
    kept = alert_key_file(stack.secrets.folder, "council").with_name("council.preparing.key")
    private_files.make_folder(kept.parent)
    shutil.copy(made, kept)
    return site


def prepared(site: Site, **changes: Any) -> PreparedRequest:
    catalogue = site.partnership.catalogue
    terms = terms_for("council", load_protocol(site.protocol_file, catalogue))
    assert terms is not None
    usual = terms.model_dump(mode="json", exclude={"days"}) | {
        "case": token_hex(8),
        "recipient": "council",
        "supplier": "police",
        "subjects": [HOUSE],
        "fields": FIELDS,
        "until": london_today() + timedelta(terms.days),
        "urgent": RISK,
        "event": token_hex(8),
        "salt": token_hex(16),
        "at": datetime.now(UTC),
    }
    return PreparedRequest.model_validate(usual | changes)


def send(site: Site, *messages: Mapping[str, str]) -> None:
    """Write messages as the alerts agent."""
    partnership = site.partnership
    name = partnership.names.prepared
    made = topics(partnership.protocol, partnership.catalogue)
    schema = next(t.schema for t in made if t.name == name)
    encode = encoder(schema, partnership.applied.schema_ids[f"{name}-value"])
    raw = [(message["case"].encode(), encode(message)) for message in messages]
    site.publish_raw("alerter", name, raw)


def request_in(asked: PreparedRequest) -> dict[str, str]:
    return {"case": asked.case, "kind": "request", "document": asked.model_dump_json()}


def cases(site: Site) -> Mapping[str, Case]:
    partnership = site.partnership
    protocol = settings_of(site).protocol
    return read_standing(partnership.admin, protocol, partnership.catalogue).cases


def outcomes(site: Site, case: str) -> list[str]:
    told = run(site, "audit", "show", "--case", case, "--json").document["entries"]
    return [entry["outcome"] for entry in told if entry["action"] in {"prepared", "letter"}]


def told_to(site: Site, party: str) -> bytes:
    """Every byte in the inbox of a party."""
    inbox = site.partnership.names.inbox(party)
    return b"".join(m.value() or b"" for m in site.read_all(party, inbox))


def test_one_approval_opens_a_prepared_case_and_nothing_is_told_before_it(site: Site) -> None:
    site.publish(INCIDENTS, [at_the_house("P-1"), elsewhere("P-2")])
    asked = prepared(site)
    with serving(site):
        send(site, request_in(asked))
        until(lambda: asked.case in cases(site), PATIENCE_S, "the prepared case")
        for secret in (b"Acacia", RISK.encode(), b"What has happened", asked.salt.encode()):
            assert secret not in told_to(site, "council")
            assert secret in told_to(site, "police")
        assert asked.event.encode() not in told_to(site, "council")
        with pytest.raises(Denied):
            list(read_all(site.partnership.client("council"), site.partnership.names.prepared, 1))
        listed = run(site, "disclose", "list", "--as", "police.deputy")
        assert f"ipu disclose approve {asked.case} --as police" in listed.text
        assert f"decide by {asked.until}" in listed.text
        waiting = run(site, "disclose", "list", "--as", "police.deputy", "--json").document
        assert [(w["case"], w["what"], w["by"]) for w in waiting["waiting"]] == [
            (asked.case, "decide, urgently", str(asked.until))
        ]
        approved(site, asked.case)
        until_state(site, asked.case, State.OPEN)
        assert asked.event.encode() in told_to(site, "council")
        given_up_to(site, asked.case, ["P-1"])
        site.publish(INCIDENTS, [elsewhere("P-3"), at_the_house("P-4")])
        given_up_to(site, asked.case, ["P-1", "P-4"])
        assert RISK.encode() not in told_to(site, "council")
        show = run(site, "disclose", "show", asked.case, "--as", "council").text
        assert json.loads(show)["prepared"]["subjects"][0]["address"] == HOUSE["address"]
    assert outcomes(site, asked.case) == [
        "prepared from an alert, urgently", "approved, by deputy", "opened",
    ]  # fmt: skip
    log = (site.folder / "discloser.log").read_text(encoding="utf-8")
    assert "Acacia" not in log


def test_whatever_step_it_is_killed_at_a_request_becomes_a_case_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, settings = prepared(site), settings_of(site)
    send(site, request_in(asked))

    def is_there_after_a_kill_at(where: type, place: str) -> bool:
        with monkeypatch.context() as patch, at_work(settings) as discloser:
            patch.setattr(where, place, killed)
            with pytest.raises(Killed):
                for _ in range(100):
                    discloser.turn()
        return asked.case in cases(site)

    assert not is_there_after_a_kill_at(Register, "prepare")
    assert not is_there_after_a_kill_at(CaseWriter, "taken")
    assert is_there_after_a_kill_at(Discloser, "committed")
    with at_work(settings) as discloser:
        for _ in range(10):
            discloser.turn()
    assert outcomes(site, asked.case) == ["prepared from an alert, urgently"]


def test_one_that_does_not_fit_is_in_the_audit_and_one_taken_back_is_forgotten(site: Site) -> None:
    curious = prepared(site, purpose="curiosity")
    withdrawn = prepared(site)
    take_back = {"case": withdrawn.case, "kind": "take_back", "document": ""}
    with serving(site):
        send(site, request_in(curious), request_in(withdrawn))
        until(lambda: withdrawn.case in cases(site), PATIENCE_S, "the prepared case")
        send(site, take_back)
        closed = until_state(site, withdrawn.case, State.CLOSED)
    assert "Acacia" not in closed.model_dump_json()
    assert curious.case not in cases(site)
    (refused,) = outcomes(site, curious.case)
    assert refused.startswith("not taken: purpose: differs from the terms of 'council'")
    assert outcomes(site, withdrawn.case)[-1] == "the alert was withdrawn"

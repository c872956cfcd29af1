"""Case by case on the real broker: asked, approved, released encrypted and once, destroyed at the end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import disclosed_topic
from isp.broker import case_resources as openings
from isp.broker.registered import schemas_of
from isp.broker.standing import read_standing
from isp.cases.case import Case, State
from isp.cases.client.office import Office, letter_of
from isp.cases.letters import Decision
from isp.cases.register import Register
from isp.keys.case_keys import CaseKeys
from isp.keys.officer_keys import load_key
from ops.embedded.stack import Stack
from ops.system import keys_of
from schemas.london import london_today
from streams.disclosure.assembly import build_discloser
from streams.disclosure.discloser import Discloser, DiscloserSettings
from streams.disclosure.feed import CaseFeed
from streams.disclosure.metrics import DisclosureMetrics
from streams.disclosure.reading import Backlog
from streams.runtime.source import Source
from streams.wire import Wire
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY, incident
from tests.integration.site import Site, free_port
from tests.integration.test_supplies import Answer, run, run_on
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import ROOT
from transport.messages import ERASE_HEADER
from transport.reader import Denied, ReadError, read_all

pytestmark = pytest.mark.broker

INCIDENTS, TREATMENT = "police-incident", "drug-treatment-adult"
HOUSE = "7 Acacia Avenue"
REQUEST = f"""\
from: police
process: marac
purpose: Safety plan for a household at high risk
questions: [Have there been incidents at the address?]
legal_basis: cda-1998-s115
conditions: [dpa-1998-sch2-public-functions, dpa-1998-sch3-justice]
subjects:
  - {{address: {HOUSE}, postcode: {STEADY}}}
fields:
  police-incident: [incident_reference, incident_date, location_address, caller_name]
until: {london_today() + timedelta(28)}
"""
TREATMENT_REQUEST = f"""\
from: daat
process: treatment-group
purpose: Management of treatment
questions: [Which treatment has begun?]
legal_basis: cda-1998-s115
conditions: [dpa-1998-sch2-consent, dpa-1998-sch3-consent]
subjects: [{{reference: CL-1}}]
fields:
  drug-treatment-adult:
until: {london_today() + timedelta(28)}
"""
CONSENT = f"""\
process: treatment-group
subject: {{reference: CL-1}}
form: written
on: {london_today()}
until: {london_today() + timedelta(300)}
"""
DAAT = {
    "id": "daat", "name": "Drug and Alcohol Action Team", "kind": "drug-and-alcohol-action-team",
    "status": "invited", "relevant_authority": False, "group": "central", "notification": "Z1063353",
    "approver": {"post": "Data Protection Officer", "contact": "daat@partnership.example"},
    "caldicott_guardian": {"post": "Caldicott Guardian", "contact": "g@partnership.example"},
}  # fmt: skip


def with_treatment(document: Any) -> None:
    document["parties"].append(DAAT)
    document["parties"][0]["duty_officer"] = {"post": "On duty", "contact": "d@partnership.example"}
    document["supplies"].append(
        {
            "agency": "daat",
            "dataset": TREATMENT,
            "purpose": "Treatment",
            "legal_basis": "oma-2007-s14",
        }
    )
    document["openings"] = [
        {"dataset": TREATMENT, "requirement": "Treatment group", "from": date(2026, 1, 1),
         "until": date(2099, 1, 1)}
    ]  # fmt: skip


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "disclosing", with_treatment)


@pytest.fixture(scope="module")
def settings(site: Site) -> DiscloserSettings:
    return settings_of(site)


def settings_of(site: Site, **more: Any) -> DiscloserSettings:
    partnership = site.partnership
    connection = partnership.client("discloser")
    schemas = schemas_of(connection, partnership.names.prefix, partnership.catalogue)
    return DiscloserSettings(
        load_protocol(site.protocol_file, partnership.catalogue),
        partnership.catalogue,
        connection,
        partnership.admin,
        Wire.of(schemas),
        CaseKeys(partnership.stack.secrets.folder),
        keys_of(partnership.stack).ring().lasting,
        **more,
    )


@contextmanager
def at_work(settings: DiscloserSettings) -> Iterator[Source]:
    """A discloser in this process; it lets go of the broker without a word, as one that is killed."""
    source = build_discloser(settings, DisclosureMetrics(CollectorRegistry()))
    try:
        source.begin()
        yield source
    finally:
        source.close()


@contextmanager
def serving(site: Site, metrics_port: int | None = None) -> Iterator[None]:
    """The discloser as it is run: by its command, in a process of its own."""
    where = [
        "--protocol",
        str(site.protocol_file),
        "--run-dir",
        str(site.partnership.stack.run_dir),
    ]
    if metrics_port is not None:
        where += ["--metrics-port", str(metrics_port)]
    log = (site.folder / "discloser.log").open("ab")
    command = [sys.executable, "-m", "ops.cli", "disclose", "serve", "--exercise", *where]
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        log.close()


def key_file(site: Site, party: str, post: str) -> str:
    return str(site.folder / "secrets" / "officers" / f"{party}.{post}.pem")


def act(site: Site, command: str, *arguments: str, party: str, post: str) -> Answer:
    key = ("--as", party, "--key", key_file(site, party, post))
    return run(site, *command.split(), *arguments, *key)


def office_of(site: Site, party: str) -> Office:
    partnership = site.partnership
    protocol = load_protocol(site.protocol_file, partnership.catalogue)
    client = partnership.client(party)
    return Office(client, protocol, partnership.catalogue, protocol.party(party))


def written(site: Site, name: str, text: str) -> str:
    path = site.folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def asked(site: Site, text: str = REQUEST, **changes: str) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    file = written(site, "request.yaml", text)
    answer = act(site, "disclose request", file, "--json", party="council", post="deputy")
    assert answer.code == 0, answer.said
    return str(answer.document["case"])


def approved(site: Site, case: str, party: str = "police", post: str = "deputy") -> None:
    answer = act(
        site, "disclose approve", case, "--reason", "proportionate", party=party, post=post
    )
    assert answer.code == 0, answer.said


def stands(site: Site, case: str) -> Case:
    partnership = site.partnership
    return read_standing(
        partnership.admin, settings_of(site).protocol, partnership.catalogue
    ).cases[case]


def until_state(site: Site, case: str, state: State) -> Case:
    until(lambda: stands(site, case).state is state, PATIENCE_S, f"the case to be {state}")
    return stands(site, case)


def read(site: Site, case: str) -> list[dict[str, Any]]:
    answer = run(site, "disclose", "read", case, "--as", "council")
    assert answer.code == 0, answer.said
    return [json.loads(line) for line in answer.text.splitlines()]


def references(site: Site, case: str) -> list[str]:
    return sorted(d["record"]["incident_reference"] for d in read(site, case))


def given_up_to(site: Site, case: str, wanted: list[str]) -> None:
    until(lambda: references(site, case) == wanted, PATIENCE_S, f"{wanted} in the case")


def at_the_house(reference: str, **more: Any) -> dict[str, Any]:
    return incident(reference, **more)


def elsewhere(reference: str) -> dict[str, Any]:
    return incident(reference, location_address="9 Acacia Avenue, Bath")


class Killed(BaseException):
    """The error that ends a discloser in these tests."""


def killed(*_: Any, **__: Any) -> None:
    raise Killed


def feed_of(discloser: Source) -> CaseFeed:
    assert isinstance(discloser.feed, CaseFeed)
    return discloser.feed


def steps(discloser: Source, done: Callable[[], bool]) -> None:
    """Let it work until something is so."""

    def one_more() -> bool:
        discloser.turn()
        return done()

    until(one_more, PATIENCE_S, "the discloser's work")


def the_recipient_keeps_the_heads_of_cases(site: Site) -> None:
    names = site.partnership.names
    kept = site.partnership.stack.run_dir / "heads" / f"{names.principal('council')}.json"
    assert f"{names.discloser}.cases" in kept.read_text(encoding="utf-8")
    assert run(site, "audit", "verify", "--heads", str(kept)).code == 0


def the_recipients_reads_are_told(site: Site, case: str) -> None:
    assert run(site, "audit", "collect").code == 0
    told = run(site, "audit", "show", "--case", case, "--json").document["entries"]
    reads = [s for e in told for s in e["shares"] if s["what"] == "read"]
    assert {tuple(s["recipients"]) for s in reads} == {
        (site.partnership.names.principal("council"),)
    }


def the_metrics_tell_of_the_case_and_of_the_lag(site: Site, port: int) -> None:
    told = site.samples(port)
    assert told["ipu_cases_open"] == {(): 1}
    assert told["ipu_records_disclosed_total"] == {(): 2}
    assert told["ipu_letters_total"] == {(): 2}
    # A partition comes before its topic: the page has labels in the order of their names.
    read = {(str(p), site.intake(INCIDENTS)) for p in site.ends(site.intake(INCIDENTS))}
    read |= {("0", site.partnership.names.letters(party)) for party in ("police", "council")}

    def lag() -> dict[tuple[str, ...], float]:
        return site.samples(port)["ipu_consumer_lag_records"]

    until(
        lambda: {place: lag().get(place) for place in read} == dict.fromkeys(read, 0),
        PATIENCE_S,
        "no lag",
    )
    assert "Acacia" not in site.exposition(port)


def test_a_case_from_request_to_destruction(site: Site) -> None:
    site.publish(INCIDENTS, [at_the_house("A-1"), elsewhere("A-2")])
    names, topic_of = site.partnership.names, site.partnership.names.disclosed
    port = free_port()
    with serving(site, port):
        case = asked(site)
        inbox = run(site, "disclose", "list", "--as", "police.deputy", "--json").document
        assert [(w["case"], w["what"]) for w in inbox["waiting"]] == [(case, "decide")]
        approved(site, case)
        until_state(site, case, State.OPEN)
        given_up_to(site, case, ["A-1"])
        site.publish(INCIDENTS, [elsewhere("A-3"), at_the_house("A-4")])
        given_up_to(site, case, ["A-1", "A-4"])
        (first, _) = sorted(read(site, case), key=lambda d: d["record"]["incident_reference"])
        assert set(first["record"]) == {
            "incident_reference", "incident_date", "location_address", "caller_name",
        }  # fmt: skip
        assert first["marking"] == "RESTRICTED – PERSONAL DATA"
        # Nobody else reads it, and what stands at the broker says nothing.
        for party in ("police", "fire", "business", "daat"):
            with pytest.raises(Denied):
                list(read_all(site.partnership.client(party), topic_of(case), 1))
        raw = b"".join(m.value() or b"" for m in site.read_all("council", topic_of(case)))
        assert b"Acacia" not in raw
        assert b"A-1" not in raw
        who = run(site, "isp", "who", topic_of(case), "--json").document["accesses"]
        assert {(a["principal"], a["operation"], a["in_protocol"]) for a in who} == {
            (names.principal("council"), "read", True),
            (names.discloser, "read", True),
            (names.discloser, "write", True),
        }
        assert run_on(site, "isp", "drift", str(site.protocol_file)).code == 0
        the_metrics_tell_of_the_case_and_of_the_lag(site, port)
        ended = act(
            site,
            "disclose destroy",
            case,
            "--copies",
            "none were made",
            party="council",
            post="deputy",
        )
        assert ended.code == 0, ended.said
        closed = until_state(site, case, State.CLOSED)
        assert closed.destroyed == openings.WHAT
        assert closed.confirmed
    assert "Acacia" not in closed.model_dump_json()
    found = AdminClient(site.partnership.admin).list_topics(timeout=PATIENCE_S).topics
    assert topic_of(case) not in found
    assert not (site.partnership.stack.secrets.folder / "cases" / f"{case}.key").exists()
    told = run(site, "audit", "show", "--case", case, "--json").document["entries"]
    outcomes = [entry["outcome"] for entry in told if entry["action"] == "letter"]
    assert outcomes == [
        "requested, by deputy", "approved, by deputy", "opened",
        "ended by its recipient, by deputy", "destroyed access, topic, key",
    ]  # fmt: skip
    shared = [s for e in told for s in e["shares"] if s["what"] == "disclosed"]
    assert sum(s["records"] for s in shared) == 2
    assert {tuple(s["recipients"]) for s in shared} == {("council",)}
    assert all(e["grounds"].startswith("cda-1998-s115 dpa-1998") for e in told)
    the_recipient_keeps_the_heads_of_cases(site)
    the_recipients_reads_are_told(site, case)
    of_record = run(site, "audit", "show", "--reference", "A-4", "--agency", "police", "--json")
    (share,) = [s for e in of_record.document["entries"] for s in e["shares"]]
    assert (share["what"], share["recipients"], share["records"]) == ("disclosed", ["council"], 1)
    assert [c["agency"] for c in of_record.document["consult"]] == ["police"]
    log = (site.folder / "discloser.log").read_text(encoding="utf-8")
    assert "Acacia" not in log
    assert "CALLER" not in log


def test_an_approval_that_is_forged_or_sent_again_opens_nothing(site: Site) -> None:
    with serving(site):
        case = asked(site)
        police = office_of(site, "police")
        # The requester approves its own request, with its own key, under the supplier's name.
        answer = act(
            site, "disclose approve", case, "--reason", "x", party="council", post="deputy"
        )
        assert answer.code == 1
        assert "the supplier 'police' decides" in answer.said
        refused = act(
            site, "disclose refuse", case, "--reason", "no", party="police", post="deputy"
        )
        assert refused.code == 0, refused.said
        # A refusal that was taken before is put there once more, byte for byte.
        letters = [m.value() for m in read_all(settings_of(site).connection,
                   site.partnership.names.letters("police"), 1)]  # fmt: skip
        site.publish_raw("police", site.partnership.names.letters("police"), [(b"x", letters[-1])])
        site.publish_raw("police", site.partnership.names.letters("police"), [(b"x", b"noise")])
        until(
            lambda: len(police.inbox().refusals) > 0,
            PATIENCE_S,
            "the answer to a letter sent again",
        )
        assert stands(site, case).state is State.REFUSED
    said = [r for reasons in police.inbox().refusals.values() for r in reasons]
    assert any("does not follow the last letter" in reason for reason in said)
    assert CaseKeys(site.partnership.stack.secrets.folder).secrets.exists()


def test_a_key_that_is_not_the_offices_is_refused_before_anything_is_sent(site: Site) -> None:
    key = ("--key", key_file(site, "fire", "deputy"))
    file = written(site, "request.yaml", REQUEST)
    answer = run(site, "disclose", "request", file, "--as", "council", *key)
    assert answer.code == 1
    assert "the key belongs to no post of council" in answer.said


def test_whatever_step_it_is_killed_at_a_case_opens_once_and_gets_each_record_once(
    site: Site, settings: DiscloserSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish(INCIDENTS, [at_the_house(f"K-{n}") for n in range(4)])
    with serving(site):
        case = asked(site)
    approve_unseen(site, case)

    def killed_at(where: type, place: str) -> State:
        with monkeypatch.context() as patch, at_work(settings) as discloser:
            patch.setattr(where, place, killed)
            with pytest.raises(Killed):
                for _ in range(100):
                    discloser.turn()
        return stands(site, case).state

    assert killed_at(Register, "take") is State.ASKED
    assert killed_at(openings.CaseBrokerResources, "make_topic") is State.APPROVED
    assert killed_at(Discloser, "_attach") is State.APPROVED
    assert killed_at(openings.CaseBrokerResources, "grant") is State.OPEN
    assert killed_at(Discloser, "_passed") is State.OPEN
    with at_work(settings) as discloser:
        # Erased before it is drawn: that must not bring it back.
        erase(site, "K-3")
        with monkeypatch.context() as patch:
            patch.setattr(CaseFeed, "_draw", lambda *_: ())
            steps(discloser, lambda: all_read(site, INCIDENTS))
        site.publish(INCIDENTS, [at_the_house("K-9")])
        # Those at the house from the tests before stand in the intake as well.
        steps(discloser, lambda: "K-9" in references(site, case))
        steps(discloser, lambda: stands(site, case).flow.caught_up)  # type: ignore[union-attr]
    told = site.read_all("council", site.partnership.names.disclosed(case))
    names = [m.key() for m in told if m.value() is not None]
    assert len(names) == len(set(names))
    assert set(references(site, case)) >= {"K-0", "K-1", "K-2", "K-9"}
    assert "K-3" not in references(site, case)
    opened = [e for e in run(site, "audit", "show", "--case", case, "--json").document["entries"]
              if e["outcome"] == "opened"]  # fmt: skip
    assert len(opened) == 1
    with serving(site):
        act(site, "disclose destroy", case, "--copies", "none", party="council", post="deputy")
        until_state(site, case, State.CLOSED)


def approve_unseen(site: Site, case: str) -> None:
    """Put an approval there that nobody has taken yet."""
    office = office_of(site, "police")
    officer = office.officer(load_key(Path(key_file(site, "police", "deputy"))))
    decision = {"outcome": "approve", "reason": "proportionate", "previous": office.case(case).head}
    office.send(letter_of(Decision, officer, case=case, **decision), officer, wait=False)


def test_what_is_corrected_or_erased_follows_to_the_case(
    site: Site, settings: DiscloserSettings
) -> None:
    with serving(site):
        case = asked(site, **{HOUSE: "11 Acacia Avenue"})
        approved(site, case)
        until_state(site, case, State.OPEN)
        house = {"location_address": "11 Acacia Avenue, Bath"}
        site.publish(INCIDENTS, [incident(f"C-{n}", **house) for n in range(3)])
        given_up_to(site, case, ["C-0", "C-1", "C-2"])
        site.publish(INCIDENTS, [incident("C-1", caller_name="Somebody Else", **house)])
        until(lambda: any(d["record"]["caller_name"] == "Somebody Else" for d in read(site, case)),
              PATIENCE_S, "the correction")  # fmt: skip
        # It was at another house: nothing of it stays.
        site.publish(INCIDENTS, [elsewhere("C-2")])
        given_up_to(site, case, ["C-0", "C-1"])
        erase(site, "C-0", **house)
        given_up_to(site, case, ["C-1"])
        act(site, "disclose destroy", case, "--copies", "none", party="council", post="deputy")
        until_state(site, case, State.CLOSED)


def erase(site: Site, reference: str, **fields: Any) -> None:
    producer = Producer({**site.partnership.client("police"), "enable.idempotence": True})
    value = site.value(INCIDENTS, incident(reference, **fields))
    producer.produce(
        site.intake(INCIDENTS), value, reference.encode(), headers=[(ERASE_HEADER, b"")]
    )
    assert producer.flush(PATIENCE_S) == 0


def test_a_clock_that_jumps_over_the_end_and_back_opens_nothing_again(site: Site) -> None:
    offset = [0.0]
    jumping = settings_of(site, clock=lambda: time.time() + offset[0])
    with serving(site):
        case = asked(site, **{HOUSE: "13 Acacia Avenue"})
        approved(site, case)
        until_state(site, case, State.OPEN)
    with at_work(jumping) as discloser:
        offset[0] = 40 * 86_400.0
        steps(discloser, lambda: stands(site, case).state is State.CLOSED)
        offset[0] = 0.0
        house = {"location_address": "13 Acacia Avenue, Bath"}
        site.publish(INCIDENTS, [incident("J-1", **house)])
        for _ in range(20):
            discloser.turn()
    assert stands(site, case).destroyed == openings.WHAT
    with at_work(settings_of(site)) as discloser:
        for _ in range(20):
            discloser.turn()
    assert stands(site, case).state is State.CLOSED
    answer = run(site, "disclose", "read", case, "--as", "council")
    assert (answer.code, "no records to read" in answer.said) == (1, True)
    inbox = run(site, "disclose", "list", "--as", "council", "--json").document
    assert (case, "confirm the destruction of its own copies") in {
        (w["case"], w["what"]) for w in inbox["waiting"]
    }


def test_under_an_overdue_review_a_case_gets_no_record_and_loses_what_is_erased(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = {"location_address": "19 Acacia Avenue, Bath"}
    with serving(site):
        case = asked(site, **{HOUSE: "19 Acacia Avenue"})
        approved(site, case)
        until_state(site, case, State.OPEN)
        site.publish(INCIDENTS, [incident(f"R-{n}", **house) for n in range(3)])
        given_up_to(site, case, ["R-0", "R-1", "R-2"])
    usual = settings_of(site)
    yesterday = london_today() - timedelta(1)
    overdue = replace(usual, protocol=usual.protocol.model_copy(update={"review": yesterday}))
    with at_work(overdue) as discloser:
        site.publish(INCIDENTS, [incident(f"R-{n}", **house) for n in (0, 3, 4)])
        erase(site, "R-0", **house)
        erase(site, "R-3", **house)
        site.publish(INCIDENTS, [elsewhere("R-1")])
        steps(discloser, lambda: references(site, case) == ["R-2"])
    with at_work(overdue) as discloser, monkeypatch.context() as patch:
        # Another process under the same protocol finds nothing new to give or to take back. It commits
        # the kept positions anew, which the broker would forget before the grace is over.
        # Its first turn takes the positions from the broker.
        discloser.turn()
        patch.setattr("streams.disclosure.feed._RENEW_SECONDS", 0.0)
        feed_of(discloser)._renew_at = 0.0
        the_positions_are_lost(site, INCIDENTS)
        for _ in range(10):
            discloser.turn()
    assert references(site, case) == ["R-2"]
    with at_work(usual) as discloser:
        steps(discloser, lambda: references(site, case) == ["R-2", "R-4"])
    disclosed, taken_back = names_in(site, case)
    # Three before the review was due, and R-4: what was erased meanwhile did not come back for a moment.
    assert (len(disclosed), len(taken_back)) == (4, 2)


def the_positions_are_lost(site: Site, dataset: str) -> None:
    """Have the broker know none of what the discloser has read of a dataset."""
    topic, group = site.intake(dataset), f"{site.partnership.names.discloser}.follow"
    places = [TopicPartition(topic, partition, 0) for partition in site.ends(topic)]
    lost = [ConsumerGroupTopicPartitions(group, places)]
    admin = AdminClient(site.partnership.admin)
    for done in admin.alter_consumer_group_offsets(lost).values():
        assert all(place.error is None for place in done.result(PATIENCE_S).topic_partitions)


def names_in(site: Site, case: str) -> tuple[list[bytes], list[bytes]]:
    """The names of what was given to a case, and of what was taken back, in every version."""
    told = site.read_all("council", site.partnership.names.disclosed(case))
    given = [m.key() or b"" for m in told if m.value() is not None]
    return given, [m.key() or b"" for m in told if m.value() is None]


def test_a_case_that_has_lost_its_key_is_closed_and_stops_no_other(site: Site) -> None:
    with serving(site):
        lost, kept = (asked(site, **{HOUSE: f"{n} Acacia Avenue"}) for n in (15, 17))
        for case in (lost, kept):
            approved(site, case)
            until_state(site, case, State.OPEN)
    CaseKeys(site.partnership.stack.secrets.folder).destroy(lost)
    with at_work(settings_of(site)) as discloser:
        steps(discloser, lambda: stands(site, lost).state is State.CLOSED)
    assert stands(site, kept).state is State.OPEN
    assert "its key or topic was lost" in [step.what for step in stands(site, lost).history]


def test_a_case_is_held_while_a_party_of_it_is_rekeyed_and_then_given_what_came(
    site: Site,
) -> None:
    house = {"location_address": "21 Acacia Avenue, Bath"}
    with serving(site):
        case = asked(site, **{HOUSE: "21 Acacia Avenue"})
        approved(site, case)
        until_state(site, case, State.OPEN)
        site.publish(INCIDENTS, [incident(f"H-{n}", **house) for n in (0, 2, 3)])
        given_up_to(site, case, ["H-0", "H-2", "H-3"])
    usual = settings_of(site)
    rekeyed = usual.protocol.model_copy(update={"rekeyed": ("police",)})
    with at_work(replace(usual, protocol=rekeyed)) as discloser:
        site.publish(INCIDENTS, [incident(f"H-{n}", **house) for n in (1, 4)])
        erase(site, "H-2", **house)
        erase(site, "H-4", **house)
        # What is taken back leaves it all the same.
        site.publish(INCIDENTS, [elsewhere("H-3")])
        steps(discloser, lambda: references(site, case) == ["H-0"])
    with at_work(replace(usual, protocol=rekeyed)) as discloser:
        erase(site, "H-0", **house)
        steps(discloser, lambda: references(site, case) == [])
    with at_work(usual) as discloser:
        steps(discloser, lambda: references(site, case) == ["H-1"])
        steps(discloser, lambda: is_caught_up(site, case))
    disclosed, taken_back = names_in(site, case)
    # Nothing of what was erased meanwhile came back for a moment.
    assert (len(disclosed), len(taken_back)) == (4, 3)


def is_caught_up(site: Site, case: str) -> bool:
    """Return True if a case has received its backlog and follows new records."""
    flow = stands(site, case).flow
    return flow is not None and flow.caught_up


def test_what_was_erased_before_a_case_has_drawn_it_is_never_given(
    site: Site, settings: DiscloserSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what was erased before the case opened, nor what is erased while it draws."""
    house = {"location_address": "23 Acacia Avenue, Bath"}
    site.publish(INCIDENTS, [incident(f"B-{n}", **house) for n in range(4)])
    erase(site, "B-0", **house)
    site.publish(INCIDENTS, [elsewhere("B-1")])
    with serving(site):
        case = asked(site, **{HOUSE: "23 Acacia Avenue"})
    approve_unseen(site, case)
    with at_work(settings) as discloser:
        with monkeypatch.context() as patch:
            # It has read ahead, and draws nothing yet.
            patch.setattr(Backlog, "poll", lambda *_: [])
            steps(discloser, lambda: stands(site, case).state is State.OPEN)
            steps(discloser, lambda: case not in feed_of(discloser)._unread)
            erase(site, "B-2", **house)
            steps(discloser, lambda: all_read(site, INCIDENTS))
        steps(discloser, lambda: is_caught_up(site, case))
    assert references(site, case) == ["B-3"]
    assert [len(names) for names in names_in(site, case)] == [1, 0]


def test_withdrawn_consent_stops_the_flow_at_the_next_record(site: Site) -> None:
    consent = written(site, "consent.yaml", CONSENT)
    with serving(site):
        case = asked(site, TREATMENT_REQUEST.replace("cda-1998-s115", "oma-2007-s14"))
        against = act(site, "disclose advise", case, "withhold", "--reason", "not heard yet",
                      party="daat", post="caldicott_guardian")  # fmt: skip
        assert against.code == 0, against.said
        hasty = act(
            site, "disclose approve", case, "--reason", "agreed", party="daat", post="approver"
        )
        assert (hasty.code, "--against-advice" in hasty.said) == (2, True)
        said_alone = "as the guardian has heard"
        advice = act(site, "disclose advise", case, "share", "--reason", said_alone, party="daat",
                     post="caldicott_guardian")  # fmt: skip
        assert advice.code == 0, advice.said
        own, others = (run(site, "disclose", "show", case, "--as", p) for p in ("daat", "council"))
        assert (own.code, others.code) == (0, 0)
        assert (said_alone in own.said, said_alone in others.said) == (True, False)
        assert others.document["history"][-1]["what"] == "advised to share"
        early = act(
            site, "disclose approve", case, "--reason", "agreed", party="daat", post="approver"
        )
        assert (early.code, "written consent" in early.said) == (1, True)
        said = act(site, "consent give", consent, party="daat", post="approver")
        assert said.code == 0, said.said
        approved(site, case, "daat", "approver")
        until_state(site, case, State.OPEN)
        site.publish(TREATMENT, [treatment(1)])
        until(lambda: len(read(site, case)) == 1, PATIENCE_S, "the first episode")
        withdrawn = act(site, "consent withdraw", consent, party="daat", post="approver")
        assert withdrawn.code == 0, withdrawn.said
        site.publish(TREATMENT, [treatment(2)])
        until(
            lambda: all_read(site, TREATMENT),
            PATIENCE_S,
            "the discloser to have read the second episode",
        )
        act(site, "consent give", consent, party="daat", post="approver")
        site.publish(TREATMENT, [treatment(3)])
        until(lambda: len(read(site, case)) == 2, PATIENCE_S, "the third episode")
        days = {d["record"]["treatment_began_date"] for d in read(site, case)}
        assert days == {"2026-03-01", "2026-03-03"}
        listed = run(site, "consent", "list", "--as", "daat", "--json").document["consents"]
        assert [c["holds"] for c in listed] == [True]
        act(site, "disclose destroy", case, "--copies", "none", party="council", post="deputy")
        until_state(site, case, State.CLOSED)


def all_read(site: Site, dataset: str) -> bool:
    """Return True if the discloser's committed offsets are at the end of a dataset's intake."""
    topic = site.intake(dataset)
    group = f"{site.partnership.names.discloser}.follow"
    consumer = Consumer({**site.partnership.admin, "group.id": group, "enable.auto.commit": False})
    try:
        ends = site.ends(topic)
        found = consumer.committed([TopicPartition(topic, p) for p in ends], timeout=PATIENCE_S)
        return all(at.offset >= ends[at.partition] for at in found if ends[at.partition])
    finally:
        consumer.close()


def treatment(day: int) -> dict[str, Any]:
    return {
        "client_reference": "CL-1", "treatment_began_date": date(2026, 3, day), "name": "Jane Roe",
        "treatment_type": "Structured psychosocial intervention", "home_postcode": STEADY,
    }  # fmt: skip


def test_rights_and_topics_that_belong_to_no_case_are_taken_away(
    site: Site, settings: DiscloserSettings
) -> None:
    names, admin = site.partnership.names, AdminClient(site.partnership.admin)
    tool = openings.CaseBrokerResources(admin, names, settings.keys)
    stray = Case.model_construct(case="ffffffffffffffff", recipient="fire", state=State.OPEN)
    form = settings_of(site)
    tool.make_topic(disclosed_topic(form.protocol, form.catalogue, stray.case, 1))
    tool.grant(stray)
    with at_work(settings) as discloser:
        discloser.turn()
    assert names.disclosed(stray.case) not in admin.list_topics(timeout=PATIENCE_S).topics
    with pytest.raises(ReadError):
        list(read_all(site.partnership.client("fire"), names.disclosed(stray.case), 1))

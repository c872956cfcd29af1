"""A recipient's commands on the real broker: watch, read, acknowledge, keep lists, deliver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from textual.widgets import DataTable, Static
from typer.testing import CliRunner

from connectors.account import Account
from connectors.alerts.recipient import Recipient
from connectors.received import Received
from connectors.topic_feed import LinkWatch, TopicFeed
from isp.agreement.topics import topics
from isp.broker.registered import schemas_of
from isp.cases.client.recipient import read_sealing_key
from isp.cases.sealing import to_officer
from isp.keys import private_files
from isp.keys.alert_keys import conflict_key_file
from ops.cli import build_cli
from ops.commands.alert_setting import setting_of
from ops.commands.alerts import page_of
from ops.embedded import stack as embedded
from ops.embedded.layout import Layout
from ops.embedded.stack import Stack
from ops.settings import Settings
from ops.system import keys_of
from sanitiser.incidents.digests import Digests
from sanitiser.people.names import normal_name
from schemas.wire import decoder
from tests.connectors.alerts.https_server import Receiver, Reply, receiving
from tests.connectors.alerts.messages import ONE, THREE, TWO, content, message
from tests.integration.conftest import MakeSite
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run
from tests.integration.waiting import PATIENCE_S, until
from tests.isp.agreement.alerting import domestic
from transport.reader import read_all
from transport.sender import send

pytestmark = pytest.mark.broker

PARTY = "council"
HOUR = timedelta(hours=1)


def with_domestic_alerts(document: Any) -> None:
    document["alerts"] = {"domestic": domestic()}


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "alerted", with_domestic_alerts)


def now(hours: int = 0) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + hours * HOUR


def put(site: Site, topic: str, *alerts: Mapping[str, Any] | str) -> None:
    """Write alerts as the alerts agent; a mere id is a withdrawal."""
    partnership = site.partnership
    declared = next(
        t for t in topics(partnership.protocol, partnership.catalogue) if t.name == topic
    )
    client = {**partnership.client("alerter")}
    schemas = schemas_of(client, partnership.protocol.prefix, partnership.catalogue)
    encode = schemas.encoder(topic, declared.schema)
    messages = [(a, None) if isinstance(a, str) else (a["alert"], encode(a)) for a in alerts]
    send(client, topic, declared.marking, messages)


def made(name: str, **changes: Any) -> dict[str, Any]:
    at = now()
    return message(name, **{"made": at, "raised": at, "due": at + 4 * HOUR, **changes})


def written(site: Site, reader: str, topic: str, schema: str) -> list[tuple[str, Any]]:
    """Return key and content of each message that a principal reads."""
    decode = decoder(site.partnership.catalogue.system[schema])
    found = read_all(site.partnership.client(reader), topic, 1)
    return [
        ((m.key() or b"").decode(), None if m.value() is None else decode(m.value() or b""))
        for m in found
    ]


def lines(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture(scope="module")
def alerted(site: Site) -> Site:
    """A council with two alerts, and one that was withdrawn."""
    names = site.partnership.names
    put(
        site, names.alerts(PARTY), made(ONE), made(TWO, rank=0, level="marac-repeat"), made(THREE),
        made(ONE, version=2), THREE,
    )  # fmt: skip
    return site


def test_the_present_alerts_are_listed_by_rank_without_content(alerted: Site) -> None:
    answer = run(alerted, "alerts", "watch", "--as", PARTY, "--json")
    assert answer.code == 0, answer.said
    assert [(a["alert"], a["version"]) for a in lines(answer)] == [(TWO, 1), (ONE, 2)]
    assert "BA2" not in answer.text
    table = run(alerted, "alerts", "watch", "--as", PARTY, "--once")
    assert table.code == 0
    assert "marac-repeat" in table.text
    assert TWO in table.text
    assert "BA2" not in table.text


def test_content_is_shown_when_it_is_asked_for(alerted: Site) -> None:
    answer = run(alerted, "alerts", "watch", "--as", PARTY, "--json", "--content")
    assert [a["content"]["area"] for a in lines(answer)] == ["BA2", "BA2"]
    shown = run(alerted, "alerts", "show", ONE[:4], "--as", PARTY)
    assert shown.code == 0
    assert "postcode district: BA2" in shown.text


def test_an_alert_that_is_withdrawn_or_unknown_is_not_shown(alerted: Site) -> None:
    for name in (THREE, "0" * 16):
        answer = run(alerted, "alerts", "show", name, "--as", PARTY)
        assert answer.code == 1
        assert "may have been withdrawn" in answer.said.replace("\n", " ")


def test_an_acknowledgement_reaches_the_agent_with_post_and_version(alerted: Site) -> None:
    names = alerted.partnership.names
    answer = run(alerted, "alerts", "ack", ONE, "--as", PARTY, "--post", "duty_officer", "--json")
    assert answer.code == 0, answer.said
    found = written(alerted, "alerter", names.acknowledgements(PARTY), "acknowledgement")
    key, acknowledged = found[-1]
    assert key == ONE
    assert (acknowledged["version"], acknowledged["post"]) == (2, "duty_officer")
    wrong = run(alerted, "alerts", "ack", ONE, "--as", PARTY, "--post", "Jane Roe")
    assert wrong.code == 1
    assert "duty_officer" in wrong.said


def test_a_key_at_the_live_page_acknowledges_on_the_broker(site: Site) -> None:
    names, name = site.partnership.names, "9" * 16
    run_dir = site.partnership.stack.run_dir
    setting = setting_of("fire", None, site.protocol_file, run_dir)
    put(site, names.alerts("fire"), made(name, version=3))

    async def at_the_page(feed: TopicFeed) -> None:
        page = page_of(setting, setting.opener(None), "liaison_officer", feed)
        async with page.run_test() as pilot, asyncio.timeout(PATIENCE_S):
            while page.query_one(DataTable).row_count == 0:
                await pilot.pause(0.05)
            await pilot.press("a", "enter")
            while "BA2" not in str(page.query_one("#text", Static).render()):
                await pilot.pause(0.05)
            while "was acknowledged" not in str(page.query_one("#notes", Static).render()):
                await pilot.pause(0.05)

    with setting.recipient.feed(setting.recipient.alerts, setting.keeper) as feed:
        asyncio.run(at_the_page(feed))
    found = written(site, "alerter", names.acknowledgements("fire"), "acknowledgement")
    assert [(key, a["version"], a["post"]) for key, a in found] == [(name, 3, "liaison_officer")]


def test_alerts_about_staff_are_for_the_conflict_officer_alone(alerted: Site) -> None:
    names, folder = alerted.partnership.names, Layout(alerted.folder).secrets.folder
    key = conflict_key_file(folder, PARTY)
    private: X25519PrivateKey = read_sealing_key(key)
    public = private.public_key().public_bytes_raw()
    name = "5" * 16
    sealed = to_officer(public, name, json.dumps(content()).encode())
    put(alerted, names.conflict_alerts(PARTY), made(name, kind="personal", **sealed))
    officer = ["--as-conflict-officer-of", PARTY]
    shown = run(alerted, "alerts", "show", name, *officer, "--key", str(key), "--json")
    assert shown.code == 0, shown.said
    assert shown.document["content"]["standing"] == "escalating"
    listed = run(alerted, "alerts", "watch", *officer, "--json")
    assert [a["alert"] for a in lines(listed)] == [name]
    assert run(alerted, "alerts", "show", name, "--as", PARTY).code == 1


def test_a_party_that_receives_no_alerts_is_told_who_does(alerted: Site) -> None:
    answer = run(alerted, "alerts", "watch", "--as", "police", "--once")
    assert answer.code == 1
    assert "recipients: council, fire" in answer.said.replace("\n", " ")


def test_a_list_of_staff_is_replaced_and_only_digests_reach_the_broker(
    alerted: Site, tmp_path: Path
) -> None:
    partnership, file, key = alerted.partnership, tmp_path / "staff.csv", tmp_path / "staff.key"
    made_key = run(alerted, "alerts", "staff-key", "--as", PARTY, "--out", str(key))
    assert made_key.code == 0, made_key.said
    assert key.stat().st_mode & 0o777 == 0o600
    counts: list[Any] = []
    for people in ("Jane Roe,1990-05-17\nAnn Other,1980-02-03\n", "Ann Other,1980-02-03\n"):
        file.write_text(f"name,date_of_birth\n{people}")
        with_key = ["--key", str(key)] if counts else []
        answer = run(alerted, "alerts", "staff", str(file), "--as", PARTY, *with_key, "--json")
        assert answer.code == 0, answer.said
        counts.append(answer.document)
    assert counts == [
        {"entries": 2, "added": 2, "removed": 0}, {"entries": 1, "added": 0, "removed": 1},
    ]  # fmt: skip
    newest = dict(written(alerted, "alerter", partnership.names.staff(PARTY), "staff"))
    (left,) = [digest for digest, entry in newest.items() if entry is not None]
    digests = Digests(keys_of(partnership.stack).ring().lasting)
    born = datetime(1980, 2, 3, tzinfo=UTC).date()
    assert digests.of_staff(left) == digests.person(normal_name("Ann Other"), born)


def test_orders_reach_the_agent_and_the_audit_has_no_value(alerted: Site, tmp_path: Path) -> None:
    partnership, file = alerted.partnership, tmp_path / "places.csv"
    file.write_text("address,postcode,kind\n12 High Street,BA1 1AA,refuge\n")
    assert run(alerted, "alerts", "place", str(file)).code == 0
    person = tmp_path / "person.yaml"
    private_files.write_new(person, "name: Jane Roe\ndate_of_birth: 1990-05-17\n")
    erased = run(alerted, "alerts", "erase-person", "--file", str(person), "--yes")
    assert erased.code == 0, erased.said
    typed = CliRunner().invoke(
        build_cli(),
        ["alerts", "erase-person", "--run-dir", str(partnership.stack.run_dir),
         "--protocol", str(alerted.protocol_file)],
        input="Jane Roe\n1990-05-17\ny\n",
    )  # fmt: skip
    assert typed.exit_code == 0, typed.output
    found = written(alerted, "alerter", partnership.names.alert_orders, "alert-order")
    assert [order["kind"] for _, order in found] == ["refuge", "erase_person", "erase_person"]
    assert found[1][1]["digest"] == found[2][1]["digest"]
    audit = run(alerted, "audit", "show", "--json").document["entries"]
    orders = [e for e in audit if e["action"] == "alert-order"]
    assert [e["counts"] for e in orders] == [{"refuge": 1}, *[{"erase_person": 1}] * 2]
    for value in ("Jane", "Roe", "1990", "High Street", found[0][1]["digest"].hex()):
        assert value not in json.dumps(orders)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[Receiver, list[str]]]:
    """A receiver, and the options of `deliver` for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiving(authority) as running:
        private_files.write_new(tmp_path / "whsec", running.secret)
        url = f"https://localhost:{running.port}/alerts"
        files = ["--secret-file", str(tmp_path / "whsec"), "--ca-file", str(tmp_path / "ca.pem")]
        yield running, ["--url", url, *files]


def test_alerts_are_delivered_once_dead_lettered_and_tried_again(
    alerted: Site, receiver: tuple[Receiver, list[str]]
) -> None:
    running, options = receiver
    deliver = ["alerts", "deliver", "--as", PARTY, *options, "--once"]
    running.replies = [Reply(400)]
    first = run(alerted, *deliver)
    assert first.code == 0, first.said
    assert len(running.ids) == len(set(running.ids)) == 3
    assert sorted({body["type"] for body in running.bodies}) == [
        "alert.published", "alert.withdrawn",
    ]  # fmt: skip
    run(alerted, *deliver)
    assert len(running.ids) == 3
    listed = run(alerted, "alerts", "deliveries", "--as", PARTY, "--json").document["deliveries"]
    (dead,) = listed
    assert (dead["state"], dead["status"], dead["reason"]) == ("dead_lettered", 400, "refused")
    again = run(alerted, "alerts", "deliveries", "--as", PARTY, "--retry", dead["alert"])
    assert again.code == 0, again.said
    run(alerted, *deliver)
    assert len(running.ids) == 4
    assert len(set(running.ids)) == 3
    empty = run(alerted, "alerts", "deliveries", "--as", PARTY, "--json")
    assert empty.document["deliveries"] == []
    refused = run(alerted, "alerts", "deliveries", "--as", PARTY, "--retry", dead["alert"])
    assert refused.code == 1


@pytest.fixture
def fragile(fragile_stack: Stack, site_of: MakeSite) -> Site:
    return site_of(fragile_stack, "alertedagain", with_domestic_alerts)


def test_a_desk_sees_new_alerts_after_the_broker_was_killed_and_came_back(
    fragile: Site, fragile_settings: Settings
) -> None:
    partnership = fragile.partnership
    names = partnership.names
    account = Account(names.prefix, PARTY, partnership.client(PARTY))
    recipient = Recipient(account, partnership.protocol, partnership.catalogue, PARTY)
    put(fragile, names.alerts(PARTY), made(ONE))
    seen: list[Received] = []
    link = LinkWatch.of(account)
    with recipient.feed(recipient.alerts) as feed:

        def has(name: str) -> bool:
            seen.extend(feed.advance(0.2))
            return name in [one.key for one in seen]

        until(lambda: has(ONE), PATIENCE_S, "the first alert")
        assert link.look().is_up
        assert embedded.kill_broker(fragile_settings)
        until(lambda: not link.look().is_up, PATIENCE_S, "the loss of the connection")
        embedded.restart_broker(fragile_settings, report=print)
        until(lambda: link.look().is_up, PATIENCE_S, "the new connection")
        put(fragile, names.alerts(PARTY), made(TWO))
        until(lambda: has(TWO), PATIENCE_S, "the second alert")
    assert [one.key for one in seen] == [ONE, TWO]

"""One audit entry for each batch that releases, with the share of each recipient and no value."""

from __future__ import annotations

from datetime import timedelta

from isp.audit.chain import hash_of
from tests.streams.alerts.desk import JANE, NAMES, Desk, home, name, person


def test_a_batch_that_releases_has_one_entry_with_a_share_for_each_recipient(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact("r1"), desk.fact("r2", ago=timedelta(days=2)))
    (entry,) = desk.audit()
    assert (entry["actor"], entry["action"]) == ("banes.alerter", "alert")
    shares = {
        (s["topic"], s["what"], s["profile"], s["agency"], *s["recipients"]): s
        for s in entry["shares"]
    }
    personal = shares[NAMES.alerts("council"), "released", "personal", "police", "council"]
    ids = sorted(a["alert"] for a in desk.alerts())
    assert personal["records"] == 2
    assert personal["references"].hex() == "".join(f"{alert}{'0' * 16}" for alert in ids)
    assert shares[NAMES.alerts("fire"), "released", "depersonalised", None, "fire"]["records"] == 2


def test_a_batch_that_releases_nothing_has_no_entry(desk: Desk) -> None:
    desk.send(desk.none(), desk.ack("0" * 16))
    assert desk.audit() == []


def test_withdrawals_and_requests_are_in_the_audit(desk: Desk) -> None:
    desk.send(desk.fact(subjects=[JANE.model_dump(mode="json")]))
    desk.send(desk.none())
    asked, withdrawn = desk.audit()
    assert ("released", "police", "prepared") in {
        (s["what"], s["recipients"][0], s["profile"]) for s in asked["shares"]
    }
    assert {(s["what"], s["topic"]) for s in withdrawn["shares"]} == {
        ("taken-back", NAMES.alerts("council")), ("taken-back", NAMES.alerts("fire")),
        ("taken-back", NAMES.prepared),
    }  # fmt: skip


def test_an_entry_has_no_value_and_no_digest_of_a_fact(desk: Desk) -> None:
    desk.send(desk.fact(subjects=[JANE.model_dump(mode="json")]))
    written = b"".join(o.value or b"" for o in desk.sent(NAMES.audit))
    for secret in (b"BA1", b"Roe", person(), home(), name("r1"), person().hex().encode()):
        assert secret not in written


def test_an_alert_has_the_hash_of_its_entry(desk: Desk) -> None:
    desk.send(desk.fact())
    (entry,) = desk.sent(NAMES.audit)
    assert desk.alert()["audit_hash"] == hash_of(entry.value or b"")


def test_another_slot_has_a_chain_of_its_own(desk: Desk) -> None:
    desk.send(desk.fact())
    assert desk.audit()[0]["chain"].startswith("banes.alerter.0.")

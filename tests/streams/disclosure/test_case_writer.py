"""Letters that are refused together are answered and audited together."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from isp.agreement.topics import Topic
from isp.audit.chain import Heads
from isp.cases.register import Refused, Register
from isp.cases.standing import Standing
from schemas.wire import Encode
from streams.disclosure.case_writer import CaseWriter
from tests.isp.cases.table import CATALOGUE, PROTOCOL
from transport.messages import Output

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def encoder(_: Topic) -> Encode:
    return lambda record: json.dumps(record, default=str).encode()


def refused(number: int, reason: str = "it is not a letter") -> list[Output]:
    writer = CaseWriter(PROTOCOL, CATALOGUE, encoder, Heads(), "banes.discloser.cases")
    letters = [Refused("fire", f"{n:064x}", "", (reason,)) for n in range(number)]
    return list(writer.refused("fire", letters, NOW))


def test_many_refused_letters_make_one_answer_and_one_entry_with_their_number() -> None:
    audit, head, inbox = refused(2_000)
    assert [inbox.topic, audit.topic] == ["banes.inbox.fire", "banes.audit"]
    assert head.topic == "banes.internal.audit-heads"
    entry = json.loads(audit.value or b"")
    assert (entry["outcome"], entry["counts"]) == ("not taken", {"letters": 2_000})
    answer = json.loads(json.loads(inbox.value or b"")["document"])
    assert len(answer["refusals"]) + answer["more"] == 2_000
    assert len(answer["refusals"]) > 1_000


def test_an_answer_fits_into_a_message_however_long_its_reasons() -> None:
    *_, inbox = refused(60, "é" * 100_000)
    assert len(inbox.value or b"") < 500_000


def test_one_refused_letter_is_named_in_the_audit() -> None:
    audit, *_ = refused(1)
    assert json.loads(audit.value or b"")["subject"] == f"{0:064x}"


def test_the_audit_says_which_cases_cannot_be_read_and_of_consents_how_many() -> None:
    register = Register(PROTOCOL, CATALOGUE)
    writer = CaseWriter(PROTOCOL, CATALOGUE, encoder, Heads(), "banes.discloser.cases")
    assert writer.unreadable(register, NOW) == []
    stood = {"kind": "case", "document": "{}", "at": NOW}
    standing = Standing()
    standing.take("0123456789abcdef", stood)
    standing.take("consent:one", stood | {"kind": "consent"})
    standing.take("consent:two", stood | {"kind": "consent"})
    register.restore(standing)
    written = writer.unreadable(register, NOW)
    entries = [json.loads(o.value or b"") for o in written if o.topic == "banes.audit"]
    assert [(e.get("case"), e.get("counts")) for e in entries] == [
        ("0123456789abcdef", None),
        (None, {"consents": 2}),
    ]
    assert {e["outcome"] for e in entries} == {"cannot be read; nothing is released for it"}

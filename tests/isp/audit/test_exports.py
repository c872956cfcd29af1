"""The entry of an export says whose records went to whom, and nothing of their content."""

from __future__ import annotations

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, Topic, topics
from isp.audit.entry import Entry
from isp.audit.exports import export_entry
from isp.audit.select import Inquiry, answers
from schemas.catalogue import Catalogue
from schemas.wire import encoder

DIGEST = "ab" * 32


def topic_of(protocol: Protocol, catalogue: Catalogue) -> Topic:
    name = Names(protocol.prefix).depersonalised("central", "police-incident")
    return next(topic for topic in topics(protocol, catalogue) if topic.name == name)


def test_each_supplier_has_a_share_with_the_number_of_its_records(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    topic = topic_of(protocol, catalogue)
    records = {"police": 3, "fire": 2}
    entry = export_entry("banes.council", topic, DIGEST, records, encrypted=True, filtered=False)
    assert (entry["action"], entry["subject"], entry["dataset"]) == (
        "export",
        DIGEST,
        "police-incident",
    )
    assert entry["counts"] == {"records": 5, "encrypted": 1}
    assert [(s["what"], s["agency"], s["records"], s["profile"]) for s in entry["shares"]] == [
        ("read", "fire", 2, "central"),
        ("read", "police", 3, "central"),
    ]


def test_supplier_and_recipient_find_the_entry(protocol: Protocol, catalogue: Catalogue) -> None:
    entry = export_entry("banes.council", topic_of(protocol, catalogue), DIGEST, {"police": 3})
    names = Names(protocol.prefix)
    encoder(catalogue.system["audit"], 1)({"at": 0, **entry})
    kept = [Entry(0, "", {"at": 0, "case": None, **entry})]
    for inquiry in (Inquiry(names, agency="police"), Inquiry(names, recipient="council")):
        assert len(list(answers(kept, inquiry))) == 1
    assert list(answers(kept, Inquiry(names, agency="fire"))) == []


def test_an_export_without_records_is_an_entry_too(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    entry = export_entry("banes.council", topic_of(protocol, catalogue), DIGEST, {})
    assert [(s["agency"], s["records"]) for s in entry["shares"]] == [(None, 0)]

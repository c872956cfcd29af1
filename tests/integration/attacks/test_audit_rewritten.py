"""The administrator of the broker can rewrite the audit; the heads in the other chains reveal it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from isp.agreement.access import rules
from isp.agreement.topics import topics
from isp.audit.chain import ChainHead, hash_of
from isp.audit.recorder import Recorder
from isp.broker.registered import schemas_of
from isp.broker.rules import revoke_rules
from isp.broker.topics import apply_topics, partitions_by_topic
from ops.embedded.stack import Stack
from schemas.wire import decoder, encoder, schema_id
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.reader import read_all

pytestmark = pytest.mark.broker

DATASET = "police-incident"
AUDIT, HEADS = "rewritten.audit", "rewritten.internal.audit-heads"
RECEIPTS = "rewritten.receipts.police"
READS, CASES, PROTOCOL = (
    "rewritten.recorder.broker-log",
    "rewritten.discloser.cases",
    "rewritten.protocol",
)
RELEASED = "rewritten.depersonalised.central.police-incident"


class Raw(NamedTuple):
    """A message as it is in its topic."""

    key: bytes | None
    value: bytes


Contents = dict[str, list[Raw]]
"""Messages by topic."""


def drift(site: Site) -> None:
    """Have the protocol applied once more, by taking a right away."""
    protocol = site.partnership.protocol
    wanted = rules(protocol)
    lost = next(r for r in sorted(wanted) if r.principal == site.partnership.names.auditor)
    revoke_rules(AdminClient(site.partnership.admin), protocol.prefix, wanted - {lost})
    site.partnership.apply(protocol)


def tell_of_a_case(site: Site) -> None:
    """Write to the chain of cases what the discloser would."""
    admin, protocol = site.partnership.admin, site.partnership.protocol
    catalogue = site.partnership.catalogue
    schemas = schemas_of(admin, protocol.prefix, catalogue)
    writer = Recorder(admin, protocol, catalogue, schemas, CASES)
    entry = {"actor": "rewritten.council", "action": "letter", "subject": "", "outcome": "request"}
    writer.write(entry | {"case": "3f0a51c2d4e69b78"})


def read_and_collect(site: Site, *parties: str) -> None:
    for party in parties:
        list(read_all(site.partnership.client(party), RELEASED, 4))

    def is_told() -> bool:
        assert run(site, "audit", "collect").code == 0
        answer = run(site, "audit", "show", "--json", "--recipient", parties[-1])
        return "read" in [s["what"] for e in answer.document["entries"] for s in e["shares"]]

    until(is_told, PATIENCE_S, f"the reads of {parties}")


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    """A partnership that was applied twice, has a case and readers, and whose worker has done two batches."""
    site = site_of(stack, "rewritten")
    drift(site)
    tell_of_a_case(site)
    read_and_collect(site, "council")
    read_and_collect(site, "council", "fire")
    with site.worker() as worker:
        worker.wait_ready()
        for n in range(2):
            site.publish(DATASET, [incident(f"INC-{n}")], supply=f"{n:032}")
            site.drain([DATASET])
    return site


@pytest.fixture(scope="module")
def originals(site: Site) -> Contents:
    """Return the content of the topics before any change. It verifies without a finding."""
    assert breaks(site) == []
    return {
        topic: [Raw(m.key(), m.value() or b"") for m in site.read_all(None, topic)]
        for topic in (AUDIT, HEADS, RECEIPTS)
    }


def replace(site: Site, contents: Contents) -> None:
    """Delete topics and write them anew, as somebody who administers the broker could."""
    admin = AdminClient(site.partnership.admin)
    for deleted in admin.delete_topics(list(contents)).values():
        deleted.result(PATIENCE_S)
    until(lambda: not contents.keys() & partitions_by_topic(admin).keys(), PATIENCE_S, "their end")
    made = topics(site.partnership.protocol, site.partnership.catalogue)
    apply_topics(admin, [topic for topic in made if topic.name in contents])
    producer = Producer({**site.partnership.admin, "linger.ms": 5})
    for topic, messages in contents.items():
        for key, value in messages:
            producer.produce(topic, value, key)
    assert producer.flush(PATIENCE_S) == 0


def coded(site: Site, name: str) -> tuple[Callable[[bytes], Any], Callable[[Any, bytes], bytes]]:
    """A decoder, and an encoder under the id that another value has."""
    schema = site.partnership.catalogue.system[name]
    return decoder(schema), lambda entry, like: encoder(schema, schema_id(like))(entry)


Forge = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def without_the_council(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take out every read by the council, and what is empty then."""
    left = []
    for entry in entries:
        shares = [s for s in entry["shares"] if s["recipients"] != ["rewritten.council"]]
        left += [{**entry, "shares": shares}] if shares else []
    return left


FORGERIES: Mapping[str, tuple[str, Forge]] = {
    "reads by one party": (READS, without_the_council),
    "all of the cases": (CASES, lambda _: []),
    "one application": (PROTOCOL, lambda entries: entries[1:]),
}


def forged(site: Site, originals: Contents, chain: str, forge: Forge) -> Contents:
    """Rewrite one chain, linked as if nothing were missing, and its head in the topic of heads."""
    decode, encode = coded(site, "audit")
    own = [raw for raw in originals[AUDIT] if raw.key == chain.encode()]
    head, made = ChainHead(chain), []
    for entry in forge([decode(raw.value) for raw in own]):
        value = encode(head.link(entry), own[0].value)
        head = head.advance(value)
        made.append(Raw(chain.encode(), value))
    others = [raw for raw in originals[AUDIT] if raw.key != chain.encode()]
    heads = [raw for raw in originals[HEADS] if raw.key != chain.encode()]
    _, encode_head = coded(site, "audit-head")
    if made:
        kept = {"sequence": head.sequence, "hash": head.hash, "position": ""}
        heads.append(Raw(chain.encode(), encode_head(kept, originals[HEADS][0].value)))
    return {AUDIT: [*made, *others], HEADS: heads}


def breaks(site: Site, *options: str) -> list[str]:
    answer = run(site, "audit", "verify", "--json", *options)
    assert answer.code == (3 if answer.document["breaks"] else 0), answer.said
    return list(answer.document["breaks"])


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_chain_that_was_rewritten_with_its_head_is_found(
    site: Site, originals: Contents, forgery: str
) -> None:
    chain, forge = FORGERIES[forgery]
    assert chain.encode() in {raw.key for raw in originals[AUDIT]}
    replace(site, forged(site, originals, chain, forge))
    found = breaks(site)
    assert found
    assert all(one.startswith(f"{chain} entry") for one in found), found
    assert len(found) == len(set(found))


def test_an_agency_that_keeps_its_heads_finds_what_all_topics_agree_on(
    site: Site, originals: Contents
) -> None:
    """The last batch is taken out of the audit, the heads and the receipts alike."""
    replace(site, originals)
    assert run(site, "read", "receipts.police", "--as", "police").code == 0
    file = site.partnership.stack.run_dir / "heads" / "rewritten.police.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert breaks(site, "--heads", str(file)) == []
    replace(site, without_the_last_batch(originals))
    assert breaks(site) == []
    (found,) = breaks(site, "--heads", str(file))
    assert "is missing" in found
    assert str(Path("heads") / "rewritten.police.json") in found
    answer = run(site, "read", "receipts.police", "--as", "police")
    assert answer.code == 3
    assert "the audit was changed" in answer.said


def without_the_last_batch(originals: Contents) -> Contents:
    last = [raw for raw in originals[AUDIT] if (raw.key or b"").startswith(b"rewritten.worker")][-1]
    audit = [raw for raw in originals[AUDIT] if raw != last]
    heads = [raw for raw in originals[HEADS] if raw.key != last.key]
    return {AUDIT: audit, HEADS: heads, RECEIPTS: _without(originals[RECEIPTS], last)}


def _without(receipts: Sequence[Raw], last: Raw) -> list[Raw]:
    return [raw for raw in receipts if hash_of(last.value).encode() not in raw.value]

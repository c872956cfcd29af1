"""The audit on a real broker: all that is released and read stands there, and none of it changes unseen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from isp.agreement.access import rules
from isp.agreement.protocol import PROCESSES
from isp.audit.chain import ChainHead, hash_of
from isp.audit.recorder import Recorder
from isp.broker.registered import schemas_of
from isp.broker.rules import grant_rules, revoke_rules
from isp.broker.topics import partitions_by_topic
from ops.embedded.stack import Stack
from schemas.wire import decoder, encoder, schema_id
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.client_names import COMMANDS, recorder_transaction
from transport.reader import Denied, read_all

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RELEASED = "audited.depersonalised.central.police-incident"
AUDIT = "audited.audit"


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    """A partnership whose worker has released twelve incidents, in the batches of two lives."""
    site = site_of(stack, "audited")
    for life in range(2):
        with site.worker() as worker:
            worker.wait_ready()
            for batch in range(3):
                names = [f"INC-{life}-{batch}-{n}" for n in range(2)]
                site.publish(DATASET, [incident(name) for name in names], supply=f"{life:032}")
                site.drain([DATASET])
            worker.kill()
    return site


def shown(site: Site, *inquiry: str) -> list[dict[str, Any]]:
    answer = run(site, "audit", "show", "--json", *inquiry)
    assert answer.code == 0, answer.said
    return list(answer.document["entries"])


def shares(site: Site, what: str, *inquiry: str) -> list[dict[str, Any]]:
    return [s for e in shown(site, *inquiry) for s in e["shares"] if s["what"] == what]


def breaks(site: Site) -> list[str]:
    answer = run(site, "audit", "verify", "--json")
    assert answer.code == (3 if answer.document["breaks"] else 0), answer.said
    assert answer.document["whole"] == (answer.code == 0)
    return list(answer.document["breaks"])


def test_every_release_stands_in_the_audit_with_whom_it_was_for(site: Site) -> None:
    released = {(m.key() or b"").decode() for m in site.read_all("council", RELEASED)}
    told = shares(site, "released", "--recipient", "council")
    assert len(released) == 12
    assert {reference for share in told for reference in share["references"]} == released
    assert {share["topic"] for share in told} == {RELEASED}
    assert sum(share["records"] for share in shares(site, "supplied", "--agency", "police")) == 12
    assert {(s["agency"], tuple(s["recipients"])) for s in told} == {
        ("police", ("council", "fire"))
    }


def test_an_inquiry_is_answered_by_its_own_entries_alone(site: Site) -> None:
    (reader,) = {
        tuple(s["recipients"]) for s in shares(site, "released", "--recipient", "business")
    }
    assert reader == ("business",)
    assert shares(site, "released", "--dataset", "fire-incident") == []
    assert shown(site, "--until", "2026-01-01") == []
    assert len(shares(site, "released", "--from", "2026-01-01")) >= 12


def test_an_original_is_followed_to_everybody_who_was_given_it(site: Site) -> None:
    answer = run(site, "audit", "show", "--reference", "INC-1-2-0", "--agency", "police", "--json")
    told = [s for e in answer.document["entries"] for s in e["shares"]]
    assert {(s["profile"], *s["recipients"]) for s in told} == {
        ("central", "council", "fire"),
        ("second", "business"),
    }
    assert [one["agency"] for one in answer.document["consult"]] == ["police"]
    record = site.record_id("central", DATASET, {"incident_reference": "INC-1-2-0"})
    (entry,) = shown(site, "--record", record)
    assert record in entry["shares"][0]["references"]
    assert run(site, "audit", "show", "--reference", "INC-9", "--json").document["entries"] == []
    assert "not a record_id" in run(site, "audit", "show", "--record", "INC-9").said


def test_the_chain_goes_on_in_the_next_life_of_the_worker(site: Site) -> None:
    assert breaks(site) == []
    chains = run(site, "audit", "verify", "--json").document["chains"]
    (worker,) = [name for name in chains if name.startswith("audited.worker.0.")]
    assert chains[worker]["entries"] >= 6


def test_an_application_of_the_protocol_stands_in_the_audit(site: Site) -> None:
    first = next(e for e in shown(site) if e["action"] == "protocol")
    assert first["actor"] == "ipu-admin"
    assert first["counts"]["rules created"] == len(rules(site.partnership.protocol))


def test_recorders_of_one_chain_write_one_after_the_other(site: Site) -> None:
    names = site.partnership.names
    client = site.partnership.client("recorder")
    catalogue = site.partnership.catalogue
    chain = recorder_transaction(names.recorder, COMMANDS)
    schemas = schemas_of(client, names.prefix, catalogue)
    recorder = Recorder(client, site.partnership.protocol, catalogue, schemas, chain)
    entry = {"actor": names.recorder, "action": "test", "subject": "", "outcome": "done"}
    with ThreadPoolExecutor(3) as pool:
        heads = list(pool.map(lambda _: recorder.write(entry), range(6)))
    numbers = sorted(head.sequence for head in heads)
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    assert breaks(site) == []


def test_a_worker_that_may_not_write_the_audit_releases_nothing(site: Site) -> None:
    admin, wanted = AdminClient(site.partnership.admin), rules(site.partnership.protocol)
    names = site.partnership.names
    lost = {r for r in wanted if (r.principal, r.name) == (names.worker, AUDIT)}
    before = len(site.read_all("council", RELEASED))
    revoke_rules(admin, "audited", wanted - lost)
    try:
        with site.worker() as worker:
            worker.wait_ready()
            site.publish(DATASET, [incident("INC-unaudited")])
            assert worker.wait(PATIENCE_S) != 0
            assert AUDIT in worker.log
        assert len(site.read_all("council", RELEASED)) == before
    finally:
        grant_rules(admin, "audited", wanted)
    with site.worker():
        site.drain([DATASET])
    assert len(site.read_all("council", RELEASED)) == before + 1
    assert breaks(site) == []


def test_the_brokers_own_record_of_reads_and_refusals_is_taken_in(site: Site) -> None:
    site.read_all("council", RELEASED)
    with pytest.raises(Denied):
        list(read_all(site.partnership.client("business"), RELEASED, 4))

    def is_told() -> bool:
        assert run(site, "audit", "collect").code == 0
        return bool(shares(site, "read", "--recipient", "council"))

    until(is_told, PATIENCE_S, "the council's reading in the audit")
    (read, *_) = shares(site, "read", "--recipient", "council", "--dataset", DATASET)
    assert (read["topic"], read["profile"]) == (RELEASED, "central")
    refused = shares(site, "denied describe", "--recipient", "business", "--dataset", DATASET)
    assert {share["topic"] for share in refused} == {RELEASED}
    assert not shares(site, "read", "--recipient", "worker"), (
        "the processor's own reads are no news"
    )
    log = site.partnership.stack.run_dir / "logs" / "authorizer.log"
    processes = [f".{process} is Allowed" for process in PROCESSES]
    assert not [line for line in log.open() if any(process in line for process in processes)]
    told = len(shown(site))
    assert run(site, "audit", "collect").code == 0
    assert len(shares(site, "read", "--recipient", "council")) >= 1
    assert len(shown(site)) <= told + 1
    assert breaks(site) == []


class Raw(NamedTuple):
    """A message of the audit as it stands in the topic."""

    key: bytes | None
    value: bytes


def changed(messages: list[Raw], site: Site) -> list[Raw]:
    at = _of_the_worker(messages)[2]
    return [*messages[:at], _with(messages[at], site, outcome="undone"), *messages[at + 1 :]]


def removed(messages: list[Raw], _site: Site) -> list[Raw]:
    at = _of_the_worker(messages)[2]
    return [*messages[:at], *messages[at + 1 :]]


def reordered(messages: list[Raw], _site: Site) -> list[Raw]:
    one, other = _of_the_worker(messages)[2:4]
    between = messages[one + 1 : other]
    return [*messages[:one], messages[other], *between, messages[one], *messages[other + 1 :]]


def cut_off(messages: list[Raw], _site: Site) -> list[Raw]:
    return messages[: _of_the_worker(messages)[-1]]


def rewritten(messages: list[Raw], site: Site) -> list[Raw]:
    """One entry changed, and every one behind it in the chain linked anew, as a forger would."""
    forged, head = list(messages), None
    for number, at in enumerate(_of_the_worker(messages)):
        if number == 2:
            forged[at] = _with(messages[at], site, outcome="undone")
        elif number > 2 and head is not None:
            forged[at] = _with(messages[at], site, previous=head.hash)
        head = ChainHead("", 0, hash_of(forged[at].value))
    return forged


FORGERIES: dict[str, tuple[Callable[[list[Raw], Site], list[Raw]], str]] = {
    "changed": (changed, "entry 3: was changed: entry 4"),
    "removed": (removed, "entry 3: is missing"),
    "reordered": (reordered, "entry 3: is missing"),
    "cut off": (cut_off, "is missing; audited.receipts.police holds the hash"),
    "rewritten": (rewritten, "entry 3 (offset"),
}


def _with(message: Raw, site: Site, **fields: Any) -> Raw:
    schema = site.partnership.catalogue.system["audit"]
    entry = decoder(schema)(message.value)
    return Raw(message.key, encoder(schema, schema_id(message.value))(entry | fields))


def _of_the_worker(messages: list[Raw]) -> list[int]:
    return [i for i, m in enumerate(messages) if (m.key or b"").startswith(b"audited.worker")]


def _replace(site: Site, messages: list[Raw]) -> None:
    """Put other messages into the topic, as somebody who administers the broker could."""
    admin = AdminClient(site.partnership.admin)
    admin.delete_topics([AUDIT])[AUDIT].result(PATIENCE_S)
    until(lambda: AUDIT not in partitions_by_topic(admin), PATIENCE_S, "the end of the topic")
    site.partnership.apply(site.partnership.protocol)
    producer = Producer(site.partnership.admin)
    for key, value in messages:
        producer.produce(AUDIT, value, key)
    assert producer.flush(PATIENCE_S) == 0


@pytest.fixture
def originals(site: Site) -> Any:
    """The audit's messages, which stand there again afterwards."""
    found = [Raw(m.key(), m.value() or b"") for m in site.read_all(None, AUDIT)]
    yield found
    _replace(site, found)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_audit_is_found_out_and_the_entry_named(
    site: Site, originals: list[Raw], forgery: str
) -> None:
    forge, told = FORGERIES[forgery]
    _replace(site, forge(originals, site))
    found = breaks(site)
    assert any(told in one and "audited.worker.0" in one for one in found), found


def test_the_audit_is_read_by_nobody_but_the_auditor(site: Site) -> None:
    for party in ("police", "council", "business", "worker", "recorder"):
        with pytest.raises(Denied):
            list(read_all(site.partnership.client(party), AUDIT, 1))
    assert site.read_all("auditor", AUDIT)


def test_the_collector_goes_on_across_files_and_tells_of_a_gap(site: Site, tmp_path: Path) -> None:
    line = (
        "17900000{:05} DEBUG Principal = User:audited.fire is Allowed operation = READ from host = "
        "127.0.0.1 on resource = Topic:LITERAL:{} for request = Fetch with resourceRefCount = 1 "
        "based on rule X\n"
    )
    log = tmp_path / "authorizer.log"

    def collected(code: int = 0) -> int:
        answer = run(site, "audit", "collect", "--file", str(log))
        assert answer.code == code, answer.said
        return int(answer.text.split()[0])

    collected()
    log.write_text(line.format(1, RELEASED) + line.format(2, RELEASED) + "17900000")
    assert collected(code=3) == 2, "what had been read before is gone"
    log.write_text(line.format(1, RELEASED) + line.format(2, RELEASED) + line.format(3, RELEASED))
    log.rename(tmp_path / "authorizer.log.1")
    log.write_text(line.format(4, RELEASED))
    assert collected() == 2
    (tmp_path / "authorizer.log.1").unlink()
    log.write_text(line.format(9, RELEASED))
    assert collected(code=3) == 1
    (gap,) = [entry for entry in shown(site) if entry["outcome"] == "gap"][-1:]
    assert gap["shares"][0]["recipients"] == ["audited.fire"]

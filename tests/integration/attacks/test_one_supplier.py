"""Whatever one supplier writes to its own intake, the records of another come out, and so do its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from isp.agreement.topics import MAXIMUM_INTAKE_BYTES
from ops.embedded.stack import Stack
from schemas.wire import decoder
from tests.integration.attacks import raw_batches
from tests.integration.conftest import MakeSite
from tests.integration.records import fire, incident
from tests.integration.site import STEADY_PRODUCER, Site
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

OURS, THEIRS = "fire-incident", "police-incident"
RECORDS = 2_000
"""As many as a batch of the worker ever has."""
AT_ONCE = {"enable.idempotence": False}
"""An idempotent client waits half a second for its number."""
ALMOST_ALL = MAXIMUM_INTAKE_BYTES - 300
"""Bytes that just fit into the intake's largest message."""


class Attacker:
    """A supplier with its own password and its own intake, and nothing else."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = site.partnership.client("fire")
        self.topic = site.intake(OURS)
        self.good = site.value(OURS, fire("F-1"))
        self.open: list[Producer] = []

    def write(self, *messages: tuple[Any, Any, Any], timestamp_ms: int = 0) -> None:
        """Write keys, values and headers with the client that everybody has."""
        large = {"message.max.bytes": 4 * 1_048_576, "compression.type": "none"}
        producer = Producer({**self.client, **STEADY_PRODUCER, **large, **AT_ONCE})
        for key, value, headers in messages:
            producer.produce(
                self.topic, value, key, headers=headers, timestamp=timestamp_ms, partition=0
            )
        assert producer.flush(PATIENCE_S) == 0

    def send(self, records: bytes) -> int:
        """Send a batch byte by byte."""
        return raw_batches.send(self.client, self.topic, records)

    def begin(self) -> None:
        """Begin a transaction and leave it open."""
        own = {"transactional.id": f"{self.client['sasl.username']}.publish.{OURS}"}
        producer = Producer({**self.client, **STEADY_PRODUCER, **own})
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        producer.produce(self.topic, self.good, b"k", partition=1)
        producer.flush(PATIENCE_S)
        self.open.append(producer)

    def end(self) -> None:
        """Undo what was left open, and write behind it."""
        for producer in self.open:
            producer.abort_transaction(PATIENCE_S)
            producer.begin_transaction()
            producer.produce(self.topic, self.good, b"k", partition=1)
            producer.commit_transaction(PATIENCE_S)


def _erasures(attacker: Attacker, supply: Callable[[int], bytes]) -> None:
    made = ((b"k", attacker.good, {"erase": b"", "supply": supply(n)}) for n in range(RECORDS))
    attacker.write(*made)


def _foreign_header_name(attacker: Attacker) -> None:
    whole = raw_batches.batch([(b"k", attacker.good, [("erase", b"1"), ("nameless", b"1")])])
    attacker.send(raw_batches.sealed(whole.replace(b"nameless", b"\xff\xfe\0less")))


def _two_gzip_members(attacker: Attacker) -> None:
    records = [(b"k", attacker.good, ())] * 40
    assert attacker.send(raw_batches.in_two_members(raw_batches.batch(records))) == 0


def _broken_gzip(attacker: Attacker) -> None:
    whole = raw_batches.batch([(b"k", attacker.good, ())])
    assert attacker.send(raw_batches.compressed(whole, [b"\x1f\x8b\x08" + os.urandom(200)])) != 0


def _control_batch(attacker: Attacker) -> None:
    changed = bytearray(raw_batches.batch([(b"\0\0\0\1", b"\0\0\0\0\0\0", ())]))
    changed[22] |= 0b11_0000
    attacker.send(raw_batches.sealed(bytes(changed)))


def _values(attacker: Attacker, *values: bytes | None) -> None:
    attacker.write(*((b"k", value, None) for value in values))


INPUTS: dict[str, Callable[[Attacker], Any]] = {
    "erasures of supplies that are none": lambda a: _erasures(
        a, lambda n: b"\xff" * 60 + b"%04d" % n
    ),
    "erasures of a supply each": lambda a: _erasures(a, lambda n: b"%032x" % n),
    "junk of a supply each": lambda a: a.write(
        *((b"k", b"?", {"supply": b"%032x" % n}) for n in range(RECORDS))
    ),
    "the longest keys": lambda a: a.write(*((b"k" * ALMOST_ALL, b"?", None) for _ in range(3))),
    "keys and values of half a message": lambda a: a.write(
        *((b"k" * (ALMOST_ALL // 2), b"?" * (ALMOST_ALL // 2), None) for _ in range(3))
    ),
    "the longest values": lambda a: _values(a, *[b"\0" * ALMOST_ALL] * 3),
    "no keys and no values": lambda a: a.write(
        (None, None, None), (None, b"", None), (b"", b"", None)
    ),
    "very many headers": lambda a: a.write((b"k", a.good, [("h", b"")] * 15_000)),
    "a long header": lambda a: a.write((b"k", a.good, {"supply": b"0" * 60_000})),
    "a header name that is no text": _foreign_header_name,
    "two gzip members in a batch": _two_gzip_members,
    "a batch that is no gzip": _broken_gzip,
    "a control batch": _control_batch,
    "ids of no schema": lambda a: _values(
        a, *(b"\0" + n.to_bytes(4, "big") + a.good[5:] for n in (0, 1, 2**31 - 1, 2**31, 2**32 - 1))
    ),
    "ids of many schemas": lambda a: _values(
        a, *(b"\0" + n.to_bytes(4, "big") + a.good[5:] for n in range(3, 60))
    ),
    "data that is cut, or has more behind it": lambda a: _values(a, a.good[:-3], a.good + b"x"),
    "years far ahead": lambda a: a.write((b"k", a.good, None), timestamp_ms=2**62),
    "a transaction left open": lambda a: a.begin(),
}


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "onesupplier")


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[WorkerProcess]:
    with site.worker(supervised=True) as made:
        made.wait_ready()
        yield made


@pytest.fixture(scope="module")
def attacker(site: Site) -> Attacker:
    return Attacker(site)


@pytest.fixture(scope="module")
def other(site: Site) -> Producer:
    """The client of another supplier."""
    return Producer({**site.partnership.client("police"), **STEADY_PRODUCER, **AT_ONCE})


def test_many_wrong_records_of_full_size_are_given_back_in_the_first_transaction(
    site: Site, worker: WorkerProcess, attacker: Attacker, other: Producer
) -> None:
    undone = worker.log.count("transaction aborted")
    _values(attacker, *(os.urandom(30_000) for _ in range(200)))
    other.produce(site.intake(THEIRS), site.value(THEIRS, incident("after wrong records")), b"k")
    assert other.flush(PATIENCE_S) == 0
    site.drain()
    assert worker.log.count("transaction aborted") == undone, worker.log


@pytest.mark.parametrize("name", INPUTS)
def test_the_records_of_another_supplier_come_out_of_the_same_worker(
    site: Site, worker: WorkerProcess, attacker: Attacker, other: Producer, name: str
) -> None:
    INPUTS[name](attacker)
    other.produce(site.intake(THEIRS), site.value(THEIRS, incident(f"after {name}")), b"k")
    assert other.flush(PATIENCE_S) == 0
    site.drain([THEIRS])
    assert worker.starts == 1, worker.log


def test_every_record_of_that_supplier_has_its_one_outcome_too(
    site: Site, worker: WorkerProcess, attacker: Attacker
) -> None:
    """Whatever the broker takes into an intake is small enough to be given back with the reason."""
    attacker.end()
    received = len(site.read_all(None, attacker.topic))
    until(lambda: site.receipts("fire")["received"] >= received, PATIENCE_S, "the last outcome")
    written = site.read_all(None, attacker.topic)
    counted = site.receipts("fire")
    assert counted["received"] == len(written)
    assert counted["received"] == counted["accepted"] + counted["rejected"] + counted["erased"]
    decode = decoder(site.partnership.catalogue.system["rejection"])
    rejections = [decode(m.value() or b"") for m in site.read_all("fire", site.rejected(OURS))]
    assert len(rejections) == counted["rejected"]
    originals = {(m.partition(), m.offset()): m.value() for m in written}
    for rejection in rejections:
        original = originals[rejection["partition"], rejection["offset"]]
        assert not rejection["omitted"]
        assert rejection["original"] == original
    assert worker.starts == 1, worker.log

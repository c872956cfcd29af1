"""The effect on other parties of a client that reaches the broker's port, or has one party's password."""

from __future__ import annotations

import gzip
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from confluent_kafka import KafkaException, Producer

from ops import background
from ops.embedded import stack as embedded
from ops.embedded.broker_config import (
    ADDRESS_CONNECTIONS,
    CLIENT_CONNECTIONS,
    LOGIN_BYTES,
    LONGEST_TRANSACTION_MS,
    REQUEST_BYTES,
)
from ops.settings import Settings
from tests.integration.attacks import wire
from tests.integration.clients import join_outcome
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

ELSEWHERE = "127.0.0.2"
OTHERS = 15
"""Connections that an attack leaves to the clients of this test and of the party that is unharmed."""
MESSAGE_TOO_LARGE, INVALID_RECORD, UNKNOWN = 10, 87, -1


@pytest.fixture(scope="module")
def site(fragile_settings: Settings, site_of: MakeSite) -> Site:
    """A partnership on the stack that may be harmed."""
    return site_of(embedded.start(fragile_settings, report=print), "port")


@pytest.fixture
def unharmed(site: Site, fragile_settings: Settings) -> Iterator[Site]:
    """The site; after the attack the same broker runs, and another party publishes."""
    before = embedded.start(fragile_settings, report=print)
    yield site
    publish_as_fire(site)
    after = embedded.find(fragile_settings)
    assert after is not None
    assert after.broker == before.broker


def publish_as_fire(site: Site, patience_s: float = PATIENCE_S) -> None:
    messages = [(b"key", b"value")]
    site.publish_raw("fire", site.intake("fire-incident"), messages, patience_s=patience_s)


def logged_in(site: Site) -> socket.socket:
    user = site.partnership.names.principal("police")
    stack = site.partnership.stack
    return wire.login(stack.bootstrap, user, stack.secrets.password(user))


def topics_of_police(site: Site) -> list[str]:
    names = site.partnership.names
    return [
        site.intake("police-incident"),
        names.letters("police"),
        names.supplies("police", "police-incident"),
    ]


def send(site: Site, topic: str, records: bytes) -> int:
    """The broker's answer to a batch from the police."""
    with logged_in(site) as connection:
        return wire.outcome(wire.ask(connection, wire.PRODUCE, 7, wire.produce(topic, records)))


def test_a_stranger_makes_the_broker_hold_no_more_than_a_login(unharmed: Site) -> None:
    bootstrap = unharmed.partnership.stack.bootstrap
    with ExitStack() as opened:
        strangers = [opened.enter_context(wire.connect(bootstrap)) for _ in range(60)]
        for stranger in strangers:
            wire.announce(stranger, 524_000)
        assert not any(wire.is_open(stranger, PATIENCE_S) for stranger in strangers)


def test_one_address_holds_few_connections_and_keeps_nobody_else_out(unharmed: Site) -> None:
    bootstrap = unharmed.partnership.stack.bootstrap
    with ExitStack() as opened:
        strangers = [opened.enter_context(wire.connect(bootstrap, ELSEWHERE)) for _ in range(150)]
        publish_as_fire(unharmed)
        for stranger in strangers:
            wire.announce_if_open(stranger, LOGIN_BYTES)
        assert sum(wire.is_open(stranger) for stranger in strangers) <= ADDRESS_CONNECTIONS


def test_a_party_makes_the_broker_hold_no_request_larger_than_a_message(unharmed: Site) -> None:
    with ExitStack() as opened:
        connections = [opened.enter_context(logged_in(unharmed)) for _ in range(5)]
        for connection in connections:
            wire.announce(connection, 100_000_000)
        assert not any(wire.is_open(connection, PATIENCE_S) for connection in connections)


def test_requests_that_never_end_keep_nobody_else_waiting(unharmed: Site) -> None:
    with ExitStack() as opened:
        for _ in range(CLIENT_CONNECTIONS - OTHERS):
            wire.announce(opened.enter_context(logged_in(unharmed)), 1_000_000)
        publish_as_fire(unharmed)


@pytest.mark.parametrize(
    ("api", "version", "many_names"),
    [
        (wire.FIND_COORDINATOR, 4, wire.find_coordinators),
        (wire.DESCRIBE_GROUPS, 5, wire.describe_groups),
    ],
)
def test_answers_that_nobody_reads_fit_into_the_heap_on_all_connections(
    unharmed: Site, api: int, version: int, many_names: Callable[[int], bytes]
) -> None:
    body = many_names(REQUEST_BYTES - 100)
    with ExitStack() as opened:
        for _ in range(CLIENT_CONNECTIONS - OTHERS):
            wire.send(opened.enter_context(logged_in(unharmed)), api, version, body)
        # What matters is that the broker lives; on a busy machine it makes all those answers first.
        publish_as_fire(unharmed, patience_s=200.0)


def test_a_batch_that_unpacks_to_more_than_a_message_is_refused(unharmed: Site) -> None:
    bomb = zeros_in_gzip(bytes_packed=15_000)
    for topic in topics_of_police(unharmed):
        assert send(unharmed, topic, bomb) == MESSAGE_TOO_LARGE


def test_bombs_from_many_connections_at_once_are_refused(unharmed: Site) -> None:
    bomb, topic = zeros_in_gzip(bytes_packed=60_000), unharmed.intake("police-incident")
    with ThreadPoolExecutor(8) as pool:
        outcomes = pool.map(lambda _: send(unharmed, topic, bomb), range(8))
        assert set(outcomes) == {MESSAGE_TOO_LARGE}


def packed_record(size: int) -> bytes:
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    return wire.batch(wire.GZIP, packed.compress(wire.record(0, size)) + packed.flush(), 1)


def test_the_largest_record_that_fits_packed_into_a_request_is_refused(unharmed: Site) -> None:
    batch = packed_record(238_000_000)
    least, most = REQUEST_BYTES * 0.95, REQUEST_BYTES
    assert least < len(batch) < most
    for topic in topics_of_police(unharmed):
        assert send(unharmed, topic, batch) == MESSAGE_TOO_LARGE


def test_one_record_that_unpacks_to_a_third_of_the_heap_is_not_taken_in(unharmed: Site) -> None:
    batch = packed_record(270_000_000)
    for topic in topics_of_police(unharmed):
        with pytest.raises(ConnectionError):
            send(unharmed, topic, batch)


def test_nothing_is_allocated_by_what_a_packed_record_says_of_its_length(unharmed: Site) -> None:
    content = gzip.compress(wire.varint(2_000_000_000) + bytes(50))
    for topic in topics_of_police(unharmed):
        assert send(unharmed, topic, wire.batch(wire.GZIP, content, 1)) == INVALID_RECORD


def test_packing_that_has_no_limit_is_refused(unharmed: Site) -> None:
    header = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
    snappy = wire.batch(wire.SNAPPY, header + struct.pack(">i", 500_000_000) + bytes(100), 1)
    zstd = wire.batch(wire.ZSTD, bytes.fromhex("28b52ffd0400010000") + bytes(20), 1)
    for topic in topics_of_police(unharmed):
        assert send(unharmed, topic, snappy) == UNKNOWN
        assert send(unharmed, topic, zstd) == UNKNOWN


def test_readers_get_what_partners_packed_unpacked(unharmed: Site) -> None:
    first, second = wire.record(0, 100), wire.record(1, 100)
    twice = gzip.compress(first) + gzip.compress(second)
    topic = unharmed.partnership.names.letters("police")
    before = len(unharmed.read_all(None, topic))
    assert send(unharmed, topic, wire.batch(wire.GZIP, twice, 2)) == 0
    assert len(unharmed.read_all(None, topic)) == before + 2


def test_a_party_makes_up_no_transactional_id(unharmed: Site) -> None:
    police = unharmed.partnership.names.principal("police")
    for made_up in (f"{police}.{'x' * 30_000}", f"{police}.publish", f"{police}.1"):
        assert refusal(unharmed, made_up, 10_000) == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"


def test_a_party_keeps_no_transaction_open_for_long(unharmed: Site) -> None:
    own = f"{unharmed.partnership.names.principal('police')}.publish.police-incident"
    assert refusal(unharmed, own, LONGEST_TRANSACTION_MS + 1) == "INVALID_TRANSACTION_TIMEOUT"
    assert refusal(unharmed, own, LONGEST_TRANSACTION_MS) is None


def test_a_party_makes_up_no_group(unharmed: Site) -> None:
    client, topic = unharmed.partnership.client("police"), "port.receipts.police"
    police = unharmed.partnership.names.principal("police")
    assert join_outcome(client, f"{police}.made-up", topic) == "GROUP_AUTHORIZATION_FAILED"
    assert join_outcome(client, f"{police}.group-1", topic) is None


def test_a_broker_that_is_killed_comes_back_by_itself_and_the_worker_goes_on(
    site: Site, fragile_settings: Settings
) -> None:
    before = embedded.start(fragile_settings, report=print)
    background.start_keeper(before)
    try:
        with site.worker(supervised=True) as worker:
            worker.wait_ready()
            assert embedded.kill_broker(fragile_settings)
            until(
                lambda: embedded.find(fragile_settings) is not None,
                PATIENCE_S,
                "the broker's return",
            )
            after = embedded.find(fragile_settings)
            assert after is not None
            assert (after.bootstrap, after.inside) == (before.bootstrap, before.inside)
            site.publish("police-incident", [incident("after")])
            site.drain()
    finally:
        assert background.stop_keeper(fragile_settings.run_dir)
    assert embedded.stop(fragile_settings, report=print)
    assert embedded.find(fragile_settings) is None


def zeros_in_gzip(bytes_packed: int) -> bytes:
    """A batch of so many bytes, of records that are nothing but zeros."""
    packed, content, count = zlib.compressobj(9, zlib.DEFLATED, 31), b"", 0
    while len(content) < bytes_packed - 2_000:
        content += packed.compress(wire.record(count, 8_000))
        count += 1
    return wire.batch(wire.GZIP, content + packed.flush(), count)


def refusal(site: Site, transactional_id: str, timeout_ms: int) -> str | None:
    """Kafka's name of why the police may not use a transactional id; None if it may."""
    settings = {"transactional.id": transactional_id, "transaction.timeout.ms": timeout_ms}
    producer = Producer({**site.partnership.client("police"), **settings, "log_level": 0})
    try:
        producer.init_transactions(20)
    except KafkaException as error:
        return str(error.args[0].name())
    return None

"""Logins that change or end: who loses one is out, and nobody else is, also when the broker starts again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from isp.agreement.access import principals
from isp.agreement.protocol_file import load_protocol
from isp.broker.users import apply_users, remove_users, users_of
from isp.keys.secrets_store import SecretStore
from ops.embedded import broker_config
from ops.embedded import stack as embedded
from ops.embedded.stack import Stack
from ops.settings import Settings
from schemas.catalogue import load_catalogue
from tests.integration.clients import can_log_in
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.waiting import PATIENCE_S, until
from tests.protocols import FIRST

pytestmark = pytest.mark.broker

REAUTHENTICATE_S = 8
"""In place of the five minutes that the broker gives otherwise."""
NOTHING_S = 3.0
"""How long nothing must come where nothing may."""


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A broker that has its clients log in again every few seconds."""
    monkeypatch.setattr(broker_config, "REAUTHENTICATE_MS", REAUTHENTICATE_S * 1_000)
    settings = Settings.from_environment(run_dir=tmp_path / "run")
    try:
        yield embedded.start(settings, report=print)
    finally:
        embedded.stop(settings, report=print)


def reader(partnership: Partnership, topic: str, errors: list[int] | None = None) -> Consumer:
    client = partnership.client("council")
    told = [] if errors is None else errors
    settings = {"group.id": f"{client['sasl.username']}.reader", "log_level": 0}
    config: dict[str, Any] = {**client, **settings, "enable.auto.commit": False}
    consumer = Consumer({**config, "error_cb": lambda error: told.append(error.code())})
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(4)])
    return consumer


def write(partnership: Partnership, topic: str, value: bytes) -> None:
    producer = Producer(partnership.admin)
    producer.produce(topic, value, b"key", partition=0)
    assert producer.flush(PATIENCE_S) == 0


def read(consumer: Consumer, wanted: int, seconds: float = PATIENCE_S) -> list[bytes]:
    """Return the values read until there are as many as wanted, or the time is over."""
    end, values = time.monotonic() + seconds, list[bytes]()
    while len(values) < wanted and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            values.append(message.value() or b"")
    return values


def is_let_in(stack: Stack, principal: str) -> bool:
    return can_log_in({**stack.secrets.client_config(stack.bootstrap, principal)})


def test_a_partner_who_leaves_is_locked_out_and_nobody_else_when_the_broker_starts_again(
    fragile_settings: Settings, fragile_stack: Stack
) -> None:
    stack = fragile_stack
    catalogue = load_catalogue()
    partnership = bring_into_step(load_protocol(FIRST, catalogue), catalogue, stack)
    admin, staying = AdminClient(partnership.admin), principals(partnership.protocol)[:-1]
    left = partnership.names.principal("business")
    assert is_let_in(stack, left)
    assert remove_users(admin, "banes", staying).removed == (left,)
    assert remove_users(admin, "banes", staying).removed == (), "who left is none any more"
    assert users_of(admin, "banes") == set(staying)
    del admin
    embedded.stop(fragile_settings, report=print)
    stack = embedded.start(fragile_settings, report=print)
    assert [is_let_in(stack, p) for p in (*staying, left)] == [*[True] * len(staying), False]
    bring_into_step(partnership.protocol, catalogue, stack)
    assert is_let_in(stack, left), "who comes back is let in again"


def test_the_old_connection_ends_within_the_time_of_re_authentication(
    impatient: Stack, tmp_path: Path
) -> None:
    catalogue = load_catalogue()
    partnership = bring_into_step(load_protocol(FIRST, catalogue), catalogue, impatient)
    topic = partnership.names.depersonalised("central", "police-incident")
    errors: list[int] = []
    before = reader(partnership, topic, errors)
    write(partnership, topic, b"before")
    assert read(before, 1) == [b"before"]
    principal = partnership.names.principal("council")
    changed = apply_users(
        AdminClient(partnership.admin), [principal], SecretStore(tmp_path / "new"), renew=True
    )
    assert changed.changed == (principal,)

    def is_put_out() -> bool:
        assert read(before, 1, 0.2) == []
        return KafkaError._AUTHENTICATION in errors

    until(is_put_out, PATIENCE_S, "the end of the connection with the old password")
    # It has several, and each ends within that time.
    read(before, 1, REAUTHENTICATE_S)
    write(partnership, topic, b"after")
    assert read(before, 1, NOTHING_S) == [], "the old password's connection still reads"
    before.close()
    secrets = SecretStore(tmp_path / "new")
    after = reader(partnership._replace(secrets=secrets), topic)
    assert read(after, 2) == [b"before", b"after"]
    after.close()

"""The protocol in force: the one that was applied last, as the broker keeps it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from isp.agreement.protocol import Protocol
from isp.agreement.topics import OWN_BATCH, Names, Topic, topics
from isp.broker.errors import ApplyError
from isp.signing.signatures import Signature, content_digest
from isp.signing.succession import Before, Holder, before_of, left_after
from schemas.catalogue import Catalogue
from schemas.wire import decoder, encoder
from transport.client_names import reader_group
from transport.reader import Away, check_described, read_present, refusal, watermarks
from transport.sender import SendError, send

log = logging.getLogger(__name__)

_KEY = b"in-force"
_LEFT = b"left"
"""Beside it, in the same form: the keys of the parties that have left, so that they come back with these."""
_SECONDS = 15.0
_SELDOM_MS = 5_000
_AGAIN_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class InForce:
    """What was applied last: digest and document, when (UTC), and when each party had signed it.

    `left` are the keys of the parties that have left.
    """

    digest: str
    document: dict[str, Any]
    at: datetime
    signed_on: Mapping[str, date]
    left: Mapping[str, Holder] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        """The protocol itself."""
        return Protocol.model_validate(self.document)

    @property
    def before(self) -> Before:
        """What counts of it for the protocol that follows. Errors as `before_of`."""
        return before_of(self.digest, self.document, self.left)


def read_in_force(client: Mapping[str, Any], prefix: str, catalogue: Catalogue) -> InForce | None:
    """The protocol in force; None where none was ever applied.

    Raises:
        ReadError: the broker does not answer, or refuses.
    """
    decode = decoder(catalogue.system["protocol-in-force"])
    found: dict[bytes, dict[str, Any]] = {}
    for message in read_present(client, Names(prefix).in_force, 1, _SECONDS):
        key, value = message.key(), message.value()
        if key in {_KEY, _LEFT} and value is not None:
            found[bytes(key)] = decode(value)
    kept, left = found.get(_KEY), found.get(_LEFT)
    if kept is None:
        return None
    holders = json.loads(left["document"]) if left else {}
    return InForce(
        digest=kept["digest"],
        document=json.loads(kept["document"]),
        at=kept["at"],
        signed_on={p: date.fromisoformat(day) for p, day in kept["signed_on"].items()},
        left={name: Holder.of(held) for name, held in holders.items()},
    )


def await_another(
    client: Mapping[str, Any], prefix: str, catalogue: Catalogue, digest: str
) -> None:
    """Return when another protocol than that of `digest`, which is in force now, is put in force.

    A broker that is away for a moment is asked again.

    Raises:
        ReadError: it cannot be seen any more which protocol is in force.
    """
    answered = time.monotonic()
    while True:
        try:
            with closing(_in_force_from_now(client, prefix, catalogue)) as digests:
                for known in digests:
                    answered = time.monotonic()
                    if known != digest:
                        return
        except Away as error:
            if time.monotonic() - answered > _PATIENCE_SECONDS:
                raise
            log.warning("%s; asked again for the protocol in force", error)
            time.sleep(_AGAIN_SECONDS)


def _in_force_from_now(
    client: Mapping[str, Any], prefix: str, catalogue: Catalogue
) -> Generator[str | None]:
    """Yield the digest of the protocol in force, again with each answer of the broker; None for no protocol.

    Errors as `read_in_force`.
    """
    decode = decoder(catalogue.system["protocol-in-force"])
    settings = {
        "group.id": reader_group(client["sasl.username"]),
        "enable.auto.commit": False,
        "fetch.wait.max.ms": _SELDOM_MS,
        "log_level": 0,
    }
    consumer = Consumer({**client, **settings})
    try:
        # What stands there already was before this one: compaction may not have come by yet.
        topic = Names(prefix).in_force
        _, end = watermarks(consumer, topic, 0)
        consumer.assign([TopicPartition(topic, 0, end)])
        known = read_in_force(client, prefix, catalogue)
        digest = known.digest if known else None
        yield digest
        while True:
            message = consumer.poll(_SECONDS)
            if message is None:
                check_described(consumer, topic)
            elif (error := message.error()) is not None:
                raise refusal(topic, error)
            elif message.key() == _KEY:
                value = message.value()
                digest = decode(value)["digest"] if value is not None else None
            yield digest
    finally:
        consumer.close()


def put_in_force(
    admin: Mapping[str, Any],
    protocol: Protocol,
    catalogue: Catalogue,
    schema_ids: Mapping[str, int],
    signatures: Sequence[Signature] = (),
    before: Before | None = None,
) -> None:
    """Keep the protocol as the one in force after `before`, as the administrator.

    Raises:
        ApplyError: the broker did not take it.
    """
    topic = _topic(protocol, catalogue)
    encode = encoder(topic.schema, schema_ids[topic.subject])
    head = {"at": int(time.time() * 1000), "digest": content_digest(protocol)}
    left = left_after(before, protocol) if before is not None else {}
    documents = {
        # First, so that no protocol is in force whose leavers are not known.
        _LEFT: json.dumps({name: held.document for name, held in left.items()}),
        _KEY: protocol.model_dump_json(by_alias=True),
    }
    signed_on = {s.party: s.signed_on.isoformat() for s in signatures}
    for key, document in documents.items():
        _keep(admin, topic, key, encode({**head, "document": document, "signed_on": signed_on}))


def _keep(admin: Mapping[str, Any], topic: Topic, key: bytes, value: bytes) -> None:
    try:
        send({**admin, **OWN_BATCH, "acks": "all"}, topic.name, topic.marking, [(key, value)])
    except SendError as error:
        raise ApplyError(str(error)) from None


def _topic(protocol: Protocol, catalogue: Catalogue) -> Topic:
    name = Names(protocol.prefix).in_force
    return next(topic for topic in topics(protocol, catalogue) if topic.name == name)

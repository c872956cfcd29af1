"""The protocol in force: the last applied protocol, which the broker stores."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from isp.agreement.protocol import Protocol
from isp.agreement.topics import OWN_BATCH, Names, Topic, topics
from isp.broker.errors import ApplyError
from isp.signing.signatures import Signature, content_digest
from isp.signing.succession import Before, Holder, before_of, left_after
from schemas.catalogue import Catalogue
from schemas.wire import decoder, encoder
from transport.reader import (
    Away,
    PartitionReader,
    check_described,
    committed_reader,
    read_present,
    watermarks,
)
from transport.sender import SendError, send

log = logging.getLogger(__name__)

_KEY = b"in-force"
_LEFT = b"left"
"""Key of a second message of the same form, with the keys of parties that have left, for their return."""
_SECONDS = 15.0
_SELDOM_MS = 5_000
_AGAIN_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class InForce:
    """The last applied protocol: its digest and document, the time (UTC), and each party's day of signing.

    `left` holds the keys of the parties that have left, by party.
    """

    digest: str
    document: dict[str, Any]
    at: datetime
    signed_on: Mapping[str, date]
    left: Mapping[str, Holder] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        """Return the protocol itself."""
        return Protocol.model_validate(self.document)

    @property
    def before(self) -> Before:
        """Return the part of it that its successor is checked against. Errors as `before_of`."""
        return before_of(self.digest, self.document, self.left)


def read_in_force(client: Mapping[str, Any], prefix: str, catalogue: Catalogue) -> InForce | None:
    """Return the protocol in force, or None if no protocol was ever applied.

    Raises:
        ReadError: the broker refused or did not answer.
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
    """Wait until the protocol in force is not the one with `digest`, then return.

    If the broker does not answer, the function tries again for up to a minute.

    Raises:
        ReadError: the topic of the protocol in force cannot be read any more.
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
            log.warning("%s; reading the protocol in force again", error)
            time.sleep(_AGAIN_SECONDS)


def _in_force_from_now(
    client: Mapping[str, Any], prefix: str, catalogue: Catalogue
) -> Generator[str | None]:
    """Yield the digest of the protocol in force, or None for no protocol, after each answer of the broker.

    Errors as `read_in_force`.
    """
    decode = decoder(catalogue.system["protocol-in-force"])
    settings = {"enable.partition.eof": False, "fetch.wait.max.ms": _SELDOM_MS}
    topic = Names(prefix).in_force
    with PartitionReader({**committed_reader(client), **settings}, topic, {}) as reader:
        # Begin at the end: before compaction the topic still holds messages of earlier protocols.
        _, end = watermarks(reader.consumer, topic, 0)
        reader.assign({0: end})
        known = read_in_force(client, prefix, catalogue)
        digest = known.digest if known else None
        yield digest
        while True:
            message = reader.next(_SECONDS)
            if message is None:
                check_described(reader.consumer, topic)
            elif message.key() == _KEY:
                value = message.value()
                digest = decode(value)["digest"] if value is not None else None
            yield digest


def put_in_force(
    admin: Mapping[str, Any],
    protocol: Protocol,
    catalogue: Catalogue,
    schema_ids: Mapping[str, int],
    signatures: Sequence[Signature] = (),
    before: Before | None = None,
) -> None:
    """Write the protocol to the broker as the one in force after `before`, as administrator.

    Raises:
        ApplyError: the broker refused the message or did not answer.
    """
    topic = _topic(protocol, catalogue)
    encode = encoder(topic.schema, schema_ids[topic.subject])
    head = {"at": int(time.time() * 1000), "digest": content_digest(protocol)}
    left = left_after(before, protocol) if before is not None else {}
    documents = {
        # First, so that whenever a protocol is in force, the keys of those who left are known too.
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

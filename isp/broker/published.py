"""Writer of the partnership's schemas, by id, to the topic from which every principal reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isp.agreement.protocol import Protocol
from isp.agreement.topics import OWN_BATCH, Names, topics
from isp.broker.errors import ApplyError
from isp.broker.registration import Registration
from schemas.catalogue import Catalogue
from schemas.wire import encoder
from transport.sender import SendError, send


def publish_schemas(
    admin: Mapping[str, Any],
    protocol: Protocol,
    catalogue: Catalogue,
    registration: Registration,
) -> None:
    """Write the schemas that the topic does not hold yet, as administrator.

    Raises:
        ApplyError: the broker refused a message or did not answer.
    """
    if not registration.unpublished:
        return
    name = Names(protocol.prefix).schemas
    topic = next(topic for topic in topics(protocol, catalogue) if topic.name == name)
    encode = encoder(topic.schema, registration.ids[topic.subject])
    messages = [
        (str(identifier), encode({"id": identifier, "schema": text}))
        for identifier, text in registration.unpublished.items()
    ]
    try:
        send(
            {**admin, **OWN_BATCH, "acks": "all", "compression.type": "lz4"},
            topic.name,
            topic.marking,
            messages,
        )
    except SendError as error:
        raise ApplyError(str(error)) from None

"""The partnership's schemas as the connector sees them: ids of what it writes, schemas of what it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.account import Account, check_access
from connectors.errors import NotAppliedError
from connectors.topic_reader import end_offsets, read_until
from schemas import wire
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema
from schemas.known_schemas import KnownSchemas

Encode = Callable[[Any], bytes]


def known_schemas(account: Account, catalogue: Catalogue) -> KnownSchemas:
    """Read the partnership's schemas as the agency; the registry is not asked.

    Errors as `connectors.account.check_access`.
    """
    topic = account.names.schemas
    check_access(account, [topic])
    values = read_until(account, topic, end_offsets(account, topic))
    return KnownSchemas.of(values, catalogue.system["registered-schema"])


def encoder(known: KnownSchemas, topic: str, schema: AvroSchema) -> Encode:
    """Return the encoder of a topic's values under the id of `schema`.

    Raises:
        NotAppliedError: the partnership has no such schema.
    """
    try:
        return wire.encoder(schema, known.id_of(schema))
    except LookupError:
        message = f"{topic}: the partnership does not have the schema of this release"
        raise NotAppliedError(f"{message}; run `ipu isp apply`") from None

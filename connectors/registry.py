"""Read the partnership's schemas as the agency."""

from __future__ import annotations

from connectors.account import Account, check_access
from connectors.topic_reader import end_offsets, read_until
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas


def known_schemas(account: Account, catalogue: Catalogue) -> KnownSchemas:
    """Return the partnership's schemas, read as the agency from the topic of schemas.

    Raises the errors of `connectors.account.check_access`.
    """
    topic = account.names.schemas
    check_access(account, [topic])
    values = read_until(account, topic, end_offsets(account, topic))
    return KnownSchemas.of(values, catalogue.system["registered-schema"])

"""Send single records as an agency's own system would, without a file."""

from __future__ import annotations

import time
from collections.abc import Mapping

from connectors.account import Account
from connectors.registry import known_schemas
from demo.generator.records import typed
from demo.live import SETTINGS
from ops.system import System
from schemas.derive import intake_schema
from schemas.wire import encoder
from transport.sender import Feed

_SECONDS = 60.0


def send_record(system: System, agency: str, dataset: str, row: Mapping[str, str]) -> float:
    """Publish one record as its agency; return the time just before, by the monotonic clock."""
    record_type = system.catalogue.record_type(dataset)
    account = Account(system.protocol.prefix, agency, system.client(agency))
    schema = intake_schema(record_type)
    encode = encoder(schema, known_schemas(account, system.catalogue).id_of(schema))
    value = encode(next(typed([row], record_type)))
    sender = Feed({**account.connection, **SETTINGS})
    at = time.monotonic()
    sender.put(account.names.intake(agency, dataset), value)
    sender.flush(_SECONDS)
    return at

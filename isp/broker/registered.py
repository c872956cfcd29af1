"""The partnership's schemas in the broker: every principal reads them, `ipu isp apply` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isp.agreement.topics import Names
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from transport.errors import DependencyUnavailable
from transport.reader import ReadError, read_present
from transport.schemas import Schemas

_SECONDS = 15.0


def read_schemas(client: Mapping[str, Any], prefix: str, catalogue: Catalogue) -> KnownSchemas:
    """Read all schemas of the partnership; there are none before the first protocol is applied.

    Raises:
        ReadError: the broker refused or did not answer.
    """
    topic = Names(prefix).schemas
    values = (message.value() or b"" for message in read_present(client, topic, 1, _SECONDS))
    return KnownSchemas.of(values, catalogue.system["registered-schema"])


def schemas_of(client: Mapping[str, Any], prefix: str, catalogue: Catalogue) -> Schemas:
    """Return the encoders and decoders of a process; they look up schemas that are registered later.

    Raises:
        ReadError: the broker refused or did not answer.
    """

    def look_again() -> KnownSchemas:
        try:
            return read_schemas(client, prefix, catalogue)
        except ReadError as error:
            raise DependencyUnavailable(str(error)) from error

    return Schemas(read_schemas(client, prefix, catalogue), look_again)

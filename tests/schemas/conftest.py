"""The declared record types and the protocol that comes with them."""

from __future__ import annotations

import pytest

from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.protocol import Protocol, load_protocol


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Every declared record type and code list."""
    return load_catalogue()


@pytest.fixture(scope="session")
def protocol(catalogue: Catalogue) -> Protocol:
    """The BANES protocol."""
    path = SCHEMA_FOLDER / "protocols" / "banes.yaml"
    return load_protocol(path, frozenset(catalogue.record_types))

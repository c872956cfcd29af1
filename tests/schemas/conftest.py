"""The declared record types and the protocol that comes with them."""

from __future__ import annotations

import pytest

from schemas.catalogue import Catalogue, load_catalogue
from schemas.protocol import Protocol
from schemas.protocol_file import load_protocol
from tests.protocols import FIRST


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Every declared record type and code list."""
    return load_catalogue()


@pytest.fixture(scope="session")
def protocol(catalogue: Catalogue) -> Protocol:
    """The BANES protocol."""
    return load_protocol(FIRST, catalogue)

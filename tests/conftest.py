"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import Catalogue, load_catalogue
from tests.protocols import FIRST

# How long an example takes is the machine's business; what is quick is measured by `make bench`.
settings.register_profile("ipu", deadline=None)
settings.load_profile("ipu")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real, openly licensed data; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared test data lies beside the checkout in development only")
    return SHARED_DATA


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Every declared record type and code list."""
    return load_catalogue()


@pytest.fixture(scope="session")
def protocol(catalogue: Catalogue) -> Protocol:
    """The first example protocol."""
    return load_protocol(FIRST, catalogue)

"""A partnership whose pipeline runs without a broker."""

from __future__ import annotations

import pytest

from sanitiser.postcodes import PostcodeIndex
from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.protocol import Protocol, load_protocol
from tests.streams.partnership import Partnership, small_index


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def protocol(catalogue: Catalogue) -> Protocol:
    path = SCHEMA_FOLDER / "protocols" / "banes.yaml"
    return load_protocol(path, frozenset(catalogue.record_types))


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("reference"))


@pytest.fixture
def partnership(protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(protocol, catalogue, index)

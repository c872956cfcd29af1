"""A partnership whose pipeline runs without a broker."""

from __future__ import annotations

import pytest

from isp.agreement.protocol import Opening, Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.second import SecondProfile
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from tests.streams.partnership import TODAY, Partnership, small_index


@pytest.fixture(scope="session")
def full_protocol(catalogue: Catalogue) -> Protocol:
    """All record types, every one open on the tests' day; the area holds the worked example.

    Profile second is as its treatments make it.
    """
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    area = (*protocol.partnership.area, "E09000033")
    openings = tuple(
        Opening.model_validate(
            {"dataset": r.dataset, "requirement": "a test", "from": TODAY, "until": TODAY}
        )
        for r in catalogue
        if not r.core
    )
    partnership = protocol.partnership.model_copy(update={"area": area})
    sanitising = protocol.sanitising.model_copy(update={"second": SecondProfile()})
    return protocol.model_copy(
        update={"partnership": partnership, "openings": openings, "sanitising": sanitising}
    )


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("reference"))


@pytest.fixture
def partnership(protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(protocol, catalogue, index)


@pytest.fixture
def full(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(full_protocol, catalogue, index)

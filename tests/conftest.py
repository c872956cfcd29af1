"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from schemas import catalogue as catalogue_files
from schemas.catalogue import Catalogue, load_catalogue
from schemas.codes import CodeList, load_code_list
from tests.protocols import FIRST

# How long an example takes is the machine's business; what is quick is measured by `make bench`.
settings.register_profile("ipu", deadline=None)
settings.load_profile("ipu")


def pytest_configure(config: pytest.Config) -> None:
    """Parse each text of a code list once a process: hundreds of tests load the catalogue."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(catalogue_files, "load_code_list", _parsed_once(load_code_list))


def _parsed_once(load: Callable[[Path], CodeList]) -> Callable[[Path], CodeList]:
    @cache
    def loaded(path: Path, _content: bytes) -> CodeList:
        return load(path)

    return lambda path: loaded(path, path.read_bytes())


SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

LONGEST = (
    "integration/test_demo.py",
    "integration/test_disclosures.py",
    "integration/test_alerts.py",
    "integration/test_no_loss.py",
    "integration/test_failures.py",
    "integration/attacks/test_port.py",
    "integration/test_logins.py",
    "integration/test_stock_clients.py",
    "integration/",
    "fuzz/",
    "",
)
"""What the paths of files begin with, in the order in which they are run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes longest first: processes that take file after file then end together."""
    items.sort(key=lambda item: _rank(item.path.relative_to(Path(__file__).parent).as_posix()))


def _rank(path: str) -> int:
    return next(rank for rank, start in enumerate(LONGEST) if path.startswith(start))


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

"""The real broker and registry, started once for all integration tests, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.protocol_file import load_protocol
from ops.embedded import stack as embedded
from ops.embedded.stack import Stack
from ops.settings import Settings
from sanitiser.build.reference import build_index, onspd_package
from schemas.catalogue import load_catalogue
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.postgres import PostgresServer, running_postgres
from tests.integration.records import write_households
from tests.integration.site import Site, make_site
from tests.protocols import FIRST

MakeSite = Callable[..., Site]


@pytest.fixture(scope="session")
def stack_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the session's stack: a run directory of its own and free ports."""
    return Settings.from_environment(run_dir=tmp_path_factory.mktemp("stack") / "run")


@pytest.fixture(scope="session")
def stack(stack_settings: Settings) -> Iterator[Stack]:
    """The session's stack, stopped at the end. A test that harms a server starts its own."""
    try:
        yield embedded.start(stack_settings, report=print)
    finally:
        discard(stack_settings)


def discard(settings: Settings) -> None:
    """End a stack whose data nobody needs any more: its broker is given no time to close its files."""
    embedded.kill_broker(settings)
    embedded.stop(settings, report=print)


@pytest.fixture(scope="session")
def applied(stack: Stack) -> Partnership:
    """The BANES protocol, applied to the session's stack."""
    catalogue = load_catalogue()
    protocol = load_protocol(FIRST, catalogue)
    return bring_into_step(protocol, catalogue, stack)


@pytest.fixture(scope="session")
def fragile_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a second stack, whose servers tests may kill or halt, but must leave running."""
    settings = Settings.from_environment(run_dir=tmp_path_factory.mktemp("fragile") / "run")
    yield settings
    discard(settings)


@pytest.fixture
def fragile_stack(fragile_settings: Settings) -> Stack:
    """The second stack, of which every part runs at the start of a test."""
    return embedded.start(fragile_settings, report=print)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL with PostGIS and pgaudit, which the tests of a file may kill but must leave running."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The national postcode index, with made-up household counts for one district."""
    folder = tmp_path_factory.mktemp("reference")
    households, postcodes = folder / "households.csv", onspd_package()
    write_households(households, postcodes)
    build_index(folder / "index", postcodes, households)
    return folder / "index"


@pytest.fixture(scope="session")
def site_of(index: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeSite:
    """Makes a partnership of a given short name on a given stack, each name once."""
    made: set[tuple[Path, str]] = set()

    def make(
        stack: Stack,
        short_name: str,
        edit: Callable[[Any], None] | None = None,
        protocol_file: Path = FIRST,
    ) -> Site:
        own = (stack.run_dir, short_name)
        assert own not in made, f"another file has a partnership {short_name}: name this otherwise"
        made.add(own)
        folder = tmp_path_factory.mktemp(short_name)
        edit = edit or (lambda _document: None)
        return make_site(stack, short_name, index, folder, edit, protocol_file)

    return make

"""The real broker and registry, started once for all integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.embedded import stack as embedded
from ops.embedded.stack import Stack
from ops.settings import Settings
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.protocol import load_protocol
from tests.integration.partnership import Partnership, bring_into_step


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
        embedded.stop(stack_settings, report=print)


@pytest.fixture(scope="session")
def applied(stack: Stack) -> Partnership:
    """The BANES protocol, applied to the session's stack."""
    catalogue = load_catalogue()
    path = SCHEMA_FOLDER / "protocols" / "banes.yaml"
    protocol = load_protocol(path, frozenset(catalogue.record_types))
    return bring_into_step(protocol, catalogue, stack)

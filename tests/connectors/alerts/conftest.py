"""Fixtures for webhooks: one authority of certificates, and a receiver that it certifies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from tests.connectors.alerts.https_server import Receiver, receiving


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Return an authority of certificates."""
    return trustme.CA()


@pytest.fixture
def receiver(authority: trustme.CA) -> Iterator[Receiver]:
    """Run a receiver at https://localhost."""
    with receiving(authority) as running:
        yield running

"""Fixtures of the tests of the detector."""

from __future__ import annotations

import pytest

from tests.streams.emerging.desk import Desk, use_fakes


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A detector whose engine has no statistics, with the distributions of one series."""
    use_fakes(monkeypatch)
    made = Desk()
    made.send(made.message("first", incident_date=made.today.replace(month=10)))
    made.due()
    return made

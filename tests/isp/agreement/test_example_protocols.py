"""The example protocols are valid: an English one, and a Welsh one in today's law."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from isp.agreement.marking import PERSONAL_DATA
from isp.agreement.protocol import HEALTH, Status
from isp.agreement.protocol_file import load_protocol, overdue_review
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue

EXAMPLES = sorted((SCHEMA_FOLDER / "protocols").glob("*.yaml"))
WRITTEN = date(2026, 11, 23)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_no_finding(path: Path, catalogue: Catalogue) -> None:
    protocol = load_protocol(path, catalogue)
    assert overdue_review(path, protocol, WRITTEN) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_topic_of_an_example_has_an_owner_a_marking_and_a_retention(
    path: Path, catalogue: Catalogue
) -> None:
    protocol = load_protocol(path, catalogue)
    for topic in topics(protocol, catalogue):
        assert topic.owner
        assert topic.retention_ms > 0
        if topic.family != "aggregate":
            assert topic.marking.removesuffix(PERSONAL_DATA) == protocol.marking


def test_the_examples_have_names_of_their_own(catalogue: Catalogue) -> None:
    names = [load_protocol(path, catalogue).prefix for path in EXAMPLES]
    assert len(set(names)) == len(names) >= 2


def test_one_example_is_welsh_with_a_local_health_board_and_speaks_today_s_law(
    catalogue: Catalogue,
) -> None:
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "bro.yaml", catalogue)
    assert all(district.startswith("W") for district in protocol.partnership.area)
    assert (protocol.law, protocol.marking) == ("today", "OFFICIAL-SENSITIVE")
    (board,) = (p for p in protocol.parties if p.kind == "local-health-board")
    assert board.status is Status.RESPONSIBLE_AUTHORITY
    assert board.relevant_authority
    assert board.kind in HEALTH

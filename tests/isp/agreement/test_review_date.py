"""A protocol's review: a warning weeks before it is due, and a notice of the effects when it is overdue."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol, overdue_review
from isp.agreement.review_date import review_notice
from schemas.catalogue import Catalogue
from tests.protocols import FIRST

REVIEW = date(2030, 4, 1)


@pytest.fixture
def due(protocol: Protocol) -> Protocol:
    return protocol.model_copy(update={"review": REVIEW})


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-43, None),
        (-42, "in 42 days"),
        (0, "in 0 days"),
        (1, "personal information is no longer released, and no record at all after 2030-04-29"),
        (28, "personal information is no longer released"),
        (29, "no record is released any more"),
    ],
)
def test_the_notice_of_a_review_follows_the_day(due: Protocol, days: int, said: str | None) -> None:
    notice = review_notice(due, REVIEW + timedelta(days=days))
    assert notice is None if said is None else said in str(notice)


def test_personal_information_ends_first(due: Protocol) -> None:
    assert due.last_day("personal") == REVIEW
    assert due.last_day("central") == due.last_day("second") == REVIEW + timedelta(days=28)


def test_an_overdue_review_is_a_finding_with_file_and_line(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "protocol.yaml"
    lines = FIRST.read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("review: "))
    lines[at] = f"review: {REVIEW}"
    path.write_text("\n".join(lines), encoding="utf-8")
    protocol = load_protocol(path, catalogue)
    assert overdue_review(path, protocol, REVIEW) == []
    (finding,) = overdue_review(path, protocol, REVIEW + timedelta(days=1))
    assert finding.startswith(f"{path}:{at + 1}: review: the review of the protocol was due on")


@pytest.mark.parametrize("field", ["review_grace_days", "review_warning_days"])
def test_neither_grace_nor_warning_is_without_bounds(protocol: Protocol, field: str) -> None:
    document = protocol.model_dump(by_alias=True) | {field: 10_000}
    with pytest.raises(ValidationError, match=field):
        Protocol.model_validate(document)

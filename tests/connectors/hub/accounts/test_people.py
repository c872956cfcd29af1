"""The file of people: who may log in, each fault with its line, and nobody else may read it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors.hub.accounts.people import Person, read_people
from connectors.hub.errors import HubError
from isp.agreement.protocol import Protocol

GOOD = """\
people:
  - {login: desk-1, party: council, post: Community safety analyst, until: 2027-03-31}
  - {login: desk-1, party: police, post: Force intelligence}
"""


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "hub-people.yaml"
    file.write_text(text)
    file.chmod(mode)
    return file


def refused(folder: Path, text: str, protocol: Protocol, mode: int = 0o600) -> str:
    with pytest.raises(HubError) as raised:
        read_people(written(folder, text, mode), protocol)
    return str(raised.value)


def test_each_person_has_a_role_under_the_party(tmp_path: Path, protocol: Protocol) -> None:
    people = read_people(written(tmp_path, GOOD), protocol)
    assert [p.role("banes") for p in people] == ["banes.council.desk-1", "banes.police.desk-1"]


def test_a_file_without_people_has_none(tmp_path: Path, protocol: Protocol) -> None:
    assert read_people(written(tmp_path, "people: []\n"), protocol) == ()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path, protocol: Protocol) -> None:
    assert "mode 0640, so other users may read it; accepted: mode 0600" in refused(
        tmp_path, GOOD, protocol, 0o640
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("people:\n  - {login: a, party: parish, post: X}\n", 2, "'parish' is not a party"),
        ("people:\n  - {login: A b, party: police, post: X}\n", 2, "accepted: what matches"),
        ("people:\n  - {login: a, party: police}\n", 2, "is missing; a value is needed"),
        ("people:\n  - {login: a, party: police, post: X, name: Y}\n", 2, "is not a setting"),
        ("people:\n  - {login: a, party: police, post: X, until: soon}\n", 2, "is not a date"),
        (
            "people:\n  - {login: a, party: fire, post: X}\n  - {login: a, party: fire, post: Y}\n",
            3,
            "'a' is a login of fire already",
        ),
        ("people: none\n", 1, "people"),
        ("- a\n", 1, "is no list of people; accepted: people"),
    ],
)
def test_each_fault_has_its_line_and_what_is_accepted(
    tmp_path: Path, protocol: Protocol, text: str, line: int, said: str
) -> None:
    found = refused(tmp_path, text, protocol)
    assert f"hub-people.yaml:{line}: " in found
    assert said in found


def test_a_role_longer_than_the_database_takes_is_refused(
    tmp_path: Path, protocol: Protocol
) -> None:
    long = protocol.partnership.model_copy(update={"short_name": "b" * 30})
    other = protocol.model_copy(update={"partnership": long})
    found = refused(
        tmp_path, f"people:\n  - {{login: {'a' * 31}, party: police, post: X}}\n", other
    )
    assert "has 69 characters; accepted: a login with which it has at most 63" in found


def test_a_login_is_valid_until_the_end_of_its_last_day() -> None:
    person = Person(login="a", party="police", post="X", until=date(2026, 11, 30))
    assert person.is_valid(date(2026, 11, 30))
    assert not person.is_valid(date(2026, 12, 1))

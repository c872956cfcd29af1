"""The people who may log in to the hub: a file that the operator keeps, apart from the signed protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.hub.errors import HubError
from isp.agreement.names import Name
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.keys import private_files
from schemas.explained import explained
from schemas.plain_text import Visible
from schemas.positions import Finding, located, settings_at
from schemas.yaml_file import read_yaml

LONGEST: Final = 63
"""The most bytes of a role's name in PostgreSQL, which cuts longer ones."""

_ROOT: Final = "people"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Strict):
    """One login of a party: its name there, the post that uses it, and the last day on which it is valid.

    The login is not the name of a person: each login of the database can see the names of all others.
    """

    login: Name
    party: Name
    post: Visible
    until: date | None = None

    def role(self, prefix: str) -> str:
        """Return the name of the role in the database, with which the person logs in."""
        return Names(prefix).principal(f"{self.party}.{self.login}")

    def is_valid(self, day: date) -> bool:
        """Return True if the login is valid on a day (Europe/London)."""
        return self.until is None or day <= self.until


class People(_Strict):
    """The content of the file."""

    people: Annotated[tuple[Person, ...], Field(default=())]


def read_people(path: Path, protocol: Protocol) -> tuple[Person, ...]:
    """Read the file of people, and check it against the parties of the protocol.

    Raises:
        HubError: other users may read the file, or one line per finding, with file, line, place and what is
            accepted.
    """
    document = read_yaml(path, HubError)
    _require_private(path)
    try:
        people = People.model_validate(document).people
    except ValidationError as error:
        findings = [_explained(problem) for problem in error.errors()]
        raise HubError(located(findings, path, document, _ROOT)) from None
    findings = [
        *_unknown_parties(people, protocol),
        *_repeated(people),
        *_too_long(people, protocol),
    ]
    if findings:
        raise HubError(located(sorted(findings), path, document, _ROOT))
    return people


def _require_private(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & private_files.OTHERS:
        raise HubError(
            f"{path} has mode {mode:04o}, so other users may read it; accepted: mode 0600. "
            f"Run: chmod 600 {path}"
        )


def _explained(problem: Any) -> Finding:
    if problem["loc"]:
        return explained(problem, People)
    return Finding((), f"is no list of people; accepted: {', '.join(settings_at(People, ('',)))}")


def _unknown_parties(people: tuple[Person, ...], protocol: Protocol) -> Iterator[Finding]:
    known = {party.id for party in protocol.parties}
    for i, person in enumerate(people):
        if person.party not in known:
            message = f"{person.party!r} is not a party of the protocol; accepted: "
            yield Finding(("people", i, "party"), message + ", ".join(sorted(known)))


def _repeated(people: tuple[Person, ...]) -> Iterator[Finding]:
    first: dict[tuple[str, str], int] = {}
    for i, person in enumerate(people):
        before = first.setdefault((person.party, person.login), i)
        if before != i:
            message = (
                f"{person.login!r} is a login of {person.party} already; accepted: another one"
            )
            yield Finding(("people", i, "login"), message)


def _too_long(people: tuple[Person, ...], protocol: Protocol) -> Iterator[Finding]:
    for i, person in enumerate(people):
        role = person.role(protocol.prefix)
        if len(role) > LONGEST:
            message = (
                f"{role!r} has {len(role)} characters; accepted: a login with which it has at most"
            )
            yield Finding(("people", i, "login"), f"{message} {LONGEST}")

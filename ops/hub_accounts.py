"""The accounts of the hub in PostgreSQL, composed of protocol, file of people, database and passwords."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from connectors.hub.accounts.accounts import Accounts
from connectors.hub.accounts.people import Person, read_people
from connectors.hub.accounts.wanted import Agreed, agreed_today
from connectors.hub.errors import HubError
from connectors.hub.postgis.target import Target
from isp.agreement.topics import Names
from ops.bootstrap import Grounds
from schemas.catalogue import Catalogue, load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.hub.accounts.present import Session
    from isp.agreement.protocol import Protocol
    from isp.broker.signed import ReadProtocol
    from ops.deployment import Deployment


@dataclass(frozen=True, slots=True)
class HubAccounts:
    """The protocol, the people and the deployment that the commands of accounts are given."""

    deployment: Deployment
    signed: ReadProtocol
    catalogue: Catalogue
    people: tuple[Person, ...]

    @classmethod
    def of(cls, deployment: Deployment, signed: ReadProtocol, people: Path) -> HubAccounts:
        """Return the accounts of a protocol, which must have a hub and be in force.

        Raises:
            HubError: the protocol has no hub, or the file of people is not accepted.
            StartError: the protocol is not in force.
        """
        if signed.protocol.hub is None:
            raise HubError(f"{signed.file}: has no `hub`; add one, have it signed and apply it")
        connection = deployment.connection(Names(signed.protocol.prefix).hub)
        Grounds(signed, connection).require_in_force()
        return cls(deployment, signed, load_catalogue(), read_people(people, signed.protocol))

    @property
    def protocol(self) -> Protocol:
        """Return the protocol."""
        return self.signed.protocol

    @property
    def agreed(self) -> Agreed:
        """Return who may read what today."""
        return agreed_today(self.protocol, self.catalogue, self.people)[0]

    @contextmanager
    def on(self, url: str) -> Iterator[Accounts]:
        """Open the accounts in the database of a URL, as its administrator.

        Raises:
            HubError: the database does not answer, or is none that records reads.
        """
        with administrator(url) as session:
            yield Accounts(session, self.agreed, self.deployment.secrets)


@contextmanager
def administrator(url: str) -> Iterator[Session]:
    """Open the session of an administrator, in which each statement is committed at once.

    Raises:
        HubError: the URL is not accepted, or the database does not answer or refuses.
    """
    target = Target.of(url)
    target.check(os.environ)
    parameters: dict[str, Any] = {**target.parameters, "application_name": "ipu hub accounts"}
    try:
        session = psycopg.connect(**parameters, autocommit=True)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise HubError(f"{target}: cannot be reached: {reason}") from None
    with session:
        try:
            yield session
        except psycopg.Error as error:
            reason = error.diag.message_primary or type(error).__name__
            raise HubError(f"{target}: the database refused: {reason}") from None

"""Share between the commands of alerts: the recipient, its login, and its content."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from connectors.alerts.content import Opener, content_of
from connectors.alerts.decrypting import ByCase, ByOfficer
from connectors.alerts.picture import Alert, Change, Picture
from connectors.alerts.recipient import Recipient
from connectors.errors import AlertError
from isp.agreement.protocol_file import load_protocol
from isp.audit.kept_heads import HeadKeeper, heads_file
from isp.cases.client.office import Office
from isp.keys.alert_keys import conflict_key_file
from ops.commands.common import account_of, protocol_of, running_stack
from ops.embedded.stack import Stack
from schemas.catalogue import load_catalogue

Partner = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="The party that receives the alerts.")
]
PartnerOrNone = Annotated[
    str | None, typer.Option("--as", metavar="PARTY", help="The party that receives the alerts.")
]
OfficerOf = Annotated[
    str | None,
    typer.Option(
        "--as-conflict-officer-of",
        metavar="PARTY",
        help="Read the alerts about this party's own staff, with the conflict officer's login.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        dir_okay=False,
        help="The conflict officer's private key; default: secrets/alerts/conflict.PARTY.key.",
    ),
]
AlertArgument = Annotated[
    str,
    typer.Argument(metavar="ALERT", help="Id of the alert; its first characters are enough."),
]


class Setting(NamedTuple):
    """The recipient of a command, on the running stack."""

    recipient: Recipient
    stack: Stack

    @property
    def keeper(self) -> HeadKeeper:
        """Return the file of the audit heads that this login has seen."""
        return HeadKeeper(heads_file(self.stack.run_dir, self.recipient.account.principal))

    def picture(self) -> Picture:
        """Return the present alerts. Errors as `connectors.topic_feed.read_present`."""
        picture = Picture()
        for one in self.recipient.read(self.recipient.alerts, self.keeper):
            picture.take(Change.of(one))
        return picture

    def alert(self, beginning: str) -> Alert:
        """Return the alert whose id begins so.

        Raises:
            AlertError: no alert or several alerts begin so, or it was withdrawn, or it cannot be read here.
        """
        picture = self.picture()
        found = [a for a in picture.alerts.values() if a.id.startswith(beginning)]
        if len(found) == 1:
            return found[0]
        principal = self.recipient.account.principal
        if found:
            raise AlertError(
                f"{beginning!r} is the beginning of {len(found)} alerts of {principal}"
            )
        if any(alert.startswith(beginning) for alert in picture.unreadable):
            raise AlertError(f"alert {beginning}: this release cannot read it; install a newer one")
        raise AlertError(f"{principal} has no alert {beginning!r}; it may have been withdrawn")

    def opener(self, key_file: Path | None) -> Opener:
        """Return the function that returns the content of an alert."""
        recipient, secrets = self.recipient, self.stack.secrets.folder
        if recipient.is_conflict_officer:
            key = key_file or conflict_key_file(secrets, recipient.party)
            return partial(content_of, decrypt=ByOfficer(key))
        if key_file is not None:
            message = "only a conflict officer's key is given; a party's keys are in its secrets"
            raise typer.BadParameter(message, param_hint="--key")
        party = recipient.protocol.party(recipient.party)
        client = dict(recipient.account.connection)
        office = Office(client, recipient.protocol, recipient.catalogue, party, self.keeper)
        return partial(content_of, decrypt=ByCase(office, secrets))


def setting_of(
    party: str | None, officer_of: str | None, protocol_file: Path | None, run_dir: Path | None
) -> Setting:
    """Return the setting of a command: a party, or the conflict officer of one.

    Raises:
        typer.BadParameter: neither or both are given.
        AlertError: the protocol sends no alerts to the party, or names no conflict officer of it.
        StackError: there is no password of the login.
    """
    if (party is None) == (officer_of is None):
        raise typer.BadParameter("give either --as or --as-conflict-officer-of")
    is_officer = officer_of is not None
    name = str(officer_of if is_officer else party)
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    login = f"conflict.{name}" if is_officer else name
    # Before the password is looked up, which a party without alerts may have too.
    check = Recipient.terms_in(agreed, name)
    if is_officer and check.conflict_officer is None:
        raise AlertError(f"the protocol names no conflict officer of {name!r}")
    account = account_of(agreed, login, stack)
    return Setting(Recipient(account, agreed, catalogue, name, is_officer), stack)

"""`ipu consent`: record what people have said about sharing, by process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isp.cases.case import ConsentRecord
from isp.cases.client.request_file import read_consent
from isp.cases.standing import unreadable_consents
from ops.commands.common import AsJson, ProtocolOption, RunDir
from ops.commands.disclose import office_of
from ops.commands.officer import Key, Party, officer_of
from ops.screen import Screen, say, say_json
from schemas.london import london_today

consent = typer.Typer(no_args_is_help=True, help="Record people's consent to sharing, by process.")

ConsentArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CONSENT.yaml", exists=True, dir_okay=False, help="The person and the process."
    ),
]


@consent.command()
def give(
    consent_file: ConsentArgument,
    *,
    party: Party,
    key: Key,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Record that a person has consented. The consent ends on the day in the file.

    The file has `process`, `subject`, `form` (informed or written), `on` and `until`.

    Examples:

        ipu consent give consent.yaml --as daat --key approver.pem
    """
    _record("given", consent_file, party, key, protocol, run_dir)


@consent.command()
def refuse(
    consent_file: ConsentArgument,
    *,
    party: Party,
    key: Key,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Record that a person has refused.

    Each request then needs its own decision, with a reason.

    Examples:

        ipu consent refuse consent.yaml --as daat --key approver.pem
    """
    _record("refused", consent_file, party, key, protocol, run_dir)


@consent.command()
def withdraw(
    consent_file: ConsentArgument,
    *,
    party: Party,
    key: Key,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Record that a person has withdrawn consent.

    No further record about them is shared.

    Examples:

        ipu consent withdraw consent.yaml --as daat --key approver.pem
    """
    _record("withdrawn", consent_file, party, key, protocol, run_dir)


@consent.command(name="list")
def list_(
    *,
    party: Party,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the consents that this agency has recorded.

    The list says which still hold.

    Examples:

        ipu consent list --as daat --json | jq '.consents[] | select(.holds | not)'
    """
    office, _ = office_of(party, protocol, run_dir)
    inbox = office.inbox()
    found = sorted(inbox.consents, key=lambda r: (r.consent.process, str(r.consent.on)))
    today = london_today()
    if as_json:
        documents = [r.model_dump(mode="json") | {"holds": r.holds(today)} for r in found]
        unreadable = inbox.unreadable_consents
        say_json({"consents": documents, "unreadable": unreadable}, indent=None)
        return
    table = Table("who", "process", "said", "on", "until", "holds")
    for record in found:
        said = record.consent
        holds = "yes" if record.holds(today) else "no"
        table.add_row(
            _who(record), said.process, said.given, str(said.on), str(said.until or ""), holds
        )
    Screen().print(table if found else "no consent recorded")
    if inbox.unreadable_consents:
        say(unreadable_consents(inbox.unreadable_consents))


def _record(
    given: str, file: Path, party: str, key: Path, protocol: Path | None, run_dir: Path | None
) -> None:
    office, _ = office_of(party, protocol, run_dir)
    officer = officer_of(office, key)
    office.send(read_consent(file, officer, given), officer)
    say(f"recorded: {given}")


def _who(record: ConsentRecord) -> str:
    subject = record.consent.subject
    return subject.reference or subject.name or subject.address or ""

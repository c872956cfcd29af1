"""`ipu supplies`: what was supplied, how good it is, and what is lacking (guidance 2.2.1, 3.4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    running_stack,
)
from ops.commands.supply_tables import print_gaps, print_lines, print_whole
from ops.embedded.stack import Stack
from ops.supplies import documents
from ops.supplies.gaps import AgencyGaps, gaps
from ops.supplies.history import History, read_history
from ops.supplies.measure import Measured, measure
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from schemas.protocol import Party, Protocol
from schemas.protocol_file import load_protocol

FINDINGS = 3

supplies = typer.Typer(no_args_is_help=True, help="What was supplied, and what is lacking.")

Agency = Annotated[
    str | None, typer.Option(help="One party of the protocol; all of them by default.")
]


class _Setting(NamedTuple):
    """The partnership that the command is about."""

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue

    def parties(self, agency: str | None) -> tuple[Party, ...]:
        """The party asked for, else all; the command ends where the protocol has no such party."""
        parties = self.protocol.parties
        chosen = tuple(p for p in parties if agency in (None, p.id))
        if not chosen:
            accepted = ", ".join(p.id for p in parties)
            message = f"{agency!r} is no party to the protocol; accepted: {accepted}"
            raise typer.BadParameter(message, param_hint="--agency")
        return chosen

    def history(self, party: Party) -> History:
        """What the party has supplied, read as its own principal; nothing where it supplies nothing."""
        if not any(s.agency == party.id for s in self.protocol.supplies):
            return History(party.id)
        return read_history(account_of(self.protocol, party.id, self.stack), self.catalogue)

    def measured(self, agency: str | None) -> list[Measured]:
        """Every supply of the agencies asked for, with its outcome."""
        histories = [self.history(party) for party in self.parties(agency)]
        return [
            measure(
                supply,
                history.outcome_of(supply),
                self.catalogue.record_type(supply["dataset"]),
            )
            for history in histories
            for supply in history.supplies
        ]

    def gaps(self, agency: str | None) -> list[AgencyGaps]:
        """What each of the agencies asked for lacks."""
        today = london_today()
        return [
            gaps(party, self.history(party), self.protocol, self.catalogue, today)
            for party in self.parties(agency)
        ]


@supplies.command("list")
def list_supplies(
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """List supplies with their outcome, each agency's read as its own principal.

    Examples:

        ipu supplies list

        ipu supplies list --agency police --json | jq '.supplies[] | select(.findings > 0)'
    """
    lines = [documents.line(each) for each in _setting(protocol, run_dir).measured(agency)]
    if as_json:
        typer.echo(json.dumps({"supplies": lines}, indent=2))
    else:
        print_lines(lines, Console(markup=False))


@supplies.command()
def show(
    supply_id: Annotated[
        str, typer.Argument(help="As `ipu supplies list` has it; its beginning will do.")
    ],
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one supply: its metadata, its outcome, and what was measured beside what was claimed.

    Completeness is the share of accepted records that hold a usable value. A claim that does not
    hold is a finding: completeness more than 2 percentage points below it, another number of
    records, events outside the claimed period. Exit code 2 if there is no such supply.

    Examples:

        ipu supplies show 5f3c

        ipu supplies show 5f3c --agency police --json | jq .measured.completeness
    """
    found = _find(_setting(protocol, run_dir).measured(agency), supply_id)
    document = documents.whole(found)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        print_whole(document, Console(markup=False))


@supplies.command("gaps")
def show_gaps(
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Report what the minimum datasets lack, by agency, for its liaison officer to see to.

    Named are datafields of which no record ever held a usable value, datasets that were agreed but
    never supplied, and datasets that the guidance expects of an agency of its kind for which the
    protocol has no agreement. Peripheral datasets count while the protocol states a requirement for
    them. Exit code 0 if nothing is lacking, 3 if something is.

    Examples:

        ipu supplies gaps

        ipu supplies gaps --agency fire --json | jq '.agencies[].gaps'
    """
    reports = _setting(protocol, run_dir).gaps(agency)
    found = [documents.gap_report(report) for report in reports]
    if as_json:
        typer.echo(json.dumps({"agencies": found}, indent=2))
    else:
        print_gaps(found, Console(markup=False))
    if any(report.gaps for report in reports):
        raise typer.Exit(FINDINGS)


def _setting(protocol_file: Path | None, run_dir: Path | None) -> _Setting:
    stack, catalogue = running_stack(run_dir), load_catalogue()
    path = protocol_of(stack.run_dir, protocol_file)
    return _Setting(stack, load_protocol(path, catalogue), catalogue)


def _find(measured: list[Measured], beginning: str) -> Measured:
    fitting = [m for m in measured if m.supply["supply_id"].startswith(beginning)]
    if len(fitting) == 1:
        return fitting[0]
    what = "begins more than one supply" if fitting else "is no supply"
    message = f"{beginning!r} {what}; accepted are those of `ipu supplies list`"
    raise typer.BadParameter(message, param_hint="SUPPLY_ID")

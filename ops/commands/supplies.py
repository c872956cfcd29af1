"""`ipu supplies`: list what was supplied, how good it is, what is missing (guidance 2.2.1, 3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from connectors.supplies import documents
from connectors.supplies.gaps import AgencyGaps, gaps
from connectors.supplies.history import History, Unreadable, read_history
from connectors.supplies.measure import Measured, measure
from isp.agreement.protocol import Party, Protocol
from isp.agreement.protocol_file import load_protocol
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    running_stack,
)
from ops.commands.supply_tables import print_gaps, print_lines, print_whole
from ops.embedded.errors import StackError
from ops.embedded.stack import Stack
from ops.screen import Screen, say_json
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today

FAILED, FINDINGS = 1, 3
PATIENCE_S = 10.0
"""Seconds for which a topic may be silent before its end; the listing then goes on without it."""
_AT_ONCE = 4
"""Number of agencies that are read at the same time."""

supplies = typer.Typer(no_args_is_help=True, help="List supplies and what is missing.")

Agency = Annotated[str | None, typer.Option(help="One party of the protocol; default: all.")]


class _Setting(NamedTuple):
    """The partnership of the command."""

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue

    def parties(self, agency: str | None) -> tuple[Party, ...]:
        """Return the named party, or all; ends the command if the protocol has no such party."""
        parties = self.protocol.parties
        chosen = tuple(p for p in parties if agency in (None, p.id))
        if not chosen:
            accepted = ", ".join(p.id for p in parties)
            message = f"{agency!r} is not a party to the protocol; accepted: {accepted}"
            raise typer.BadParameter(message, param_hint="--agency")
        return chosen

    def histories(self, agency: str | None) -> list[History]:
        """Return the supplies of these agencies, each read as its own principal."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._history, self.parties(agency)))

    def measured(self, histories: Iterable[History]) -> list[Measured]:
        """Return every supply with its outcome."""
        return [
            measure(
                supply,
                history.outcome_of(supply),
                self.catalogue.record_type(supply["dataset"]),
            )
            for history in histories
            for supply in history.supplies
        ]

    def gaps(self, histories: Iterable[History]) -> list[AgencyGaps]:
        """Return the datafields that each of these agencies lacks."""
        today = london_today()
        return [
            gaps(self.protocol.party(h.agency), h, self.protocol, self.catalogue, today)
            for h in histories
        ]

    def _history(self, party: Party) -> History:
        """Return the supplies of the party; none if the protocol asks it for no dataset."""
        datasets = [s.dataset for s in self.protocol.supplies if s.agency == party.id]
        if not datasets:
            return History(party.id)
        try:
            account = account_of(self.protocol, party.id, self.stack)
        except StackError as error:
            return History(party.id, unreadable=(Unreadable(None, str(error)),))
        return read_history(replace(account, patience_s=PATIENCE_S), datasets, self.catalogue)


@supplies.command("list")
def list_supplies(
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """List supplies with their outcome.

    Each agency's supplies are read as its own principal. Data of an agency's topic that is not a
    supply is listed as unreadable. Exit code 1 if a topic could not be read to its end; the others
    are still listed.

    Examples:

        ipu supplies list

        ipu supplies list --agency police --json | jq '.supplies[] | select(.findings > 0)'
    """
    setting = _setting(protocol, run_dir)
    histories = setting.histories(agency)
    lines = [documents.line(each) for each in setting.measured(histories)]
    unreadable = documents.unreadable(histories)
    if as_json:
        say_json({"supplies": lines, "unreadable": unreadable})
    else:
        print_lines(lines, unreadable, Screen())
    _end_if_unfinished(histories)


@supplies.command()
def show(
    supply_id: Annotated[
        str,
        typer.Argument(help="As `ipu supplies list` shows it; the first characters are enough."),
    ],
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one supply, with measured and claimed values.

    The metadata and the outcome are shown, too. Completeness is the share of accepted records that
    have a usable value. A claim that is not met is a finding: completeness more than 2 percentage
    points below the claim, another number of records, events outside the claimed period. Exit code
    2 if there is no such supply.

    Examples:

        ipu supplies show 5f3c

        ipu supplies show 5f3c --agency police --json | jq .measured.completeness
    """
    setting = _setting(protocol, run_dir)
    histories = setting.histories(agency)
    found = _find(setting.measured(histories), supply_id, documents.unreadable(histories))
    document = documents.whole(found)
    if as_json:
        say_json(document)
    else:
        print_whole(document, Screen())


@supplies.command("gaps")
def show_gaps(
    *,
    agency: Agency = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Report by agency what its minimum datasets lack.

    The report is for the agency's liaison officer. The report has datafields without a usable value
    in any record, datasets that were agreed but never supplied, and datasets that the guidance
    expects of an agency of its kind for which the protocol has no agreement. Peripheral datasets
    count while the protocol states a requirement for them. Exit code 0 if nothing is missing, 3 if
    something is, 1 if a topic could not be read to its end.

    Examples:

        ipu supplies gaps

        ipu supplies gaps --agency fire --json | jq '.agencies[].gaps'
    """
    setting = _setting(protocol, run_dir)
    histories = setting.histories(agency)
    reports, unreadable = setting.gaps(histories), documents.unreadable(histories)
    found = [documents.gap_report(report) for report in reports]
    if as_json:
        say_json({"agencies": found, "unreadable": unreadable})
    else:
        print_gaps(found, unreadable, Screen())
    _end_if_unfinished(histories)
    if any(report.gaps for report in reports):
        raise typer.Exit(FINDINGS)


def _setting(protocol_file: Path | None, run_dir: Path | None) -> _Setting:
    stack, catalogue = running_stack(run_dir), load_catalogue()
    path = protocol_of(stack.run_dir, protocol_file)
    return _Setting(stack, load_protocol(path, catalogue), catalogue)


def _end_if_unfinished(histories: Iterable[History]) -> None:
    if any(found.records is None for history in histories for found in history.unreadable):
        raise typer.Exit(FAILED)


def _find(
    measured: list[Measured], beginning: str, unreadable: Sequence[Mapping[str, Any]]
) -> Measured:
    fitting = [m for m in measured if m.supply["supply_id"].startswith(beginning)]
    if len(fitting) == 1:
        return fitting[0]
    what = "matches more than one supply" if fitting else "matches no supply"
    message = f"{beginning!r} {what}; accepted: an id of `ipu supplies list`"
    if unreadable:
        message += f", which has {len(unreadable)} unreadable rows"
    raise typer.BadParameter(message, param_hint="SUPPLY_ID")

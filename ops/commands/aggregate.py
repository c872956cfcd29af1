"""`ipu aggregate`: publish and show tables of aggregate data (guidance 3.3)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table

from connectors.errors import AccessDeniedError, ConnectorError
from connectors.publishing.aggregate import TableJob, newest_table, publish_table
from connectors.spreadsheet import guarded_table
from isp.agreement.protocol import AggregateAgreement, Protocol
from isp.agreement.protocol_file import load_protocol
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    running_stack,
)
from ops.embedded.stack import Stack
from ops.screen import Screen, say, say_json
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today

FAILED = 1
REFUSED = "refused by the broker"
PATIENCE_S = 10.0
"""Seconds for which a source may be silent before its end; then its row says so."""

aggregate = typer.Typer(no_args_is_help=True, help="Publish and show tables of aggregate data.")

As = Annotated[
    str | None,
    typer.Option("--as", help="The party that reads; default: the supplying agency."),
]


class _Setting(NamedTuple):
    """The partnership of the command."""

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue

    def agreement(self, source: str) -> AggregateAgreement:
        """Return the agreement on a source; ends the command if the protocol has none."""
        for agreement in self.protocol.aggregates:
            if agreement.source == source:
                return agreement
        accepted = ", ".join(a.source for a in self.protocol.aggregates) or "none"
        message = f"the protocol has no aggregate source {source!r}; accepted: {accepted}"
        raise typer.BadParameter(message, param_hint="source")

    def newest(self, agreement: AggregateAgreement, party: str | None) -> dict[str, Any] | None:
        """Return the newest table of a source, read as the party's own principal.

        None if there is none.
        """
        reader = self.protocol.party(party or agreement.agency).id
        account = account_of(self.protocol, reader, self.stack)
        account = replace(account, patience_s=PATIENCE_S)
        try:
            return newest_table(account, agreement.source, self.catalogue)
        except AccessDeniedError as error:
            readers = ", ".join(agreement.recipients) or "every party"
            message = f"{error}. In the protocol {agreement.source} is for {readers}"
            raise AccessDeniedError(message) from error


@aggregate.command()
def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .xlsx, at most 8 MiB.")],
    *,
    agency: Annotated[str, typer.Option(help="Party that supplies the table.")],
    source: Annotated[str, typer.Option(help="Source of the table, such as place-survey.")],
    metadata: Annotated[
        Path | None, typer.Option(help="YAML file with the supplier's statements about this table.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Supply a whole table, as the agency's own principal.

    It replaces the source's earlier table. The same table again sends nothing, unless metadata with
    new statements are given. Exit code 2 if the protocol has no such source of that agency.

    Examples:

        ipu aggregate publish --agency council --source place-survey survey.csv

        ipu aggregate publish --agency council --source place-survey --metadata survey.yaml
        survey.xlsx
    """
    setting = _setting(protocol, run_dir)
    agreement = setting.agreement(source)
    if agreement.agency != agency:
        message = f"in the protocol {agreement.agency!r} supplies {source!r}, not {agency!r}"
        raise typer.BadParameter(message, param_hint="--agency, --source")
    party = setting.protocol.party(agency)
    officer = party.liaison_officer
    job = TableJob(
        file,
        setting.catalogue.aggregates[source],
        account_of(setting.protocol, agency, setting.stack),
        setting.catalogue,
        party.name,
        supplier=officer.post if officer else "",
        contact=officer.contact if officer else "",
        metadata=metadata,
    )
    published = publish_table(job, london_today())
    if as_json:
        document = {"sent": published.sent, "table": _document(published.record)}
        say_json(document)
    else:
        done = "sent" if published.sent else "already there, so nothing was sent"
        say(f"{source}: a table of {published.record['records']:,} rows, {done}")


@aggregate.command("list")
def list_tables(
    *, party: As = None, protocol: ProtocolOption = None, run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the aggregate sources with the newest table of each.

    With --as, sources that the broker refuses to that party are marked. Exit code 1 if a source
    could not be read to its end; the others are still listed.

    Examples:

        ipu aggregate list

        ipu aggregate list --as business --json | jq '.sources[] | select(.readable)'
    """
    setting = _setting(protocol, run_dir)
    rows = [_row(setting, agreement, party) for agreement in setting.protocol.aggregates]
    if as_json:
        say_json({"sources": rows})
    else:
        _print_sources(rows)
    if any(row["problem"] for row in rows):
        raise typer.Exit(FAILED)


def _print_sources(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(title="Aggregate sources")
    for heading in ("source", "guidance", "marking", "agency", "supplied", "records"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        newest = row["table"]
        supplied = newest["supplied_on"] if newest else row["problem"] or "never"
        if not row["readable"]:
            supplied = REFUSED
        records = f"{newest['records']:,}" if newest else ""
        about = (row["source"], row["guidance"], row["marking"], row["agency"])
        table.add_row(*about, supplied, records)
    Screen().print(table)


@aggregate.command()
def show(
    source: Annotated[str, typer.Argument(help="Source of the table, such as place-survey.")],
    *,
    out: Annotated[Path | None, typer.Option(help="New file (mode 0600) for the table.")] = None,
    as_supplied: Annotated[
        bool,
        typer.Option("--as-supplied", help="Write the table byte for byte, with its formulas."),
    ] = False,
    party: As = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest table of a source.

    The metadata are printed. With --out, the table is written to a file. A cell that a spreadsheet
    would read as a formula is written with an apostrophe before it. A workbook can be written only
    with --as-supplied, which keeps its formulas. Exit code 1 if the broker refuses the topic to the
    party, or if there is no table yet.

    Examples:

        ipu aggregate show place-survey

        ipu aggregate show iquanta --as council --out iquanta.csv
    """
    setting = _setting(protocol, run_dir)
    agreement = setting.agreement(source)
    newest = setting.newest(agreement, party)
    if newest is None:
        say(f"{source}: {agreement.agency} has supplied no table yet", err=True)
        raise typer.Exit(FAILED)
    if out is not None:
        _write(out, newest, as_supplied=as_supplied)
    if as_json:
        say_json(_document(newest))
    else:
        _print_table(newest)


def _setting(protocol_file: Path | None, run_dir: Path | None) -> _Setting:
    stack, catalogue = running_stack(run_dir), load_catalogue()
    path = protocol_of(stack.run_dir, protocol_file)
    return _Setting(stack, load_protocol(path, catalogue), catalogue)


def _row(setting: _Setting, agreement: AggregateAgreement, party: str | None) -> dict[str, Any]:
    source = setting.catalogue.aggregates[agreement.source]
    about = {"source": source.id, "title": source.title, "guidance": source.guidance}
    about |= {"marking": source.marking, "agency": agreement.agency}
    try:
        newest = setting.newest(agreement, party)
    except AccessDeniedError:
        return {**about, "readable": False, "table": None, "problem": None}
    except ConnectorError as error:
        return {**about, "readable": True, "table": None, "problem": str(error)}
    return {**about, "readable": True, "table": newest and _document(newest), "problem": None}


def _document(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with the table's size instead of the table."""
    about = {name: value for name, value in record.items() if name != "table"}
    return {**about, "bytes": len(record["table"])}


def _write(path: Path, record: Mapping[str, Any], *, as_supplied: bool) -> None:
    table: bytes = record["table"]
    if hashlib.sha256(table).hexdigest() != record["sha256"]:
        say(f"{record['source']}: the table differs from the supplied one (SHA-256)", err=True)
        raise typer.Exit(FAILED)
    if not as_supplied:
        table = _without_formulas(table, record["source"])
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        message = f"{path}: {error.strerror}; name a new file"
        raise typer.BadParameter(message, param_hint="--out") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(table)


def _without_formulas(table: bytes, source: str) -> bytes:
    if b"\0" in table:
        message = f"{source} is not a CSV; use --as-supplied to write it unchanged"
        raise typer.BadParameter(message, param_hint="--out")
    table, changed = guarded_table(table)
    if changed:
        cells = f"{changed:,} cells that look like formulas are"
        say(
            f"{source}: {cells} written with an apostrophe; use --as-supplied to keep them",
            err=True,
        )
    return table


def _print_table(record: Mapping[str, Any]) -> None:
    table = Table(title=f"{record['title']} ({record['marking']})", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in _document(record).items():
        if isinstance(value, Mapping):
            value = "\n".join(f"{field}: {text}" for field, text in value.items())  # noqa: PLW2901
        elif isinstance(value, list | tuple):
            value = "\n".join(map(str, value))  # noqa: PLW2901
        if value not in (None, ""):
            table.add_row(name.replace("_", " "), str(value))
    Screen().print(table)

"""`ipu publish`: supply a file of records as the agency that owns them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from connectors.mappings.mapping import Mapping as ColumnMapping
from connectors.outcome import Outcome
from connectors.publishing.metadata import UNSTATED, Metadata, load_metadata
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Party, Protocol
from isp.agreement.protocol_file import load_protocol
from ops.commands.common import (
    AllowUnreadable,
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    columns_of,
    failed_on_unreadable,
    protocol_of,
    running_stack,
)
from ops.commands.progress import progress_bar
from ops.commands.supply_tables import OBSERVED
from ops.screen import Screen, say_json
from ops.settings import Settings
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from schemas.record_type import RecordType

if TYPE_CHECKING:
    from connectors.account import Account
    from connectors.publishing.publish import Job, Published
    from connectors.publishing.publish import Progress as Reached
    from isp.audit.kept_heads import Watch

FAILED = 1
NO_POSTCODE = "no-postcode-with-enough-households"


def publish(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or JSON lines, plain or as .gz or .xz, or an Excel workbook (.xlsx).",
        ),
    ],
    *,
    agency: Annotated[str, typer.Option(help="Party that supplies the file.")],
    dataset: Annotated[str, typer.Option(help="Dataset of the file, such as police-incident.")],
    mapping: Annotated[
        str | None,
        typer.Option(
            help="Name of a built-in mapping, or a file; not needed if the header has ipu's field names."
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Greatest number of records per second.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until every record has an outcome.")
    ] = True,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the next receipt.")
    ] = 60,
    metadata: Annotated[
        Path | None,
        typer.Option(help="YAML file with the supplier's statements about this supply."),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option(
            "--erase", help="Erase the file's records from every topic they were released to."
        ),
    ] = False,
    row: Annotated[
        list[int] | None,
        typer.Option(min=1, help="With --erase: only this row of the file; may be repeated."),
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    allow_unreadable: AllowUnreadable = False,
    as_json: AsJson = False,
) -> None:
    """Supply a file of records, as the agency's own principal.

    The same file is the same supply: a second call sends nothing, and a call after an interrupted
    one continues where it ended. Of a workbook, only visible sheets, rows and columns are supplied.
    Exit code 0 on success, even if some records were rejected; 1 if rows could not be read or sent,
    if records have no outcome in time, if the file has no rows, or if all records were rejected; 2
    if the protocol has no such supply or it is not open today; 3 if the receipts name another audit
    than before.

    Examples:

        ipu publish --agency police --dataset police-incident incidents.csv

        ipu publish --agency police --dataset police-stop-search --mapping mine.yaml stops.xlsx

        ipu publish --agency police --dataset police-incident --metadata march.yaml march.csv

        ipu publish --agency fire --dataset fire-incident --json --no-wait incidents.csv.gz

        ipu publish --agency police --dataset police-incident --erase --row 17 incidents.csv
    """
    from connectors.publishing.pace import Pace
    from connectors.publishing.publish import Erasure
    from connectors.publishing.publish import publish as publish_file
    from isp.audit.kept_heads import HeadKeeper, heads_file

    if row and not erase:
        raise typer.BadParameter("only valid with --erase", param_hint="--row")
    catalogue = load_catalogue()
    settings = Settings.from_environment(run_dir=run_dir)
    protocol_file = protocol_of(settings.run_dir, protocol)
    agreed = load_protocol(protocol_file, catalogue)
    _check_agreement(agreed, agency, dataset)
    _check_opening(agreed, dataset, catalogue)
    columns = columns_of(mapping, dataset, catalogue)
    stated = _metadata(metadata, catalogue.record_type(dataset))
    account = account_of(agreed, agency, running_stack(run_dir))
    keeper = HeadKeeper(heads_file(settings.run_dir, account.principal))
    watch = keeper.watch()
    job = _job(file, columns, account, catalogue, agreed.party(agency), stated)
    if erase:
        job = replace(job, erasure=Erasure(frozenset(row) if row else None))
    console = Screen(stderr=True, quiet=as_json)
    with progress_bar(console, "sending") as shown:
        published = publish_file(job, Pace(rate=rate), lambda at: shown(*_of_file(at)))
    outcome = _outcome(job, published, timeout, console, watch) if wait else None
    if as_json:
        say_json(_document(published, outcome))
    else:
        _print_summary(job, published, outcome)
    failed = failed_on_unreadable(
        published.unreadable, published.unreadable_rows, allowed=allow_unreadable
    )
    keeper.settle(watch)
    if failed or (outcome is not None and not _went_well(outcome)):
        raise typer.Exit(FAILED)


def _went_well(outcome: Outcome) -> bool:
    return outcome.is_whole and (outcome.accepted + outcome.erased > 0 or outcome.records == 0)


def _check_agreement(protocol: Protocol, agency: str, dataset: str) -> None:
    supplied = [s.dataset for s in protocol.supplies if s.agency == agency]
    if not supplied:
        agencies = ", ".join(dict.fromkeys(s.agency for s in protocol.supplies))
        message = f"{agency!r} supplies nothing in the protocol; accepted: {agencies}"
        raise typer.BadParameter(message, param_hint="--agency")
    if dataset not in supplied:
        message = f"{agency} does not supply {dataset!r} in the protocol; accepted: "
        raise typer.BadParameter(message + ", ".join(supplied), param_hint="--dataset")


def _check_opening(protocol: Protocol, dataset: str, catalogue: Catalogue) -> None:
    today = london_today()
    if dataset in closed_datasets(protocol, catalogue, today):
        periods = [f"{o.begin} to {o.until}" for o in protocol.openings if o.dataset == dataset]
        message = (
            f"{dataset} is peripheral and not open on {today} by any requirement of the protocol; "
            f"openings: {', '.join(periods) or 'none'} (guidance 3.1.2)"
        )
        raise typer.BadParameter(message, param_hint="--dataset")


def _metadata(file: Path | None, record_type: RecordType) -> Metadata:
    if file is None:
        return UNSTATED
    names = [field.name for field in record_type.fields]
    return load_metadata(file, Metadata, names, record_type.dataset)


def _job(
    file: Path, columns: ColumnMapping, account: Account, catalogue: Catalogue, party: Party,
    stated: Metadata,
) -> Job:  # fmt: skip
    from connectors.publishing.publish import Job

    officer = party.liaison_officer
    post, contact = (officer.post, officer.contact) if officer else ("", "")
    return Job(file, columns, account, catalogue, contact, party.name, post, stated)


def _outcome(
    job: Job, published: Published, timeout: float, console: Screen, watch: Watch
) -> Outcome:
    from connectors.receipts import await_outcome
    from isp.audit.kept_heads import seen_in

    with progress_bar(console, "waiting for receipts") as shown:
        return await_outcome(
            job.account,
            job.catalogue,
            published.supply_id,
            published.records,
            start=published.receipts_from,
            timeout_s=timeout,
            progress=lambda at: shown(
                at.settled, at.records, f"{at.settled:,} of {at.records:,} settled"
            ),
            noticed=lambda *receipt: watch.note(seen_in(*receipt)),
        )


def _of_file(at: Reached) -> tuple[int, int, str]:
    return at.bytes_read, at.bytes_total, f"{at.rows_read:,} rows, {at.records:,} records"


def _document(published: Published, outcome: Outcome | None) -> dict[str, Any]:
    supplied = asdict(published)
    del supplied["receipts_from"], supplied["contents"]
    return {
        "supply": supplied | published.contents.document(),
        "outcome": _outcome_document(outcome),
    }


def _outcome_document(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    # `asdict` would rebuild the counters from their items, and so count the items instead.
    counts = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return {**counts, "whole": outcome.is_whole}


def _print_summary(job: Job, published: Published, outcome: Outcome | None) -> None:
    table = Table(title=f"{job.agency_name}: supply {published.supply_id}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("rows read", f"{published.rows_read:,}")
    table.add_row("records supplied", f"{published.records:,}")
    table.add_row("  sent by this call", f"{published.sent:,}")
    _add_rows(table, "out of scope", published.out_of_scope)
    table.add_row("rows that could not be read", f"{published.unreadable:,}")
    if outcome is not None:
        _add_outcome(table, outcome)
    console = Screen()
    console.print(table)
    for line in _notes(job, published, outcome):
        console.print(line, soft_wrap=True)


def _add_outcome(table: Table, outcome: Outcome) -> None:
    table.add_section()
    for name in ("accepted", "cleaned", "held", "rejected", "erased"):
        table.add_row(name, f"{getattr(outcome, name):,}")
    if outcome.observed:
        table.add_row(OBSERVED, f"{outcome.observed:,}")
    for name in ("released", "faults", "caveats", "geocoded", "withheld", "combinations"):
        _add_rows(table, name, getattr(outcome, name))


def _add_rows(table: Table, title: str, counts: Mapping[str, int]) -> None:
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(f"{title}: {name}", f"{count:,}")


def _notes(job: Job, published: Published, outcome: Outcome | None) -> Iterator[str]:
    if published.already_supplied:
        yield "already supplied: an earlier call sent the whole file, so no record was sent now"
    elif published.resumed_after:
        yield f"continued after row {published.resumed_after:,}, where an earlier call ended"
    if published.metadata_renewed:
        yield "the supply now has the metadata that you gave"
    if published.undeclared_columns:
        yield f"columns not supplied: {', '.join(published.undeclared_columns)}"
    yield from published.contents.lines
    yield from (f"caveat: {caveat}" for caveat in published.caveats)
    if outcome is not None:
        yield from _notes_of(job, outcome)


def _notes_of(job: Job, outcome: Outcome) -> Iterator[str]:
    if outcome.rejected:
        dataset, agency = job.mapping.dataset, job.account.agency
        yield (
            "rejected records, each with its faults and the accepted values: "
            f"`ipu read rejected.{agency}.{dataset} --as {agency}`; "
            "`ipu sanitise` with --rejects shows their lines in the file"
        )
    if outcome.accepted and outcome.withheld[NO_POSTCODE] >= outcome.accepted:
        yield (
            "no record has a postcode with enough households, so each was released with its district "
            "only: were household counts given to `ipu up`? See `ipu up --help`"
        )
    if outcome.reject_alarm:
        yield "alarm: the share of rejected records is above the protocol's limit"
    if not outcome.is_whole:
        left = outcome.records - outcome.settled
        yield f"{left:,} records have no outcome yet; they are safe on the broker. Is `ipu worker` running?"

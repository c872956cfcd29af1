"""`ipu audit`: show what was done with which records, and verify that the audit is complete."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Content
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table

from connectors.mappings.mapping import Mapping
from isp.agreement.protocol import Party, Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names
from isp.audit.collector import Collector, collect_for_ever, log_files
from isp.audit.entries import Archive
from isp.audit.entry import Held
from isp.audit.kept_heads import held_in
from isp.audit.select import DIGEST_BYTES, Answer, Inquiry, answers, digests
from isp.audit.suppliers import Supplied, Suppliers
from isp.audit.verify import Break, Verification, first_rewritten, verify
from isp.broker.registered import read_schemas
from isp.cases.client.request_file import read_subject
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    columns_of,
    protocol_of,
    recorder_of,
    running_stack,
)
from ops.embedded.layout import Layout
from ops.embedded.stack import Stack
from ops.inquiry import Found, Search
from ops.screen import Screen, say, say_json
from ops.supervisor import supervise_this_command
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import LONDON, london_time
from transport.client_names import BROKER_LOG, COMMANDS

BROKEN = 3
SLACK = timedelta(days=31)
"""Kafka deletes whole segments, so a topic keeps a little less than its retention."""

EXACT = (
    "references are compared exactly: upper and lower case, leading zeros and inner spaces "
    "matter; leading and trailing spaces do not"
)

audit = typer.Typer(
    no_args_is_help=True, help="Show what was done with records, and verify the audit."
)


@audit.command()
def show(
    *,
    agency: Annotated[
        str | None, typer.Option(help="Only shares of this supplier's records.")
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(help="Only what this party was given, has read or was denied.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only shares of this dataset.")] = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", help="From this day or time (Europe/London).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", help="Before this day or time (Europe/London).")
    ] = None,
    case: Annotated[
        str | None, typer.Option(help="Everything done in one case, by its id.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="Every disclosure of one release, by its record_id.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Every disclosure of one original, by its supplier's reference."),
    ] = None,
    subject: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Every disclosure about the person or household named in this file.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Search the supplied file, when the intake topic no longer has it.",
        ),
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="Mapping of the file's columns, by name or file.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show releases, reads, resolved references, applied protocols.

    For one record it also names the agency to consult before anybody outside is answered (guidance
    2.4.2.4). The reference is digested with the keys of this machine; no key is shown. One
    reference does not identify a record about people, so their originals are searched: in what the
    intake still has, or in a `--file`. The answer says where it searched.

    A subject's file has `name` and `date_of_birth`, or `address` and `postcode`, or `reference`, in
    YAML. A search by reference or subject is written to the audit before it is answered.

    Examples:

        ipu audit show --recipient council --from 2026-11-01

        ipu audit show --agency police --dataset police-incident --json | jq '.entries | length'

        ipu audit show --reference INC-7 --agency police

        ipu audit show --case 3f0a51c2d4e69b78

        ipu audit show --subject subject.yaml --agency hospital
    """
    archive = _archive(protocol, run_dir)
    with Screen(stderr=True, quiet=as_json).status("reading the audit") as status:
        sought = _sought(
            record, reference, subject, archive, agency, dataset, file, mapping,
            running_stack(run_dir), _counted(status.update),
        )  # fmt: skip
        records = None if sought is None else sought.records
        inquiry = Inquiry(
            archive.names, agency, recipient, dataset, _local(begin), _local(until), records, case
        )
        found = list(answers(archive.entries(), inquiry))
    consult = _to_consult(found, archive.protocol) if records is not None else []
    exact = EXACT if reference is not None and not found else ""
    if as_json:
        say_json(_document(found, consult) | _scope(sought) | ({"note": exact} if exact else {}))
    else:
        _print(found, consult, _miss(sought))
        _print_scope(sought)
        if exact:
            say(exact)


@audit.command(name="verify")
def verify_(
    *,
    heads: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Heads that an agency has kept, from its run/heads; may be repeated.",
        ),
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Verify the audit.

    Exit code 0, or 3 with the entries that were changed, removed or moved. Every entry has the hash
    of the entry before it, and the heads of the other chains. The last entries are compared with
    the receipts, which the agencies have, and with the heads that agencies have kept.

    Examples:

        ipu audit verify

        ipu audit verify --heads police.json --heads council.json

        ipu audit verify --json | jq -r '.breaks[]'
    """
    archive = _archive(protocol, run_dir)
    with Screen(stderr=True, quiet=as_json).status("verifying the chains"):
        held = [one for file in heads or () for one in held_in(file)]
        elsewhere = chain(held, archive.heads())
        found = verify(archive.entries(), elsewhere, _kept_since(archive), archive.implied())
        found.breaks[:] = list(_named(found.breaks, archive, held))
    if as_json:
        say_json(_verdict(found))
    else:
        _tell(found)
    if found.breaks:
        raise typer.Exit(BROKEN)


@audit.command()
def collect(
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            help="The broker's authorizer.log, with refusals.log next to it; default: the embedded broker's."
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0.1, help="Continue, and read the log again every so many seconds."),
    ] = None,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Restart when it ends by itself.")
    ] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Write the broker's log of reads and denials to the audit.

    `ipu up` starts it, next to the broker. It continues where it ended, also across rotated log
    files. Exit code 3 if a part of the log was deleted before it was read.

    Examples:

        ipu audit collect

        ipu audit collect --every 60 --supervised
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if supervised:
        raise typer.Exit(supervise_this_command())
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    recorder = recorder_of(stack, agreed, catalogue, BROKER_LOG)
    files = log_files(file or Layout(stack.run_dir).logs / "authorizer.log")
    if every is not None:
        collect_for_ever(files, recorder, every)
    taken = Collector(files, recorder).collect()
    say(f"{taken.decisions} decisions of the broker written to the audit")
    if taken.gaps:
        say(
            "a part of the log was deleted before it was read; the audit has an entry for the gap",
            err=True,
        )
        raise typer.Exit(BROKEN)


def _archive(protocol_file: Path | None, run_dir: Path | None) -> Archive:
    stack, catalogue = running_stack(run_dir), load_catalogue()
    protocol = load_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    client = stack.secrets.client_config(stack.inside, Names(protocol.prefix).auditor)
    return Archive(client, protocol, catalogue, read_schemas(client, protocol.prefix, catalogue))


def _sought(
    record: str | None,
    reference: str | None,
    subject: Path | None,
    archive: Archive,
    agency: str | None,
    dataset: str | None,
    file: Path | None,
    mapping: str | None,
    stack: Stack,
    progress: Callable[[int], None],
) -> Found | None:
    """Return the records that are asked for; None if no record was given."""
    if sum(given is not None for given in (record, reference, subject)) > 1:
        message = "give one of --record, --reference and --subject"
        raise typer.BadParameter(message, param_hint="--reference")
    if record is not None:
        return Found(frozenset({_record_id(record)}))
    if reference is None and subject is None:
        return None
    search = Search(
        stack,
        archive.protocol,
        archive.catalogue,
        _suppliers(archive, agency, dataset, file),
        london_time(datetime.now(UTC)),
        file,
        _columns(file, mapping, agency, dataset, archive.catalogue),
        progress,
    )
    person = None if subject is None else read_subject(subject)
    principal = Names(archive.protocol.prefix).auditor
    entry = {"actor": principal, "action": "search", "dataset": dataset, "subject": ""}
    recorder_of(stack, archive.protocol, archive.catalogue, COMMANDS).write(
        entry | {"outcome": "done"}
    )
    if reference is not None:
        return search.of_reference(reference)
    assert person is not None
    return search.of_subject(person)


def _columns(
    file: Path | None,
    mapping: str | None,
    agency: str | None,
    dataset: str | None,
    catalogue: Catalogue,
) -> Mapping | None:
    if file is None:
        if mapping is not None:
            raise typer.BadParameter("the mapping needs a --file", param_hint="--mapping")
        return None
    if agency is None or dataset is None:
        message = "give the file's supplier and dataset with --agency and --dataset"
        raise typer.BadParameter(message, param_hint="--file")
    return columns_of(mapping, dataset, catalogue)


def _counted(update: Callable[[str], None]) -> Callable[[int], None]:
    return lambda number: update(f"{number:,} originals searched")


def _scope(sought: Found | None) -> dict[str, Any]:
    """Return where originals were searched: an original that is no longer there cannot be found."""
    if sought is None:
        return {}
    scope: dict[str, Any] = {}
    if sought.keyless:
        scope["keys_deleted_before"] = sought.keyless.isoformat()
    if sought.searched:
        scope["searched"] = {"datasets": list(sought.searched), "in": sought.where}
    if sought.unsearched:
        scope["not_searched"] = [{"agency": a, "dataset": d} for a, d in sought.unsearched]
    return scope


def _print_scope(sought: Found | None) -> None:
    if sought is not None and sought.searched:
        say(
            f"searched in {sought.where}: {', '.join(sought.searched)}. Originals no longer there were "
            "not found; give a supply with --file."
        )
    if sought is not None and sought.keyless:
        say(
            f"a key from before {sought.keyless} was deleted: releases of events from its time can be "
            "found only by their record_id (--record), not by reference or person."
        )
    if sought is not None and sought.unsearched:
        say(
            f"NOT searched: {_listed(sought.unsearched)}. The audit has releases of these datasets, but this "
            "protocol does not have them. Ask again with --protocol and the file of a protocol under which "
            "they were supplied, and give the supply with --file; or ask by --record."
        )


def _miss(sought: Found | None) -> str:
    """Return the text for an empty answer. It claims no more than was searched."""
    if sought is not None and sought.unsearched:
        return "the search found no entry, but not everything could be searched"
    return "no entry of the audit was found"


def _listed(supplied: Iterable[Supplied]) -> str:
    return ", ".join(f"{agency} {dataset}" for agency, dataset in supplied)


def _record_id(given: str) -> bytes:
    try:
        record = bytes.fromhex(given.strip())
    except ValueError:
        record = b""
    if len(record) != DIGEST_BYTES:
        message = f"not a record_id; accepted: {2 * DIGEST_BYTES} hexadecimal digits"
        raise typer.BadParameter(message, param_hint="--record")
    return record


def _suppliers(
    archive: Archive, agency: str | None, dataset: str | None, file: Path | None
) -> Suppliers:
    """Return the suppliers whose records could have a reference, from the protocol and from the audit."""
    known = Suppliers.of(archive.protocol, archive.entries())
    found = known.of_these(agency, dataset)
    if not found.supplied and not found.left:
        accepted = _listed(sorted((*known.supplied, *known.left)))
        message = f"no agency supplies that; accepted agencies and datasets:  {accepted}"
        raise typer.BadParameter(message, param_hint="--agency, --dataset")
    if file is not None and not found.supplied:
        message = (
            f"no agency supplies {_listed(found.left)} under this protocol; give the file of a protocol "
            "under which it was supplied"
        )
        raise typer.BadParameter(message, param_hint="--protocol")
    return found


def _local(given: datetime | None) -> datetime | None:
    return None if given is None else given.replace(tzinfo=LONDON)


def _kept_since(archive: Archive) -> datetime | None:
    """Return the time from which every entry must still be there.

    None if the topic has its first entry.
    """
    if not archive.is_cut:
        return None
    return datetime.now(UTC) - timedelta(archive.protocol.retention.audit_days) + SLACK


def _named(breaks: list[Break], archive: Archive, held: list[Held]) -> Iterator[Break]:
    """Yield the breaks; for a chain rewritten to its end, the first entry that was rewritten."""
    for found in breaks:
        if found.rewritten:
            elsewhere = chain(held, archive.heads())
            named = list(first_rewritten(archive.entries(), elsewhere, found.chain))
            yield from named or [found]
        else:
            yield found


class Consulted(NamedTuple):
    """An agency that supplied the records, with the officer to ask."""

    agency: str
    name: str
    officer: str


def _to_consult(found: list[Answer], protocol: Protocol) -> list[Consulted]:
    """Return the agencies that supplied the records, also those that have left the protocol."""
    agencies = {share["agency"] for answer in found for share in answer.shares} - {None}
    parties = {party.id: party for party in protocol.parties}
    return [_consulted(agency, parties.get(agency)) for agency in sorted(agencies)]


def _consulted(agency: str, party: Party | None) -> Consulted:
    if party is None:
        return Consulted(
            agency, agency, "not a party to this protocol; an earlier protocol names its officer"
        )
    officer = party.liaison_officer or party.approver
    return Consulted(agency, party.name, f"{officer.post}, {officer.contact}" if officer else "")


def _document(found: list[Answer], consult: list[Consulted]) -> dict[str, Any]:
    return {
        "entries": [_entry(answer) for answer in found],
        "consult": [party._asdict() for party in consult],
    }


def _entry(answer: Answer) -> dict[str, Any]:
    content = {**answer.content, "at": answer.content["at"].isoformat()}
    shares = [
        {**share, "references": sorted(d.hex() for d in digests(share["references"]))}
        for share in answer.shares
    ]
    heads = [{**head, "at": head["at"].isoformat()} for head in content["heads"]]
    place = {"offset": answer.entry.offset, "hash": answer.entry.hash}
    return {**content, **place, "shares": shares, "heads": heads}


def _print(found: list[Answer], consult: list[Consulted], miss: str) -> None:
    table = Table()
    for heading in ("when", "who", "what", "of", "dataset", "to"):
        table.add_column(heading, overflow="fold")
    table.add_column("number", justify="right")
    for answer in found:
        at = f"{london_time(answer.content['at']):%Y-%m-%d %H:%M:%S}"
        actor = answer.content["actor"]
        for share in answer.shares:
            table.add_row(at, actor, *_row(share))
        if not answer.shares:
            done = f"{answer.content['action']}: {answer.content['outcome']}"
            about = answer.content["case"] or answer.content["dataset"] or ""
            table.add_row(at, actor, done, "", about, "", "")
    console = Screen()
    console.print(table if found else miss)
    for party in consult:
        console.print(f"consult {party.name} before any answer: {party.officer} (2.4.2.4)")


def _row(share: Content[str, Any]) -> tuple[str, str, str, str, str]:
    what = " ".join(filter(None, (share["what"], share["profile"], share["neighbour"])))
    dataset = share["dataset"] or share["topic"]
    recipients = ", ".join(share["recipients"])
    return what, share["agency"] or "", dataset, recipients, f"{share['records']:,}"


def _verdict(found: Verification) -> dict[str, Any]:
    return {
        "whole": not found.breaks,
        "entries": found.entries,
        "chains": {name: {"entries": head.sequence, "hash": head.hash}
                   for name, head in sorted(found.heads.items())},
        "breaks": [str(one) for one in found.breaks],
    }  # fmt: skip


def _tell(found: Verification) -> None:
    for one in found.breaks:
        say(f"BROKEN  {one}")
    for name, head in sorted(found.heads.items()):
        say(f"{name}: {head.sequence:,} entries, the last {head.hash[:16]}…")
    say(f"{found.entries:,} entries: {'not whole' if found.breaks else 'whole'}")

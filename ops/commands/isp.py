"""`ipu isp`: read a protocol by itself.

`isp_broker` and `isp_who` have the commands with a broker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isp.agreement.access import AclRule, principals, rules
from isp.agreement.law import load_law
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import EXERCISE, Protocol, ProtocolError
from isp.agreement.protocol_file import overdue_review
from isp.agreement.review_date import review_notice
from isp.agreement.topics import DAY_MS, Names, Topic, topics
from isp.broker.signed import ReadProtocol, read_protocol
from isp.signing.signatures import keys_digest
from ops.commands.common import DEFAULT_PROTOCOL, AsJson, RunDir
from ops.commands.first_keys import key_lines
from ops.commands.isp_broker import apply, drift, plan
from ops.commands.isp_follow import follow
from ops.commands.isp_profiles import (
    index_of,
    profile_figures,
    profile_lines,
    profiles_document,
    profiles_table,
)
from ops.commands.isp_sign import exercise, key, sign
from ops.commands.isp_who import who
from ops.screen import Screen, say_json, say_lines
from ops.settings import Settings
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today

FAILED = 1
DRAFT = "a draft: nobody has signed it, so it cannot be applied; officers sign with `ipu isp sign`"

isp = typer.Typer(
    no_args_is_help=True, help="Check, sign, plan and apply Information Sharing Protocols."
)
for command in (key, sign, exercise, follow, plan, apply, drift, who):
    isp.command()(command)

ProtocolFile = Annotated[
    Path,
    typer.Argument(metavar="PROTOCOL.yaml", exists=True, dir_okay=False, help="Protocol file."),
]


@isp.command()
def check(
    protocol_file: ProtocolFile = DEFAULT_PROTOCOL,
    *,
    signed: Annotated[
        bool, typer.Option("--signed", help="Report an unsigned draft as a finding.")
    ] = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Check a protocol, and show its topics, its rights as of today, and what its profiles protect.

    For each depersonalised profile it says how exact dates and places are, and how many households a
    place has at least. If the run has a postcode index that was built for the protocol, it also
    counts the places in the partnership's districts.

    Changes nothing and needs no broker. A peripheral dataset that no requirement opens today has no
    reader and no writer, as at the broker. Exit code 0 if the protocol is valid, and unsigned or
    signed by all who must sign; else 1, with each finding's file, line and place. A protocol that
    is not signed is never applied.

    Examples:

        ipu isp check

        ipu isp check partnership.yaml --signed

        ipu isp check partnership.yaml --json | jq .topics
    """
    catalogue = load_catalogue()
    try:
        read = read_protocol(protocol_file, catalogue)
    except ProtocolError as error:
        _print_findings(str(error).splitlines(), as_json=as_json)
        raise typer.Exit(FAILED) from None
    protocol = read.protocol
    findings = overdue_review(protocol_file, protocol, london_today()) + read.findings
    if signed and read.is_draft:
        findings.append(f"{protocol_file}: {DRAFT}")
    if findings:
        _print_findings(findings, as_json=as_json)
        raise typer.Exit(FAILED)
    index, why_none = index_of(Settings.from_environment(run_dir=run_dir).run_dir, protocol)
    figures = list(profile_figures(protocol, index))
    if as_json:
        document = {**_as_document(protocol, catalogue), **_signing(read)}
        say_json({**document, "profiles": profiles_document(figures)})
    else:
        _print_table(protocol, catalogue)
        if figures:
            Screen().print(profiles_table(figures))
        say_lines("\n".join([*profile_lines(figures, why_none), *_signing_lines(read)]))


def _signing(read: ReadProtocol) -> dict[str, object]:
    protocol = read.protocol
    return {
        "signed": not read.is_draft,
        "exercise": protocol.exercise,
        "number": protocol.number,
        "follows": protocol.follows,
        "rekeyed": protocol.rekeyed,
        "digest": read.digest,
        "keys": keys_digest(protocol),
    }


def _signing_lines(read: ReadProtocol) -> Iterator[str]:
    protocol = read.protocol
    yield f"number {protocol.number}, digest {read.digest}"
    yield f"follows {protocol.follows or 'none: the first of the partnership'}"
    for name in protocol.rekeyed:
        yield f"the keys of {name!r} are replaced without a signature by {name!r} (rekeyed)"
    if read.is_draft:
        yield DRAFT
        return
    yield from key_lines(protocol)
    yield EXERCISE if protocol.exercise else "signed by all who must sign"


@isp.command()
def law(*, as_json: AsJson = False) -> None:
    """Show the legal bases and conditions that a protocol can name.

    Each has its source. With --json the markings are listed, too.

    Examples:

        ipu isp law

        ipu isp law --json | jq '.bases[] | select(.duty)'
    """
    vocabulary = load_law()
    if as_json:
        say_json(vocabulary.model_dump(mode="json"))
        return
    table = Table("name in a protocol", "meaning", "law", "source", "today")
    for entry in vocabulary.bases:
        table.add_row(entry.id, entry.title, ", ".join(entry.laws), entry.source, entry.today)
    table.add_section()
    for condition in vocabulary.conditions:
        laws = ", ".join(condition.laws)
        table.add_row(condition.id, condition.title, laws, condition.source, condition.today)
    Screen().print(table)


def _print_findings(findings: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json({"findings": findings})
        return
    for finding in findings:
        say_lines(finding, err=True)


def _as_document(protocol: Protocol, catalogue: Catalogue) -> dict[str, object]:
    closed = closed_datasets(protocol, catalogue, london_today())
    allowed = rules(protocol, closed)
    return {
        "findings": [],
        "partnership": protocol.title,
        "review": protocol.review.isoformat(),
        "principals": list(principals(protocol)),
        "not_open": sorted(closed),
        "topics": [_row(topic, protocol, allowed) for topic in topics(protocol, catalogue)],
    }


def _row(topic: Topic, protocol: Protocol, allowed: Collection[AclRule]) -> dict[str, object]:
    return {
        "name": topic.name,
        "owner": topic.owner,
        "marking": topic.marking,
        "retention_days": topic.retention_ms // DAY_MS,
        "partitions": topic.partitions,
        "writes": _who("write", topic, protocol, allowed),
        "reads": _who("read", topic, protocol, allowed),
    }


def _who(
    operation: str, topic: Topic, protocol: Protocol, allowed: Collection[AclRule]
) -> list[str]:
    names = Names(protocol.prefix)
    return sorted(
        str(names.party_of(rule.principal))
        for rule in allowed
        if (rule.operation, rule.resource, rule.name) == (operation, "topic", topic.name)
    )


def _print_table(protocol: Protocol, catalogue: Catalogue) -> None:
    table = Table(title=f"{protocol.title}: {protocol.marking}")
    table.add_column("topic", overflow="fold", ratio=1)
    for heading in ("days", "writes", "reads"):
        table.add_column(heading, overflow="fold")
    closed = closed_datasets(protocol, catalogue, london_today())
    allowed = rules(protocol, closed)
    for topic in topics(protocol, catalogue):
        who = (", ".join(_who(what, topic, protocol, allowed)) for what in ("write", "read"))
        table.add_row(topic.name, str(topic.retention_ms // DAY_MS), *who)
    console = Screen()
    console.print(table)
    console.print(f"{len(principals(protocol))} principals; review due by {protocol.review}")
    if closed:
        console.print(
            f"not open today, so nobody supplies or reads it: {', '.join(sorted(closed))}"
        )
    notice = review_notice(protocol, london_today())
    if notice is not None:
        console.print(notice, style="yellow")

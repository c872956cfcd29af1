"""Print the tables of `ipu supplies`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from ops.screen import Screen
from schemas.plain_text import visible

Document = Mapping[str, Any]

_NOTES = ("explanations", "coding_systems")
_SHORT = 8
_COUNTS = ("accepted", "cleaned", "held", "rejected")

OBSERVED = "passed to domestic alerts"
"""The row with the records whose facts were passed to domestic alerts."""


def print_lines(lines: Sequence[Document], unreadable: Sequence[Document], console: Screen) -> None:
    """Print one row per supply, then a line for each agency's supplies that could not be read."""
    table = Table(title="Supplies", box=None, collapse_padding=True)
    table.add_column("supply", no_wrap=True)
    table.add_column("agency", overflow="fold")
    table.add_column("dataset", no_wrap=True)
    table.add_column("supplied", no_wrap=True)
    for heading in ("records", "rejects", "days old", "findings"):
        table.add_column(heading, justify="right")
    for each in lines:
        table.add_row(
            each["supply_id"][:_SHORT], each["agency"], each["dataset"], each["supplied_on"],
            f"{each['records']:,}" + ("" if each["complete"] else " so far"),
            _percent(each["reject_share"]), _text(each["age_days"]), str(each["findings"]),
        )  # fmt: skip
    console.print(table)
    _print_unreadable(unreadable, console)


def print_whole(document: Document, console: Screen) -> None:
    """Print one supply: metadata, outcome, measured and claimed values, findings."""
    supply, outcome = document["supply"], document["outcome"]
    about = Table(title=f"Supply {supply['supply_id']}", show_header=False)
    about.add_column()
    about.add_column(overflow="fold")
    for name, text in _about(supply):
        if text:
            about.add_row(name, text)
    about.add_section()
    for name in _COUNTS:
        about.add_row(name, f"{outcome[name]:,}")
    if outcome["observed"]:
        about.add_row(OBSERVED, f"{outcome['observed']:,}")
    for what in ("faults", "caveats"):
        for name, count in sorted(outcome[what].items()):
            about.add_row(f"{what}: {name}", f"{count:,}")
    about.add_row("newest event", _newest(document["measured"]))
    console.print(about)
    console.print(_completeness(document))
    for finding in document["findings"]:
        console.print(f"finding: {visible(finding)}", soft_wrap=True)
    if not outcome["whole"]:
        left = supply["records"] - outcome["accepted"] - outcome["rejected"]
        console.print(f"{left:,} records have no outcome yet, so completeness is not judged")


def print_gaps(
    reports: Sequence[Document], unreadable: Sequence[Document], console: Screen
) -> None:
    """Print what each agency lacks, under the liaison officer who is responsible."""
    for report in reports:
        officer = report["liaison_officer"]
        seen_to = (
            f"{officer['post']}, {officer['contact']}" if officer else "no liaison officer named"
        )
        who = f"{report['name']} ({report['agency']}): {seen_to}"
        console.print(who, style="bold", soft_wrap=True)
        if not report["gaps"]:
            console.print("  nothing is missing")
        for gap in report["gaps"]:
            names = f" ({' or '.join(gap['fields'])})" if gap["fields"] else ""
            text = f"  {gap['dataset']} {gap['guidance']}: {gap['message']}{names}"
            console.print(text, soft_wrap=True)
    _print_unreadable(unreadable, console)


def _print_unreadable(unreadable: Sequence[Document], console: Screen) -> None:
    for each in unreadable:
        where = f"{each['agency']} {each['dataset'] or ''}".strip()
        number = "" if each["records"] is None else f"{each['records']:,} records: "
        text = f"unreadable: {where}: {number}{each['reason']}"
        console.print(visible(text), style="yellow", soft_wrap=True)


def _about(supply: Document) -> Iterator[tuple[str, str]]:
    yield "agency", supply["agency_name"] or supply["agency"]
    yield "supplier", ", ".join(t for t in (supply["supplier"], supply["contact"]) if t)
    yield "dataset", supply["dataset"]
    yield "period covered", _period(supply)
    yield "file format", supply["file_format"]
    yield "rows of the file", f"{supply['rows_read']:,}"
    yield "records supplied", f"{supply['records']:,}" + ("" if supply["complete"] else " so far")
    yield "supplied on", supply["supplied_on"]
    for what in _NOTES:
        for name, text in supply[what].items():
            yield f"{what.replace('_', ' ')}: {name}", text
    yield "geocoding", supply["geocoding"]
    for caveat in supply["caveats"]:
        yield "caveat", caveat
    yield "duties", supply["duties"]


def _completeness(document: Document) -> Table:
    measured, claims = document["measured"], document["claimed"] or {}
    claimed = claims.get("completeness", {})
    table = Table(title="Completeness")
    for heading in ("datafield", "given", "usable", "claimed"):
        table.add_column(heading, justify="left" if heading == "datafield" else "right")
    for name in measured["given"] or measured["completeness"] or claimed:
        shares = (measured["given"], measured["completeness"], claimed)
        table.add_row(name, *(_percent(each.get(name)) for each in shares))
    return table


def _newest(measured: Document) -> str:
    if measured["newest_event"] is None:
        return "–"
    return f"{measured['newest_event']}, {measured['age_days']:,} days before the supply"


def _period(about: Document) -> str:
    if about["period_from"] is None and about["period_to"] is None:
        return "–"
    return f"{_text(about['period_from'])} to {_text(about['period_to'])}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _text(value: object) -> str:
    return "–" if value is None else str(value)

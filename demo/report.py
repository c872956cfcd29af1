"""Print tables of what the demo has measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.panel import Panel
from rich.table import Table

from demo.access_table import Answer
from demo.alert_table import alert_table, duty_desk
from demo.alerts import AlertSeen
from demo.case import CaseSeen
from demo.emerging import SpateSeen
from demo.emerging_table import emerging_table, in_words
from demo.hub import HubSeen, hub_table
from demo.tables import empty_table
from isp.agreement.topics import Topic
from ops.screen import Screen

WIDTH = 100
_DIGEST = re.compile(r"[0-9a-f]{32}")
_OF_ONE_AGENCY = frozenset({"intake", "rejected", "receipts", "supplies", "letters", "inbox"})
_OF_ONE_PARTY = frozenset({"acknowledgements", "alerts", "deliveries", "findings", "staff"})
_EMPTY = "–"
_UNTOLD = ("record_id", "source_agency", "caveats")


@dataclass(frozen=True, slots=True)
class Supplied:
    """The outcome of one agency's dataset, from its receipts."""

    agency: str
    dataset: str
    supplied: int
    cleaned: int
    held: int
    rejected: int
    released: Mapping[str, int]


class StreetsKept(NamedTuple):
    """The number of records of a dataset supplied with an address, and of those released with a street."""

    dataset: str
    records: int
    kept: int


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the demo has measured."""

    supplies: Sequence[Supplied]
    sample: Mapping[str, Mapping[str, Any]]
    streets: StreetsKept
    answers: Sequence[Answer]
    refusals: Sequence[tuple[str, str]]
    case: CaseSeen
    alert: AlertSeen
    emerging: SpateSeen
    hub: HubSeen
    latency: Mapping[str, float]
    live_records: int
    live_rate: float
    seconds: float


def show(console: Screen, findings: Findings, parties: Sequence[str]) -> None:
    """Print the report, as wide as its tables need."""
    console = Screen(file=console.file, width=max(console.width, WIDTH))
    console.print(_supplies(findings.supplies))
    console.print(_sample(findings.sample))
    console.print(_streets(findings.streets), style="italic", soft_wrap=True)
    console.print(_answers(findings, parties))
    console.print(_refusals(findings.refusals))
    console.print(_case(findings.case))
    console.print(alert_table(findings.alert))
    console.print(duty_desk(findings.alert))
    console.print(emerging_table(findings.emerging))
    console.print(in_words(findings.emerging))
    console.print(hub_table(findings.hub))
    console.print(_latency(findings))


def _supplies(supplies: Sequence[Supplied]) -> Table:
    table = empty_table(
        "What the agencies supplied, by their receipts, and how much of it went to each profile",
        apart=1,
    )
    table.add_column("agency", no_wrap=True)
    table.add_column("dataset", no_wrap=True)
    profiles = sorted({profile for s in supplies for profile in s.released})
    for heading in ("supplied", "cleaned", "rejected", "held", *profiles):
        table.add_column(heading, justify="right", no_wrap=True)
    for s in supplies:
        released = [f"{s.released[p]:,}" if p in s.released else "–" for p in profiles]
        counts = [f"{n:,}" for n in (s.supplied, s.cleaned, s.rejected, s.held)]
        table.add_row(s.agency, s.dataset, *counts, *released)
    return table


def _sample(forms: Mapping[str, Mapping[str, Any]]) -> Table:
    table = empty_table("One record: as supplied, and as each profile's readers have it")
    table.add_column("datafield")
    for form in forms:
        table.add_column(form, overflow="fold")
    fields = dict.fromkeys(f for form in forms.values() for f in form if f not in _UNTOLD)
    cells = {field: [_shown(form, field) for form in forms.values()] for field in fields}
    for field, shown in cells.items():
        if set(shown) != {_EMPTY}:
            table.add_row(field, *shown)
    empty = sum(set(shown) == {_EMPTY} for shown in cells.values())
    if empty:
        table.caption = f"datafields that are empty in all of them: {empty}"
        table.caption_justify = "left"
    return table


def _streets(streets: StreetsKept) -> str:
    share = f"{streets.kept / streets.records:.0%}" if streets.records else _EMPTY
    counted = f"{streets.kept:,} of {streets.records:,}"
    return f"{streets.dataset} in central, of records with an address: {share} have a street ({counted})"


def _shown(form: Mapping[str, Any], field: str) -> str:
    value = form.get(field)
    if value is None or value == "":
        return _EMPTY
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f"{text[:8]}…" if _DIGEST.fullmatch(text) else text


def _answers(findings: Findings, parties: Sequence[str]) -> Table:
    table = empty_table(
        f"Who could read what: each of the {len(parties)} partners' own principals tried every topic\n"
        f"(police-incident with the {findings.live_records:,} records of the live phase)"
    )
    table.add_column("topic", no_wrap=True)
    table.add_column("records", justify="right")
    table.add_column("read by", style="green")
    table.add_column("denied to", justify="right", style="red")
    for group in _alike(findings.answers):
        table.add_row(group.named, f"{group.records:,}", group.readers, group.denied)
    return table


class _Topics(NamedTuple):
    """Topics of one family with the same kind of readers."""

    named: str
    records: int
    readers: str
    denied: str


def _alike(answers: Sequence[Answer]) -> list[_Topics]:
    """Return one row per topic; topics that only their own agency reads, or nobody, are grouped."""
    rows: dict[str, list[Answer]] = {}
    for answer in answers:
        topic = answer.topic
        own = topic.family in _OF_ONE_AGENCY | _OF_ONE_PARTY and _is_own(answers, topic)
        rows.setdefault(_of_any_agency(topic) if own else topic.name, []).append(answer)
    return [_row(name, group) for name, group in rows.items()]


def _row(name: str, group: Sequence[Answer]) -> _Topics:
    topics = {answer.topic.name for answer in group}
    read = [answer for answer in group if answer.records is not None]
    readers = list(dict.fromkeys(answer.party for answer in read))
    parties = {answer.party for answer in group}
    records = {answer.topic.name: answer.records or 0 for answer in read}
    if name in topics:
        who = "everybody" if set(readers) == parties else ", ".join(readers) or "nobody"
        return _Topics(name, sum(records.values()), who, str(len(parties) - len(readers)))
    who = "that agency" if readers else "nobody"
    denied = str(len(parties) - bool(readers))
    if group[0].topic.family == "supplies":
        who, denied = "that agency and who receives its data", "the others"
    return _Topics(f"{name}… ({len(topics)} topics)", sum(records.values()), who, denied)


def _of_any_agency(topic: Topic) -> str:
    """Return the pattern for the topics of one family, of any agency."""
    if topic.family in _OF_ONE_PARTY:
        return f"{topic.name.rpartition('.')[0]}.<agency>"
    return f"{topic.name.partition('.')[0]}.{topic.family}.<agency>"


def _is_own(answers: Sequence[Answer], topic: Topic) -> bool:
    """Return True if only its agency reads a topic.

    For supplies, if its agency is one of the readers.
    """
    readers = _readers(answers, topic)
    owner = topic.name.rpartition(".")[2] if topic.family in _OF_ONE_PARTY else topic.agency
    return owner in readers if topic.family == "supplies" else readers <= {owner}


def _readers(answers: Sequence[Answer], topic: Topic) -> set[str]:
    return {a.party for a in answers if a.topic.name == topic.name and a.records is not None}


def _refusals(refusals: Sequence[tuple[str, str]]) -> Table:
    table = empty_table("What the protocol does not allow, tried for real")
    table.add_column("attempt", overflow="fold")
    table.add_column("the broker's answer")
    for attempt, answer in refusals:
        table.add_row(attempt, answer)
    return table


def _case(seen: CaseSeen) -> Table:
    table = empty_table(
        "One case: the council asks the police about one household (a made-up conference)"
    )
    table.add_column("step", no_wrap=True)
    table.add_column("what was seen", overflow="fold")
    table.add_row(
        "asked", "signed with the council's officer's key; only named fields, for 28 days"
    )
    table.add_row("approved", "signed with the police's officer's key")
    table.add_row(
        "disclosed",
        f"records: {seen.records}, encrypted to the council, {seen.opened_seconds:.1f} s after it asked",
    )
    table.add_row("denied to", f"{seen.denied} of {seen.asked} other partners")
    table.add_row("destroyed", ", ".join(seen.destroyed) or "not in time")
    return table


def _latency(findings: Findings) -> Panel:
    figures = "   ".join(
        f"{name.removesuffix('_ms')} {value:.0f} ms" for name, value in findings.latency.items()
    )
    text = (
        f"{findings.live_records:,} records at {findings.live_rate:.0f} a second, from publishing "
        f"to readable by the council: {figures}"
    )
    return Panel(text, title="Live", title_align="left")

"""`ipu hub table`: counts of records that may be passed on, from a party's copy of the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isp.agreement.protocol_file import load_protocol
from isp.audit.shares import read_share
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    recorder_of,
    running_stack,
)
from ops.commands.hub_copy import Partner, Patience, fresh_copy
from ops.outputs import check_files
from ops.screen import say, say_json
from schemas.catalogue import load_catalogue
from transport.client_names import COMMANDS

if TYPE_CHECKING:
    from connectors.hub.dimensions import Dimension
    from ops.commands.hub_table_source import Source
    from sanitiser.counts.periods import Span
    from sanitiser.counts.table import Question

_SUBJECT_BYTES = 16
_PURPOSE = b"ipu/count-asked"

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Such as police-incident.")]
Rows = Annotated[str, typer.Option(help="What the rows are: month, ward, incident_type, …")]
Columns = Annotated[
    str | None, typer.Option(help="What the columns are; default: the total alone.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="DIMENSION=VALUE", help="Count only records that have this value."),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="First month; default: that of a year."),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="Last month; default: the newest that can be counted."),
]
Profile = Annotated[
    str | None, typer.Option(help="Release profile; default: the fullest that the party may read.")
]
Out = Annotated[Path | None, typer.Option(help="Write the table to a CSV file of mode 0600.")]


def table(
    dataset: Dataset,
    *,
    party: Partner,
    rows: Rows = "month",
    columns: Columns = None,
    only: Only = None,
    since: Since = None,
    until: Until = None,
    profile: Profile = None,
    out: Out = None,
    wait: Patience = 300.0,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Print counts of a dataset's records that may be passed on.

    Small counts are not shown. Other counts are changed a little, always in the same way, and rounded to 5;
    totals too, on their own. A count has one unit of time (month, quarter or year) and at most two other
    dimensions: one of ward, lsoa, sector and district, and weekday, hour and coded fields. A month is counted
    once, 28 days after its end at the earliest. A question is written to the audit before it is answered.

    Examples:

        ipu hub table police-incident --as council --rows ward --columns quarter

        ipu hub table police-incident --as council --rows sector --only incident_type=noise

        ipu hub table police-incident --as council --since 2025-01 --until 2025-12 --out year.csv
    """
    from ops.commands.hub_table_output import Answer, print_answer, write_csv
    from ops.commands.hub_table_source import counts_key, find_source

    check_files({"--out": out})
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    source = find_source(stack.run_dir, agreed, catalogue, party, dataset, profile)
    question = _question(source, rows, columns, only or (), since, until)
    account = account_of(agreed, party, stack)
    copy = fresh_copy(stack, agreed, catalogue, party, wait)
    key = counts_key(stack, agreed)
    made = source.answer(stack.run_dir, key, copy, question)
    recorder = recorder_of(stack, agreed, catalogue, COMMANDS)
    recorder.write(_entry(account.principal, source, question, key))
    answer = Answer(made, question, source)
    if out is not None:
        write_csv(answer, out)
        say(f"{out}   (yours alone: mode 0600)", err=True)
    if as_json:
        say_json(answer.document())
    elif out is None:
        print_answer(answer)


def _question(
    source: Source,
    rows: str,
    columns: str | None,
    only: Iterable[str],
    since: str | None,
    until: str | None,
) -> Question:
    from connectors.hub.dimensions import check_one_area
    from sanitiser.counts.periods import MONTHS_IN
    from sanitiser.counts.table import Question

    dimensions = source.counted.dimensions
    for option, name in (("--rows", rows), ("--columns", columns)):
        if name is not None and name not in MONTHS_IN and name not in dimensions:
            raise _unknown(name, (*MONTHS_IN, *dimensions), option)
    values = _values(only, dimensions)
    try:
        units = [name for name in (rows, columns) if name in MONTHS_IN]
        span = _span(since, until, units, source.months)
        question = Question(source.table.topic.name, span, rows, columns, values)
        check_one_area(question, dimensions)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return question


def _unknown(given: str, accepted: Iterable[str], option: str) -> typer.BadParameter:
    message = f"{given!r} is no dimension of these records; accepted: {', '.join(accepted)}"
    return typer.BadParameter(message, param_hint=option)


def _values(only: Iterable[str], dimensions: Mapping[str, Dimension]) -> dict[str, str]:
    """Return the value of each dimension that all counted records are to have."""
    values = {}
    for given in only:
        name, _, value = given.partition("=")
        dimension = dimensions.get(name)
        if dimension is None:
            raise _unknown(name, dimensions, "--only")
        if not dimension.has(value):
            message = f"{name}: {value!r}; accepted: {dimension.accepted}"
            raise typer.BadParameter(message, param_hint="--only")
        if name in values:
            message = f"{name} is given twice; accepted: one value of each dimension"
            raise typer.BadParameter(message, param_hint="--only")
        values[name] = value
    return values


def _span(since: str | None, until: str | None, units: list[str], months: Span) -> Span:
    """Return the months from the first to the last, of those that can be counted.

    Raises:
        ValueError: a month is wrong or cannot be counted, or the months are not whole units.
    """
    from sanitiser.counts.periods import Span, read_month, usual_span

    unit = units[0] if units else "month"
    usual = usual_span(unit, months)
    last = usual.last if until is None else read_month(until)
    first = min(usual.first, last) if since is None else read_month(since)
    span = Span(first, last)
    if not months.first <= first <= last <= months.last:
        raise ValueError(f"{span.label} cannot be counted; accepted: within {months.label}")
    span.each(unit)
    return span


def _entry(principal: str, source: Source, question: Question, key: bytes) -> dict[str, Any]:
    """Return the entry of the audit. It has a keyed digest of the question, and no value of a filter."""
    told = json.dumps([*question.dimensions, *question.span, question.only]).encode()
    subject = hashlib.blake2b(told, key=key, person=_PURPOSE, digest_size=_SUBJECT_BYTES)
    topic = source.table.topic
    return {
        "actor": principal,
        "action": "read",
        "dataset": topic.dataset,
        "subject": subject.hexdigest(),
        "outcome": "done",
        "counts": {"dimensions": len(question.dimensions)},
        "shares": [read_share(topic, principal, 1)],
    }

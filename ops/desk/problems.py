"""Lay out the emerging problems of a recipient as tables and lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from connectors.emerging.finding import FADED, Finding
from connectors.emerging.picture import History, Picture
from ops.desk.rows import clock

_BARS: Final = "▁▂▃▄▅▆▇█"
_STREETS = 2
_GROWTH = 8
"""Versions whose growth is shown."""

_CENTURY_DAYS = 36_525
_STRONG, _PROVISIONAL, _FAINT = "bold", "yellow", "dim"
_UNKNOWN = "not measured"


def open_table(picture: Picture, *, is_narrow: bool = False) -> Table:
    """Return the table of the open problems, the strongest first. A narrow one has no growth and no p."""
    last = ("by chance",) if is_narrow else ("p", "by chance")
    table = _table("Open problems, the strongest first", *last, is_narrow=is_narrow)
    for history in picture.open():
        newest = history.newest
        status = f"{newest.status}\n{'provisional' if newest.provisional else ''}".rstrip()
        p = () if is_narrow else (f"{newest.p:.2g}",)
        table.add_row(
            f"{newest.id}\n{status}",
            *_common(history, is_narrow=is_narrow),
            *p,
            f"1 in {once_in(newest)}\n{_measured(newest)}",
            style=_style(newest),
        )
    return table


def ended_table(picture: Picture, *, is_narrow: bool = False) -> Table:
    """Return the table of the problems that are closed, the last to close first."""
    table = _table("How the others ended", "ended", is_narrow=is_narrow)
    for history in picture.ended():
        newest = history.newest
        ended = f"{newest.ended or newest.status}\n{clock(newest.made)}"
        table.add_row(newest.id, *_common(history, is_narrow=is_narrow), ended, style=_FAINT)
    return table


def details(history: History) -> Iterator[str]:
    """Yield the lines that describe one problem, with its evidence, sources, records and versions."""
    newest, message = history.newest, history.newest.message
    yield newest.message["words"]
    yield ""
    provisional = ", provisional" if newest.provisional else ""
    yield f"problem: {newest.id}, version {newest.version}, {newest.status}{provisional}"
    if newest.ended:
        yield f"ended: {newest.ended}"
    yield f"what: {newest.what} ({_counted(message['types'])})"
    yield f"where: {where(newest)} around {message['easting']}, {message['northing']} (EPSG:27700)"
    yield f"since: {newest.since}, as of {newest.until}; first told {clock(newest.opened)}"
    yield f"observed: {newest.observed}, expected: {newest.expected:.2f} ({newest.ratio:.1f} times)"
    yield f"detector: {newest.kind.replace('_', '-')}; {_evidence(message)}"
    yield f"p: {newest.p:.3g}; {_p_values(message)}"
    yield (
        f"by chance alone: once in {once_in(newest)} over all {message['series_tested']} series, once in "
        f"{_days(message['recurrence_interval_days'])} in this one"
    )
    yield f"alarms at this level, measured by replays: {_measured(newest)}"
    yield from map(_source, message["sources"])
    yield from map(_same_event, message["same_events"])
    yield f"records: {len(message['records'])}"
    for record in message["records"]:
        joined = " (joined with this version)" if record["joined"] else ""
        yield f"  {record['dataset']} {record['record_id']}{joined}"
    yield "versions:"
    for version in history.versions:
        yield (
            f"  {version.version} {clock(version.made)} {version.status}: {version.observed} of "
            f"{version.expected:.1f} expected, p {version.p:.2g}"
        )


def where(finding: Finding) -> str:
    """Return districts, the first streets and the radius of a finding."""
    message = finding.message
    streets = ", ".join(message["streets"][:_STREETS])
    if len(message["streets"]) > _STREETS:
        streets += " and others"
    places = [", ".join(message["areas"]), streets, f"within {message['radius_m']} m"]
    return "; ".join(filter(None, places))


def once_in(finding: Finding) -> str:
    """Return the recurrence interval over all series and places of the recipient."""
    return _days(finding.once_in_days)


def bars(counts: Sequence[int]) -> str:
    """Return one bar for each count, the largest at full height."""
    most = max(counts, default=0)
    if most <= 0:
        return _BARS[0] * len(counts)
    return "".join(_BARS[max(count, 0) * (len(_BARS) - 1) // most] for count in counts)


def _table(title: str, *last: str, is_narrow: bool) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("problem", no_wrap=True)
    table.add_column("what and where", overflow="fold")
    if not is_narrow:
        table.add_column("since", no_wrap=True)
    table.add_column("observed", justify="right", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    if not is_narrow:
        table.add_column("growth", no_wrap=True)
    for name in last:
        table.add_column(name, no_wrap=True)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    return table


def _common(history: History, *, is_narrow: bool) -> tuple[str, ...]:
    newest, growth = history.newest, history.growth[-_GROWTH:]
    what = f"{newest.what} ({newest.kind.replace('_', '-')})\n{where(newest)}"
    counts = (str(newest.observed), f"{newest.expected:.1f}")
    if is_narrow:
        return f"{what}\n{_day(newest.since)} to {_day(newest.until)}", *counts
    numbers = f"{growth[0]} to {growth[-1]}" if len(growth) > 1 else ""
    return (
        what,
        f"{_day(newest.since)}\nto {_day(newest.until)}",
        *counts,
        f"{bars(growth)}\n{numbers}".rstrip(),
    )


def _style(finding: Finding) -> str:
    if finding.status == FADED:
        return _FAINT
    return _PROVISIONAL if finding.provisional else _STRONG


def _day(day: date) -> str:
    return f"{day:%d %b}"


def _days(days: float) -> str:
    return f"{days:,.0f} days" if days < _CENTURY_DAYS else "100+ years"


def _measured(finding: Finding) -> str:
    measured = finding.alarms_per_year
    if measured is None:
        return _UNKNOWN
    if measured == 0:
        return f"none in {finding.message['replayed_years']:.3g} years"
    return f"{measured:.2f} a year"


def _counted(types: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(types.items()))


def _evidence(message: Mapping[str, Any]) -> str:
    named = {"statistic": message["statistic"], **message["evidence"]}
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in named.items())


def _p_values(message: Mapping[str, Any]) -> str:
    both = [
        f"{name} {message[field]:.3g}"
        for name, field in (("Monte Carlo", "p_monte_carlo"), ("Gumbel", "p_gumbel"))
        if message[field] is not None
    ]
    used = f"used: {message['p_method'].replace('_', ' ')}"
    replicates = f"{message['replicates']} replicates" if message["replicates"] else ""
    return ", ".join(filter(None, [*both, used, replicates]))


def _source(source: Mapping[str, Any]) -> str:
    newest, complete = source["newest_day"], source["completeness"]
    said = [
        f"{source['cases']} cases",
        "newest day unknown" if newest is None else f"supplied to {newest}",
        "completeness unknown" if complete is None else f"{complete:.0%} complete",
    ]
    if source["missing_days"]:
        said.append(f"days without a supply, taken out: {source['missing_days']}")
    return f"source: {source['agency']} {source['dataset']}: {', '.join(said)}"


def _same_event(same: Mapping[str, Any]) -> str:
    return f"one event, counted once: {', '.join(same['records'])} ({same['confidence']:.0%} sure)"

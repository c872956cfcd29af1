"""Print the outcome of `ipu detect`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.table import Table

from detection.emerging.words import many
from offline.detect.document import document_of
from offline.detect.reading import Events
from offline.detect.running import Outcome
from ops.screen import Screen

Document = dict[str, Any]

_YEAR, _LONGEST_YEARS = 365.25, 100
_MARK = "*"
_MARKED = f"{_MARK} fewer than 10 replicates are as high: p of their Gumbel distribution"


def print_outcome(read: Events, outcome: Outcome, console: Screen) -> None:
    """Print a row per cluster, and lines on what was scanned."""
    document = document_of(read, outcome)
    if document["clusters"]:
        names = _first_name if outcome.sites.ids_are_sites else _number
        console.print(_table(document["clusters"], document["settings"], names))
        if any(each["p_method"] == "gumbel" for each in document["clusters"]):
            console.print(_MARKED, soft_wrap=True)
    else:
        console.print("no circle has more events than expected")
    for line in (_scanned(document), *_left_out(document["counts"])):
        console.print(line, soft_wrap=True)


def recurrence_text(days: float) -> str:
    """Return a recurrence interval in words."""
    if days < _YEAR:
        return "1 day" if round(days) <= 1 else f"{days:,.0f} days"
    years = days / _YEAR
    return f"{years:,.1f} years" if years < _LONGEST_YEARS else f"{_LONGEST_YEARS}+ years"


def _table(
    clusters: Sequence[Document], settings: Document, sites: Callable[[Sequence[str]], str]
) -> Table:
    title = f"Clusters as of {settings['as_of']}"
    table = Table(title=title, box=None, collapse_padding=True, pad_edge=False)
    for heading in ("", "llr", "p", "recurs in", "obs", "exp"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("since", no_wrap=True)
    table.add_column("centre", no_wrap=True)
    table.add_column("radius", justify="right", no_wrap=True)
    table.add_column("sites", overflow="fold")
    for rank, each in enumerate(clusters, 1):
        table.add_row(
            str(rank), f"{each['llr']:.3f}", _p(each),
            recurrence_text(each["recurrence_interval_days"]),
            f"{each['observed']:,}", f"{each['expected']:.2f}", each["from"],
            ",".join(f"{metres:.0f}" for metres in each["centre"]), f"{each['radius_m']:,.0f} m",
            sites(each["sites"]),
        )  # fmt: skip
    return table


def _p(cluster: Document) -> str:
    mark = _MARK if cluster["p_method"] == "gumbel" else ""
    return f"{cluster['p']:.3g}{mark}"


def _first_name(names: Sequence[str]) -> str:
    more = len(names) - 1
    return names[0] + (f" + {more:,}" if more else "")


def _number(names: Sequence[str]) -> str:
    """Return the number of sites that have no names of their own."""
    return f"{len(names):,}"


def _scanned(document: Document) -> str:
    settings, counts = document["settings"], document["counts"]
    of_type = f" of type {settings['type']}" if settings["type"] else ""
    return (
        f"scanned: {many(counts['cases'], 'event')}{of_type} at {many(counts['sites'], 'site')} from "
        f"{settings['study_from']} to {settings['as_of']}; circles to {settings['radius_m']:,} m, "
        f"windows to {many(settings['window_days'], 'day')}, {settings['replicates']:,} replicates, "
        f"seed {settings['seed']}, strata {settings['strata']}"
    )


def _left_out(counts: Document) -> list[str]:
    lines = [
        f"rows left out, {reason}: {number:,}"
        for reason, number in counts["rows_left_out"].items()
        if number
    ]
    outside = counts["cases_outside_the_study_period"]
    return [*lines, *([f"events outside the study period: {outside:,}"] if outside else [])]

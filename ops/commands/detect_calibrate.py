"""`ipu detect calibrate`: measure how often chance alone gives an alarm."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from ops.commands.common import AsJson
from ops.commands.detect_options import (
    File,
    Radius,
    Replicates,
    Seed,
    Share,
    Strata,
    StrataOption,
    Window,
    note_degrees,
    read_file,
)
from ops.commands.progress import progress_bar
from ops.screen import Screen, say_json

_BOUND_OF_NONE = 3.0
"""If no event was seen, fewer than so many are expected, with 95 % confidence (Poisson)."""


def calibrate(
    file: File,
    *,
    types: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with the types; each is scanned by itself. Default: that of the layout.",
        ),
    ] = None,
    replays: Annotated[
        int | None,
        typer.Option(
            min=1, help="Replays of the whole file. Default: as many as have a year together."
        ),
    ] = None,
    radius: Radius = 1_000.0,
    share: Share = 0.5,
    window: Window = 7,
    study_days: Annotated[
        int, typer.Option(min=2, help="Days of the study period of each evaluation.")
    ] = 182,
    replicates: Replicates = 999,
    minimum_cases: Annotated[int, typer.Option(min=2, help="Fewest events of an alarm.")] = 4,
    seed: Seed = 0,
    strata: StrataOption = Strata.WEEKDAY,
    as_json: AsJson = False,
) -> None:
    """Measure how many alarms a year chance alone gives, over all types and places of a file.

    The file is replayed with the days of its events permuted, so that no cluster is more than
    chance. Each day has an evaluation, and a look after each event, as the detecting agent has. An
    alarm is a new problem at a level: that of 365 days is to be reached by chance once in 365 days.
    The first days of the file, as many as the study period has, are not replayed.

    A recurrence interval does not say this: it is of one analysis of one type.

    Examples:

        ipu detect calibrate released.csv --replays 5

        ipu detect calibrate events.csv --types category --study-days 90 --json | jq .levels
    """
    from offline.detect.calibrating import Measure, measure_alarms

    console = Screen(stderr=True, quiet=as_json)
    read = read_file(file, console, types=types)
    note_degrees(read, radius)
    measure = Measure(
        radius, share, window, study_days, replicates, minimum_cases, seed, strata.value, replays
    )
    with progress_bar(console, "replaying") as shown:
        measured = measure_alarms(read, measure, shown)
    document = measured.document()
    if as_json:
        say_json(document)
    else:
        _print(document, Screen())


def _print(document: dict[str, Any], console: Screen) -> None:
    table = Table(title="Alarms by chance alone", box=None, collapse_padding=True, pad_edge=False)
    for heading in ("level", "alarms", "a year", "at most, by the level"):
        table.add_column(heading, justify="right")
    counts, settings = document["counts"], document["settings"]
    for each in document["levels"]:
        table.add_row(
            f"{each['level_days']:,} days", f"{each['alarms']:,}",
            _per_year(each, counts["replayed_years"]), f"{each['at_most_per_year']:.2f}",
        )  # fmt: skip
    console.print(table)
    if any(not each["alarms"] for each in document["levels"]):
        console.print("below: no alarm was seen; the bound holds 19 times of 20", soft_wrap=True)
    console.print(
        f"replayed: {counts['replayed_years']:.1f} years of {counts['cases']:,} events in "
        f"{len(counts['series']):,} series; strata {settings['strata']}, "
        f"{settings['replicates']:,} replicates, seed {settings['seed']}",
        soft_wrap=True,
    )


def _per_year(level: dict[str, Any], years: float) -> str:
    if level["alarms"]:
        return f"{level['alarms_per_year']:.2f}"
    return f"below {_BOUND_OF_NONE / years:.2f}"

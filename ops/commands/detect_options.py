"""Options that `ipu detect` and its commands share, and the reading of their file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.progress import progress_bar
from ops.screen import Screen, say
from schemas.london import london_today

if TYPE_CHECKING:
    from offline.detect.reading import Events
    from offline.detect.running import Outcome

_DEGREES = 180
_LONGEST_RADIUS_M = 1_000_000


class Strata(StrEnum):
    """Sets of events whose days may be exchanged."""

    NONE = "none"
    WEEKDAY = "weekday"


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="CSV with id,easting,northing,date and perhaps count, or a release; plain, gzip or xz.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Last day of the windows. Default: the newest day of FILE."),
]
Radius = Annotated[
    float, typer.Option(min=0, max=_LONGEST_RADIUS_M, help="Largest radius of a circle, in metres.")
]
Share = Annotated[
    float, typer.Option(min=0.001, max=1, help="Largest share of all events in one circle.")
]
Window = Annotated[int, typer.Option(min=1, max=366, help="Longest window, in days.")]
StudyDays = Annotated[
    int | None,
    typer.Option(min=2, help="Days of the study period. Default: all up to the as-of day."),
]
Replicates = Annotated[
    int, typer.Option(min=9, max=99_999, help="Random permutations for the p-values.")
]
Seed = Annotated[
    int, typer.Option(min=0, help="Start of the random numbers; the same seed, the same result.")
]
StrataOption = Annotated[
    Strata,
    typer.Option(
        help="Which days are exchanged with one another: all, or only those of the same weekday "
        "and agency, bank holidays apart."
    ),
]
MinimumCases = Annotated[int, typer.Option(min=2, help="Fewest events of a cluster.")]
OfType = Annotated[
    str | None,
    typer.Option("--type", metavar="CODE", help="Only events of this type, or class of types."),
]


def read_file(
    file: Path, console: Screen, of_type: str | None = None, types: str | None = None
) -> Events:
    """Read the events of a file, with progress. `types` is the column with their types.

    Raises:
        DetectError: the file is bad.
    """
    from offline.detect.reading import read_events
    from schemas.catalogue import load_catalogue

    with progress_bar(console, "reading") as shown:
        return read_events(file, load_catalogue(), of_type, shown, types=types)


def note_degrees(read: Events, radius: float) -> None:
    """Say on standard error that all points are so near to 0,0 that they may be degrees."""
    within = all(abs(e.easting) <= _DEGREES and abs(e.northing) <= _DEGREES for e in read.events)
    if within and radius > _DEGREES:
        say("every point is within 180 m of 0,0: degrees? accepted: metres", err=True)


def note_days(read: Events, outcome: Outcome) -> None:
    """Say on standard error that the as-of day is in the future, or that no event is in a window."""
    from offline.detect.days import iso_of

    last, window = outcome.period.last, outcome.order.window
    if iso_of(last) > london_today().isoformat():
        say(f"the as-of day {iso_of(last)} is in the future; --as-of sets it", err=True)
    newest = max(e.day for e in read.events if e.day is not None and e.cases and e.day <= last)
    if newest <= last - window:
        between = f"the {window} days to {iso_of(last)}"
        message = f"no event is in {between}: the newest before is of {iso_of(newest)}"
        say(f"{message}; --as-of and --window set the days", err=True)

"""`ipu detect`: find clusters of events in a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.common import AsJson
from ops.commands.file_or_command import FileOrCommand
from ops.commands.progress import progress_bar
from ops.extras import need
from ops.outputs import check_outputs
from ops.screen import Screen, json_text, say, say_json

if TYPE_CHECKING:
    from offline.detect.reading import Events
    from offline.detect.running import Order, Outcome

detect = typer.Typer(cls=FileOrCommand)

STDOUT = Path("-")
_DEGREES = 180


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
Radius = Annotated[float, typer.Option(min=0, help="Largest radius of a circle, in metres.")]
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


@detect.callback()
def scan_file(
    file: File,
    *,
    as_of: AsOf = None,
    radius: Radius = 1_000.0,
    share: Share = 0.5,
    window: Window = 7,
    study_days: StudyDays = None,
    replicates: Replicates = 999,
    seed: Seed = 0,
    strata: StrataOption = Strata.NONE,
    minimum_cases: MinimumCases = 2,
    most: Annotated[int, typer.Option(min=1, help="Most clusters that are shown.")] = 10,
    of_type: OfType = None,
    as_json: AsJson = False,
    geojson: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the clusters as GeoJSON; with -, to standard output."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a map as a PNG (extra plot).")
    ] = None,
) -> None:
    """Find clusters of events in a file, by a scan of space and time.

    The scan is the prospective space-time permutation scan of Kulldorff et al. (2005), with the
    conventions of SaTScan: circles around each site, windows that end on the as-of day, high rates.
    It needs counts only. Clusters are shown best first, without overlap. The p-value is that of the
    Monte Carlo test; if fewer than 10 replicates are as high, that of their Gumbel distribution.

    FILE has the columns id,easting,northing,date and perhaps count, type and source_agency, in
    metres. An id is that of a site or of a record. A row with the count 0 is a site without events.
    A date is 2026-03-30 or 2026/03/30. Or FILE is a release, of `ipu sanitise` or `ipu read`
    (.jsonl): rows without a day or a point are left out and counted.

    A single analysis has that p-value; of many a year, some are low by chance. `ipu detect
    calibrate` measures how many. Exit code 0 with or without clusters, 1 if FILE has a bad row.

    Examples:

        ipu detect events.csv --as-of 2026-03-30 --radius 1500 --window 7

        ipu detect released.csv --type violence --strata weekday --json | jq '.clusters[0]'

        ipu detect events.csv --geojson clusters.geojson --plot clusters.png
    """
    _check(file, geojson, plot, as_json=as_json)
    if plot is not None:
        need("plot")
    from offline.detect.running import Order

    order = Order(
        as_of=_day(as_of), radius=radius, share=share, window=window, study_days=study_days,
        replicates=replicates, seed=seed, strata=strata.value, minimum=minimum_cases, most=most,
    )  # fmt: skip
    console = Screen(stderr=True, quiet=as_json)
    read = read_file(file, of_type, console)
    note_degrees(read, radius)
    outcome = _scanned(read, order, console)
    _write(outcome, geojson, plot)
    if as_json:
        from offline.detect.document import document_of

        say_json(document_of(read, outcome))
    elif geojson != STDOUT:
        from ops.commands.detect_table import print_outcome

        print_outcome(read, outcome, Screen())


def read_file(file: Path, of_type: str | None, console: Screen) -> Events:
    """Read the events of a file, with progress.

    Raises:
        DetectError: the file is bad.
    """
    from offline.detect.reading import read_events
    from schemas.catalogue import load_catalogue

    with progress_bar(console, "reading") as shown:
        read = read_events(file, load_catalogue(), of_type, shown)
    _check_type(read, of_type)
    return read


def note_degrees(read: Events, radius: float) -> None:
    """Say on standard error that all points are so near to 0,0 that they may be degrees."""
    within = all(abs(e.easting) <= _DEGREES and abs(e.northing) <= _DEGREES for e in read.events)
    if within and radius > _DEGREES:
        say("every point is within 180 m of 0,0: degrees? accepted: metres", err=True)


def _check_type(read: Events, of_type: str | None) -> None:
    if of_type is None or read.events:
        return
    if not read.has_types:
        message = "the file has no column with the type of an event"
        raise typer.BadParameter(message, param_hint="--type")
    found = ", ".join(code for code, _ in read.types.most_common(20) if code) or "none"
    message = f"no event has the type {of_type!r}; accepted: {found}"
    raise typer.BadParameter(message, param_hint="--type")


def _scanned(read: Events, order: Order, console: Screen) -> Outcome:
    from offline.detect.running import detect as scanned

    with progress_bar(console, "scanning") as shown:
        return scanned(read, order, shown)


def _write(outcome: Outcome, geojson: Path | None, plot: Path | None) -> None:
    if geojson is not None:
        from offline.detect.geojson import geojson_of
        from offline.private_file import private_file

        features: dict[str, Any] = geojson_of(outcome)
        if geojson == STDOUT:
            say_json(features)
        else:
            with private_file(geojson) as stream:
                stream.write(json_text(features).encode() + b"\n")
    if plot is not None:
        from offline.detect.plot import draw

        draw(outcome, plot)


def _check(file: Path, geojson: Path | None, plot: Path | None, *, as_json: bool) -> None:
    if as_json and geojson == STDOUT:
        message = "only one of --json and --geojson - can be on standard output"
        raise typer.BadParameter(message, param_hint="--geojson")
    outputs = {"--geojson": None if geojson == STDOUT else geojson, "--plot": plot}
    for option, path in outputs.items():
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            message = f"{path}: accepted: a file in a folder that exists"
            raise typer.BadParameter(message, param_hint=option)
    check_outputs(outputs, {"FILE": file})


def _day(text: str | None) -> int | None:
    from offline.detect.days import DAY_ACCEPTED, day_of

    if text is None:
        return None
    day = day_of(text)
    if day is None:
        message = f"{text!r} is no date; accepted: {DAY_ACCEPTED}"
        raise typer.BadParameter(message, param_hint="--as-of")
    return day

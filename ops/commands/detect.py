"""`ipu detect`: find clusters of events in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.common import AsJson
from ops.commands.detect_calibrate import calibrate
from ops.commands.detect_options import (
    AsOf,
    File,
    MinimumCases,
    OfType,
    Radius,
    Replicates,
    Seed,
    Share,
    Strata,
    StrataOption,
    StudyDays,
    Window,
    note_days,
    note_degrees,
    read_file,
)
from ops.commands.file_or_command import FileOrCommand
from ops.commands.progress import progress_bar
from ops.extras import need
from ops.outputs import check_files, check_outputs
from ops.screen import Screen, json_text, say_json

if TYPE_CHECKING:
    from offline.detect.reading import Events
    from offline.detect.running import Order, Outcome

detect = typer.Typer(cls=FileOrCommand)
detect.command("calibrate")(calibrate)

STDOUT = Path("-")


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

    Columns: llr, the log-likelihood ratio; p; recurs in, how often a daily analysis finds one as strong
    by chance; obs and exp, the events in circle and window, and those expected; since, the first day of
    the window; the circle. `--json` has the names of all sites.

    FILE has the columns id,easting,northing,date and perhaps count, type and source_agency, in
    metres. An id is that of a site or of a record. A row with the count 0 is a site without events.
    A date is 2026-03-30 or 2026/03/30. Or FILE is a release, of `ipu sanitise` or `ipu read`
    (.jsonl): rows without a day or a point are left out and counted.

    A single analysis has that p-value; of many a year, some are low by chance. `ipu detect
    calibrate` measures how many. Exit code 0 with or without clusters, 1 if FILE has a bad row.

    Examples:

        ipu detect events.csv --as-of 2026-03-30 --radius 1500 --window 7

        ipu detect released.csv --type street-disorder --strata weekday --json | jq '.clusters[0]'

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
    read = read_file(file, console, of_type)
    _check_type(read, of_type)
    note_degrees(read, radius)
    outcome = _scanned(read, order, console)
    note_days(read, outcome)
    _write(outcome, geojson, plot)
    if as_json:
        from offline.detect.document import document_of

        say_json(document_of(read, outcome))
    elif geojson != STDOUT:
        from ops.commands.detect_table import print_outcome

        print_outcome(read, outcome, Screen())


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
    check_files(outputs)
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

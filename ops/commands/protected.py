"""`ipu reference protected`: the list of places that go out with their district alone."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from connectors.alerts.table_rows import CellError
from connectors.protected_places import COLUMNS, place_of, read_protected
from isp.keys import private_files
from isp.keys.protected_places import ProtectedStore
from ops.commands.common import AsJson, RunDir, SecretsFolder
from ops.embedded.layout import Layout
from ops.reference import INDEX_FOLDER
from ops.screen import Screen, say, say_json
from ops.settings import Settings
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.entry import Entry
from sanitiser.protected.listed import Place, ProtectedList, UnknownNumber
from sanitiser.protected.places import certain_house

_FURTHEST_M = 5_000.0
"""More than the extent of any postcode of the partnership's towns; swapped coordinates are further away."""

protected = typer.Typer(
    no_args_is_help=True,
    help="Keep the list of protected places, such as refuges: releases have their district alone.",
)


@protected.command()
def add(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help=f"A CSV file of mode 0600 with the columns {', '.join(COLUMNS)}; "
            "default: one place is asked for.",
        ),
    ] = None,
    *,
    secrets: SecretsFolder = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Add places to the list.

    A row names a place by its UPRN, by address and postcode, or by a whole postcode (no address). The
    coordinates of the place are optional; without them the centre of its postcode is used. Give UPRN
    and address if you know both: a UPRN alone protects only records that have it. A file with a row
    that cannot be used is refused as a whole, with each line and column. The list is encrypted.
    Delete the CSV file afterwards.

    Running workers restart within seconds. They take back what they released of these places from
    records that are still in the intake topics, and release it again with the district alone.

    Examples:

        ipu reference protected add refuges.csv

        ipu reference protected add

        ipu reference protected add refuges.csv --run-dir run/lists --secrets run/compose
    """
    places = [_asked()] if file is None else _read(file)
    _check_points(places, Settings.from_environment(run_dir=run_dir).run_dir / INDEX_FOLDER)
    before = 0

    def more(listed: ProtectedList) -> ProtectedList:
        nonlocal before
        before = len(listed.held)
        return listed.with_places(places, _now_ms())

    listed = _store(secrets, run_dir).change(more)
    _tell(listed, {"added": len(listed.held) - before}, as_json=as_json)


@protected.command()
def remove(
    numbers: Annotated[
        list[int], typer.Argument(metavar="NUMBERS", help="Numbers of `list --show`.")
    ],
    *,
    secrets: SecretsFolder = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove places from the list, by their numbers.

    Records that come later are released as any others. Earlier records stay as they are until their
    supplier supplies them again.

    Examples:

        ipu reference protected remove 3 7
    """
    try:
        listed = _store(secrets, run_dir).change(lambda known: known.without(numbers, _now_ms()))
    except UnknownNumber as error:
        raise typer.BadParameter(str(error), param_hint="NUMBERS") from None
    _tell(listed, {"removed": len(set(numbers))}, as_json=as_json)


@protected.command(name="list")
def list_(
    *,
    show: Annotated[
        bool, typer.Option("--show", help="Show the places; only on a terminal.")
    ] = False,
    secrets: SecretsFolder = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show how many places are protected, and how.

    The places themselves are shown with --show, and only on a terminal: no file or log gets them.

    Examples:

        ipu reference protected list

        ipu reference protected list --show
    """
    listed = _store(secrets, run_dir).read() or ProtectedList()
    if not show:
        _tell(listed, {}, as_json=as_json)
        return
    if as_json or not sys.stdout.isatty():
        message = "the places are shown only on a terminal; without --show there are their numbers"
        raise typer.BadParameter(message, param_hint="--show")
    table = Table("number", "uprn", "address", "postcode", "point")
    for entry in listed.held:
        point = "" if entry.point is None else f"{entry.point[0]:.0f} {entry.point[1]:.0f}"
        home = "" if entry.home is None else entry.home.address
        table.add_row(str(entry.number), entry.uprn or "", home, entry.postcode or "", point)
    Screen().print(table)


def _store(secrets: Path | None, run_dir: Path | None) -> ProtectedStore:
    folder = Settings.from_environment(run_dir=run_dir).run_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ProtectedStore.of(folder, secrets or Layout(folder).secrets.folder)


def _read(file: Path) -> Sequence[Place]:
    # Refuses a file that other users may read.
    private_files.read(file)
    return read_protected(file)


def _check_points(places: Sequence[Place], folder: Path) -> None:
    """Refuse coordinates that are not those of their postcode, by the index of the run if there is one."""
    if not folder.is_dir():
        return
    index, unknown = PostcodeIndex.open(folder), 0
    for number, place in enumerate(places, 1):
        centre = None if place.postcode is None else index.find(place.postcode)
        unknown += place.postcode is not None and centre is None
        if centre is None or place.point is None:
            continue
        if math.dist(place.point, (centre.easting, centre.northing)) > _FURTHEST_M:
            message = f"place {number}: easting, northing: more than {_FURTHEST_M / 1000:.0f} km from the "
            message += "postcode; accepted: metres of the National Grid. Are they swapped?"
            raise typer.BadParameter(f"{message} Nothing was written")
    if unknown:
        say(f"postcodes that the index does not know: {unknown:,}; check them", err=True)


def _asked() -> Place:
    """Return the place that is typed at the terminal; arguments would be visible to every user."""
    cells = {
        name: str(typer.prompt(name, default="", show_default=False)).strip() for name in COLUMNS
    }
    try:
        return place_of(cells)
    except CellError as error:
        raise typer.BadParameter(str(error)) from None


def _now_ms() -> int:
    return int(time.time() * 1000)


def _tell(listed: ProtectedList, change: dict[str, int], *, as_json: bool) -> None:
    """Print counts. They have no place, and no time at which one was added."""
    kinds = Counter(map(_kind, listed.held))
    document = change | {"places": len(listed.held)} | dict(sorted(kinds.items()))
    if as_json:
        say_json(document, indent=None)
        return
    say("; ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in document.items()))
    if kinds[_UPRN_ALONE]:
        say("a UPRN alone protects only records with this UPRN; add address and postcode", err=True)
    if kinds[_WITHOUT_NUMBER]:
        say(
            "an address without a house number protects its whole postcode, because no other home "
            "can be told from it", err=True,
        )  # fmt: skip


_UPRN_ALONE, _POSTCODE, _WITHOUT_NUMBER, _ADDRESS = (
    "by_uprn_alone", "by_whole_postcode", "by_address_without_number", "by_address",
)  # fmt: skip


def _kind(entry: Entry) -> str:
    if entry.postcode is None:
        return _UPRN_ALONE
    if entry.home is None:
        return _POSTCODE
    return _ADDRESS if certain_house(entry.home) else _WITHOUT_NUMBER

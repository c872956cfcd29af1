"""`ipu reference`: build the postcode index and the lists of places and premises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.common import AsJson, RunDir
from ops.commands.protected import protected
from ops.outputs import check_outputs
from ops.reference import (
    AREAS_FOLDER,
    GAZETTEER_FOLDER,
    INDEX_FOLDER,
    PREMISES_FILE,
    STREETS_FOLDER,
)
from ops.screen import Screen, say_json
from ops.settings import Settings
from sanitiser.build.areas_build import build_areas
from sanitiser.build.gazetteer_build import build_gazetteer
from sanitiser.build.index_change import Change
from sanitiser.build.premises_list import build_premises
from sanitiser.build.reference import code_point_open_csv, onspd_package
from sanitiser.build.street_build import build_streets
from sanitiser.build.successor import Built, build_next
from sanitiser.places.postcodes import PostcodeIndex, normalise

reference = typer.Typer(
    no_args_is_help=True, help="Build the postcode index and the lists of places and premises."
)
reference.add_typer(protected, name="protected")


@reference.command()
def build(
    *,
    households: Annotated[
        Path | None,
        typer.Option(
            help="CSV of household counts by postcode: census layout or postcode,households."
        ),
    ] = None,
    postcodes: Annotated[
        Path | None, typer.Option(help="Code-Point Open CSV; default: the packaged ONSPD.")
    ] = None,
    k: Annotated[
        int, typer.Option(help="Least number of households of a released postcode; 4 or more.")
    ] = 4,
    limit: Annotated[
        int,
        typer.Option(
            min=1, max=20_000, help="Greatest distance of a substitute postcode, in metres."
        ),
    ] = 2000,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the index that the new one succeeds; default: the one in place."
        ),
    ] = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the postcode index for geocoding and sanitising.

    An index that takes the place of another one succeeds it: a record that was released with both
    stays among k households. Without --households it has the counts of the one before. It is refused,
    and the one before is kept, if k does not survive the change. To measure a change beforehand, give
    the folder of the index in use with --against, and another --run-dir.

    Examples:

        ipu reference build --households Postcode_Estimates_Table_1.csv

        ipu reference build --households households.csv --k 8

        ipu reference build --k 8 --against run/reference --run-dir trial --json
    """
    console = Screen(stderr=True)
    folder = Settings.from_environment(run_dir=run_dir).run_dir / INDEX_FOLDER
    check_outputs({"the index": folder}, {"--households": households, "--postcodes": postcodes})
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = code_point_open_csv(postcodes) if postcodes else onspd_package()
    with console.status("building the postcode index") as status:
        built = build_next(
            folder, table, households, k=k, limit_m=limit, old=against, report=status.update
        )
    metadata = built.metadata
    if as_json:
        say_json(_document(built), indent=None)
        return
    console.print(
        f"{metadata.rows:,} postcodes; with a substitute: {metadata.substituted:,}; "
        f"without a point: {metadata.without_substitute:,}; index in {folder}"
    )
    if built.change is not None and built.naive is not None:
        console.print(_told(built, built.change, built.naive))


def _document(built: Built) -> dict[str, object]:
    kept = {key: value for key, value in asdict(built.metadata).items() if key != "districts"}
    if built.change is None or built.naive is None:
        return kept
    change = {**built.change._asdict(), "left_out": built.left_out}
    return {**kept, "change": change, "without_regard_to_it": built.naive._asdict()}


def _told(built: Built, change: Change, naive: Change) -> str:
    return (
        f"with the index before, {change.classes:,} groups of postcodes can be told apart; with fewer "
        f"households than k: {change.under_k:,}; without regard to the index before: "
        f"{naive.under_k:,}, with one household: {naive.of_one_household:,}. Substitutes beyond the "
        f"limit: {built.metadata.beyond_limit:,}; new postcodes that wait for others: {built.left_out:,}"
    )


@reference.command()
def gazetteer(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="OS Open Names as published, or a CSV with columns name, type, easting, northing.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of named places that are not addresses.

    Examples are parks, woods, car parks, junctions and stations. Records of such places are
    released with the place's name and centre point. Kinds that may be homes are left out, whatever
    the file says. Restart the workers afterwards.

    Examples:

        ipu reference gazetteer opname_csv_gb/*.csv

        ipu reference gazetteer places.csv.gz --json
    """
    folder = Settings.from_environment(run_dir=run_dir).run_dir / GAZETTEER_FOLDER
    check_outputs({"the gazetteer": folder}, {"FILES": files})
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = build_gazetteer(folder, files)
    _tell(built.kept, built.left_out, as_json=as_json)


@reference.command()
def premises(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="Food hygiene ratings, Get Information About Schools, NaPTAN, or a CSV with "
            "columns name, type.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of premises whose names may be released.

    These are licensed premises, schools and stations. Only names in the list are released, so give
    registers of all three kinds. Workers of `ipu up` use the list after the next `ipu up`.

    Examples:

        ipu reference premises FHRS.csv edubasealldata.csv Stops.csv

        ipu reference premises pubs.csv.gz --json
    """
    file = Settings.from_environment(run_dir=run_dir).run_dir / PREMISES_FILE
    check_outputs({"the list": file}, {"FILES": files})
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = build_premises(file, files)
    _tell(built.kept, built.left_out, as_json=as_json)


@reference.command()
def streets(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="OS Open Names, OS Open Roads (GeoPackage), releases of data.police.uk, or a CSV with name "
            "and easting, northing, or longitude, latitude, or postcode.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of streets, so that a street is released because it is one.

    With the list, the street of an address is released if the list has it within 2 km of the postcode,
    in the list's own spelling. Another street needs a house number directly before it, and nothing else
    in the address that can be a street. So the list must have names of streets only, and not addresses
    or premises. A record whose postcode is repositioned has the street of the new one.
    Without a list, a street is found by its words, and more of them are withheld. Workers of `ipu up`
    use the list after the next `ipu up`.

    Examples:

        ipu reference streets opname_csv_gb/*.csv

        ipu reference streets oproad_gb.gpkg

        ipu reference streets 2026-*/2026-*-avon-and-somerset-street.csv --json
    """
    run = Settings.from_environment(run_dir=run_dir).run_dir
    folder = run / STREETS_FOLDER
    check_outputs({"the list": folder}, {"FILES": files})
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Screen(stderr=True).status("building the list of streets"):
        built = build_streets(folder, files, _points_of_postcodes(run / INDEX_FOLDER))
    _tell(built.kept, built.left_out, as_json=as_json)


def _points_of_postcodes(folder: Path) -> Callable[[str], tuple[int, int] | None]:
    """Return a function from a postcode to its point in metres, by the index in `folder` if there is one."""
    index = PostcodeIndex.open(folder) if folder.is_dir() else None

    def find(postcode: str) -> tuple[int, int] | None:
        canonical = normalise(postcode)
        found = index.find(canonical) if index and canonical else None
        return (found.easting, found.northing) if found else None

    return find


@reference.command()
def areas(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="ONS Postcode Directory, or a CSV with a postcode, and a ward or LSOA code.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of the wards and LSOAs of postcodes, by which `ipu hub table` counts.

    Examples:

        ipu reference areas ONSPD_AUG_2026_UK.csv

        ipu reference areas codepoint.csv.gz --json
    """
    folder = Settings.from_environment(run_dir=run_dir).run_dir / AREAS_FOLDER
    check_outputs({"the areas": folder}, {"FILE": file})
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Screen(stderr=True).status("building the areas of postcodes"):
        built = build_areas(folder, file)
    if as_json:
        say_json(built._asdict(), indent=None)
        return
    told = ", ".join(f"{kind} {number:,}" for kind, number in built.areas.items())
    Screen(stderr=True).print(f"{built.postcodes:,} postcodes; areas: {told}; in {folder}")


def _tell(kept: Mapping[str, int], left_out: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        say_json({"kept": kept, "left_out": left_out}, indent=None)
        return
    console = Screen(stderr=True)
    for title, counts in (("kept", kept), ("left out", left_out)):
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        console.print(f"{title}: {told or 'nothing'}")

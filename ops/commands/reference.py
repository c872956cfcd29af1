"""`ipu reference`: the postcode and household index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.common import AsJson, RunDir
from ops.outputs import check_outputs
from ops.reference import GAZETTEER_FOLDER, INDEX_FOLDER, PREMISES_FILE
from ops.screen import Screen, say_json
from ops.settings import Settings
from sanitiser.build.gazetteer_build import build_gazetteer
from sanitiser.build.premises_list import build_premises
from sanitiser.build.reference import build_index, code_point_open_csv, onspd_package

reference = typer.Typer(
    no_args_is_help=True, help="Postcodes with their households, and named places."
)


@reference.command()
def build(
    *,
    households: Annotated[
        Path | None,
        typer.Option(help="CSV of households a postcode: census layout or postcode,households."),
    ] = None,
    postcodes: Annotated[
        Path | None, typer.Option(help="Code-Point Open CSV; the packaged ONSPD by default.")
    ] = None,
    k: Annotated[
        int, typer.Option(help="Fewest households a released postcode may have; 4 or more.")
    ] = 4,
    limit: Annotated[
        int, typer.Option(help="Furthest a substitute postcode may lie, in metres.")
    ] = 2000,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the index that geocoding and sanitising use.

    Examples:

        ipu reference build --households Postcode_Estimates_Table_1.csv

        ipu reference build --households households.csv --k 8
    """
    console = Screen(stderr=True)
    folder = Settings.from_environment(run_dir=run_dir).run_dir / INDEX_FOLDER
    check_outputs({"the index": folder}, {"--households": households, "--postcodes": postcodes})
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = code_point_open_csv(postcodes) if postcodes else onspd_package()
    with console.status("building the postcode index") as status:
        metadata = build_index(folder, table, households, k=k, limit_m=limit, report=status.update)
    if as_json:
        say_json(
            {key: value for key, value in asdict(metadata).items() if key != "districts"},
            indent=None,
        )
        return
    console.print(
        f"{metadata.rows:,} postcodes; released as another one: {metadata.substituted:,}; "
        f"without a point: {metadata.without_substitute:,}; index in {folder}"
    )


@reference.command()
def gazetteer(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="OS Open Names as published, or any CSV with name, type, easting, northing.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of named places that are no address: parks, woods, car parks, junctions, stations.

    Records of such places come out with the place's name and centre point. Kinds that may be homes
    are left out, whatever the file holds. Start the workers again afterwards.

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
            help="Food hygiene ratings, Get Information About Schools, NaPTAN, or a CSV of name, type.",
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the list of premises whose names may be released: licensed premises, schools, stations.

    The names in it come out and no others, so give registers of all three. Workers that run under
    `ipu up` take it when that is run again.

    Examples:

        ipu reference premises FHRS.csv edubasealldata.csv Stops.csv

        ipu reference premises pubs.csv.gz --json
    """
    file = Settings.from_environment(run_dir=run_dir).run_dir / PREMISES_FILE
    check_outputs({"the list": file}, {"FILES": files})
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = build_premises(file, files)
    _tell(built.kept, built.left_out, as_json=as_json)


def _tell(kept: Mapping[str, int], left_out: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        say_json({"kept": kept, "left_out": left_out}, indent=None)
        return
    console = Screen(stderr=True)
    for title, counts in (("kept", kept), ("left out", left_out)):
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        console.print(f"{title}: {told or 'nothing'}")

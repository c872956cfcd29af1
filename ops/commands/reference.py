"""`ipu reference`: the postcode and household index."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.commands.common import AsJson, RunDir
from ops.reference import INDEX_FOLDER
from ops.settings import Settings
from sanitiser.reference import build_index, code_point_open_csv, onspd_package

reference = typer.Typer(no_args_is_help=True, help="The postcode and household index.")


@reference.callback()
def _reference() -> None:
    """Keep `build` a command of its own, however few there are."""


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
    console = Console(stderr=True)
    folder = Settings.from_environment(run_dir=run_dir).run_dir / INDEX_FOLDER
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = code_point_open_csv(postcodes) if postcodes else onspd_package()
    with console.status("building the postcode index") as status:
        metadata = build_index(folder, table, households, k=k, limit_m=limit, report=status.update)
    if as_json:
        print(
            json.dumps(
                {key: value for key, value in asdict(metadata).items() if key != "districts"}
            )
        )
        return
    console.print(
        f"{metadata.rows:,} postcodes; released as another one: {metadata.substituted:,}; "
        f"without a point: {metadata.without_substitute:,}; index in {folder}"
    )

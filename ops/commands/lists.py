"""The options that name reference lists, for the commands that sanitise and attack a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

GazetteerFolder = Annotated[
    Path | None,
    typer.Option(
        "--gazetteer",
        exists=True,
        file_okay=False,
        help="Folder that `ipu reference gazetteer` wrote, such as run/gazetteer.",
    ),
]
PremisesFile = Annotated[
    Path | None,
    typer.Option(
        "--premises",
        exists=True,
        dir_okay=False,
        help="File that `ipu reference premises` wrote, such as run/premises.txt.",
    ),
]
StreetsFolder = Annotated[
    Path | None,
    typer.Option(
        "--streets",
        exists=True,
        file_okay=False,
        help="Folder that `ipu reference streets` wrote, such as run/streets.",
    ),
]
ProtectedFile = Annotated[
    Path | None,
    typer.Option(
        "--protected",
        exists=True,
        dir_okay=False,
        help="Encrypted list of `ipu reference protected`, such as run/protected-places.",
    ),
]
ProtectedKey = Annotated[
    Path | None,
    typer.Option(
        "--protected-key",
        exists=True,
        dir_okay=False,
        help="Key of this list; default: secrets/protected/places.key beside the list.",
    ),
]

"""The options that name reference lists, for the commands that sanitise and attack a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _existing(name: str, text: str, *, folder: bool = False) -> Any:
    """Return an option that names a file, or a folder, that exists."""
    return typer.Option(name, exists=True, file_okay=not folder, dir_okay=folder, help=text)


GazetteerFolder = Annotated[
    Path | None,
    _existing(
        "--gazetteer",
        "Folder that `ipu reference gazetteer` wrote, such as run/gazetteer.",
        folder=True,
    ),
]
PremisesFile = Annotated[
    Path | None,
    _existing("--premises", "File that `ipu reference premises` wrote, such as run/premises.txt."),
]
StreetsFolder = Annotated[
    Path | None,
    _existing(
        "--streets", "Folder that `ipu reference streets` wrote, such as run/streets.", folder=True
    ),
]
ProtectedFile = Annotated[
    Path | None,
    _existing(
        "--protected",
        "Encrypted list of `ipu reference protected`, such as run/protected-places.",
    ),
]
ProtectedKey = Annotated[
    Path | None,
    _existing(
        "--protected-key",
        "Key of this list; default: secrets/protected/places.key beside the list.",
    ),
]

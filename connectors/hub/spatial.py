"""DuckDB with its spatial extension, which comes as a package: nothing is fetched from the network."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

import duckdb

from connectors.hub.errors import HubError

FILE_FORMAT: Final = "v1.5.0"
"""The format of files. The default one does not keep the coordinate system of a column."""

SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""Settings of each connection: no extension is fetched."""


def spatial_extension() -> Path:
    """Return the file of DuckDB's spatial extension.

    Raises:
        HubError: the package is absent, or of another version of DuckDB.
    """
    version = f"v{duckdb.__version__}"
    try:
        folder = resources.files("duckdb_extension_spatial")
    except ModuleNotFoundError:
        raise HubError("the hub needs the package duckdb-extension-spatial") from None
    found = Path(str(folder)) / "extensions" / version / "spatial.duckdb_extension"
    if not found.is_file():
        raise HubError(f"duckdb-extension-spatial has no extension of DuckDB {version}")
    return found

"""A party's copy of the hub, as its readers open it: for reading alone, with no way to another file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import pyarrow as pa

from connectors.hub.errors import HubError
from connectors.hub.spatial import SETTINGS, spatial_extension

_CLOSED: Final = """
    SET enable_external_access = false;
    SET lock_configuration = true;
"""


class PartyCopy:
    """The tables that a party may read; a context manager.

    A statement can read nothing else: neither files nor the network, whoever wrote it.
    """

    def __init__(self, file: Path) -> None:
        """Open a copy.

        Raises:
            HubError: it is absent, or no DuckDB file of this version.
        """
        if not file.is_file():
            raise HubError(
                f"{file}: there is no such copy; `ipu hub snapshot --as PARTY` writes one"
            )
        # Of mode 0700. DuckDB itself would put what does not fit into memory beside the copy.
        self._spill = TemporaryDirectory()
        try:
            config = {**SETTINGS, "temp_directory": self._spill.name}
            self._database = duckdb.connect(str(file), read_only=True, config=config)
            self._database.load_extension(str(spatial_extension()))
            self._database.execute(_CLOSED)
        except duckdb.Error as error:
            message = f"{file}: cannot be opened as a copy of the hub: {type(error).__name__}"
            raise HubError(message) from None

    def __enter__(self) -> PartyCopy:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._spill.cleanup()

    def tables(self) -> dict[str, str]:
        """Return the comment of each table by its name, such as `central.police_incident`."""
        found = self.query(
            "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() "
            "WHERE NOT internal ORDER BY 1"
        )
        return {name: comment or "" for name, comment in found}

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of DuckDB's SQL. Raises `duckdb.Error`."""
        return self._database.execute(statement, list(values) or None).fetchall()

    def arrow(self, statement: str, *values: Any) -> pa.Table:
        """Return the rows of a statement by column. Raises `duckdb.Error`."""
        return self._database.execute(statement, list(values) or None).to_arrow_table()

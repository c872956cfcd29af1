"""An export: the rows of a table, and their description."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from connectors.hub.exports.about import About


class Export(NamedTuple):
    """The input of a writer. `rows` has the columns of the table, and then its points."""

    rows: pa.Table
    about: About

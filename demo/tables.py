"""Make the tables of the demo's report, all in one style."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table


def empty_table(title: str, *, apart: int = 2) -> Table:
    """Return a table with a title, without rows; its columns are `apart` spaces apart."""
    # The box itself puts one space between columns.
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, apart - 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )

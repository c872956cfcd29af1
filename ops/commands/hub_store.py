"""The store of the hub that a command names: the embedded one, or a database."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops.extras import need

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.hub.postgis.target import Target
    from ops.hub import OpenStore

STORE_FILE: Final = "hub.duckdb"
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL",
        help="Store in a database, postgresql://USER@HOST:PORT/DATABASE; its password is in ~/.pgpass.",
    ),
]


def target_of(to: str | None) -> Target | None:
    """Return the database at a URL, or None without one.

    Raises:
        ExtraMissing: the packages of the database are not installed.
        HubError: the URL cannot be used, or the password is not in a file of its owner alone.
    """
    if to is None:
        return None
    need("postgis")
    from connectors.hub.postgis.target import Target

    target = Target.of(to)
    target.check(os.environ)
    return target


def store_of(target: Target | None, folder: Path) -> OpenStore:
    """Return what opens the store in a database, or without one the embedded store in a folder.

    Raises:
        ExtraMissing: the packages of the embedded store are not installed.
    """
    if target is None:
        need("hub")
        from connectors.hub.duckdb_store import DuckDbStore

        return partial(DuckDbStore, folder / STORE_FILE)
    from connectors.hub.postgis.store import PostgisStore

    return partial(PostgisStore, target)

"""Functions, views and languages that PostgreSQL and PostGIS open to everybody, and the hub closes.

The functions of statistics tell where the points of a table are, also of a table that the caller may not read
(PostGIS 3.3: one runs with its owner's rights, the others check none). Large objects are written by anybody,
also in a read-only transaction (PostgreSQL 15). An advisory lock of a reader would keep the sink out.
The views of statistics have the most common values of what one may read, which pgaudit does not record.
With a language a login could write lines into the server's log that look like those of pgaudit.
"""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = (
    "st_estimatedextent", "_postgis_stats", "_postgis_selectivity", "_postgis_join_selectivity",
    "_postgis_index_extent",
    "lo_creat", "lo_create", "lo_from_bytea", "lo_open", "lo_put", "lowrite", "lo_unlink",
    "lo_truncate", "lo_truncate64",
    "pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared",
    "pg_logical_emit_message",
)  # fmt: skip
"""Functions that only the hub's owner may call."""

VIEWS: Final = ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs")
"""Views of the catalogue that only superusers may read."""

LANGUAGES: Final = ("plpgsql",)
"""Languages in which only superusers may write blocks and functions. Functions that exist stay in use."""

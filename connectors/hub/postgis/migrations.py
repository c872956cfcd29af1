"""The hub's own tables in a database, which numbered migrations create and change."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg import Cursor

from connectors.hub.errors import HubError

MIGRATIONS: Final[tuple[LiteralString, ...]] = (
    """
    CREATE TABLE ipu.source (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        cluster text NOT NULL,
        prefix text NOT NULL,
        current_at timestamp NOT NULL,
        epoch bigint NOT NULL DEFAULT 0
    );
    COMMENT ON COLUMN ipu.source.current_at IS 'When the store last had all that the topics have, in UTC';
    COMMENT ON COLUMN ipu.source.epoch IS 'The number of the sink that stores; the next one adds 1';
    CREATE TABLE ipu.topics (
        topic text PRIMARY KEY,
        topic_id text NOT NULL,
        schema_name text NOT NULL,
        table_name text NOT NULL,
        UNIQUE (schema_name, table_name)
    );
    CREATE TABLE ipu.offsets (
        topic text NOT NULL,
        topic_partition integer NOT NULL,
        next_offset bigint NOT NULL,
        PRIMARY KEY (topic, topic_partition)
    );
    """,
    """
    CREATE TABLE ipu.supplied (
        source text NOT NULL,
        digest text NOT NULL,
        table_name text PRIMARY KEY
    );
    """,
)
"""Each is applied once, in this order. Their numbers begin with 1. One that was released is never changed."""

_BEFORE_ALL: Final = """
    CREATE SCHEMA IF NOT EXISTS ipu;
    CREATE TABLE IF NOT EXISTS ipu.migrations (
        number integer PRIMARY KEY,
        applied_at timestamp NOT NULL DEFAULT timezone('UTC', now())
    );
"""


def migrate(cursor: Cursor[Any], store: str) -> None:
    """Apply the migrations that a database lacks, in the caller's transaction.

    Raises:
        HubError: the database `store` has migrations of a newer release.
    """
    cursor.execute(_BEFORE_ALL)
    found = cursor.execute("SELECT coalesce(max(number), 0) FROM ipu.migrations").fetchone()
    done = int(found[0]) if found else 0
    if done > len(MIGRATIONS):
        raise HubError(
            f"{store}: has migration {done} of its schema ipu; accepted: at most {len(MIGRATIONS)}; use the "
            "release that wrote it, or a newer one"
        )
    for number, statements in enumerate(MIGRATIONS[done:], done + 1):
        cursor.execute(statements)
        cursor.execute("INSERT INTO ipu.migrations (number) VALUES (%s)", (number,))

"""Tables on disk, in RocksDB: one column family for each table; marks are in the default column family.

Writes do not wait for the disk, because the changelog is authoritative. A write goes to RocksDB's log, which
survives the process. After a crash of the machine the store has an earlier state, with the marks of that
state.

Main memory is bounded for any number of rows. Blocks, indices and filters share one cache, and all tables
share one write buffer.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, cast

from filelock import FileLock, Timeout
from rocksdict import (
    BlockBasedOptions,
    Cache,
    ColumnFamily,
    DBCompressionType,
    MemtableFactory,
    Options,
    Rdict,
    WriteBatch,
    WriteOptions,
)

from streams.state.errors import StateStoreError, StoreDamaged
from streams.state.tables import Rows

log = logging.getLogger(__name__)

CACHE_BYTES: Final = 64 * 1024 * 1024
"""Largest size of the cache of blocks, indices and bloom filters."""

UNWRITTEN_BYTES: Final = 16 * 1024 * 1024
"""Largest size of the rows that are in RocksDB's log but not in a table file yet."""

_FILE_BYTES: Final = 8 * 1024 * 1024
_LOG_BYTES: Final = 32 * 1024 * 1024
_TEXT_LOGS: Final = 2
_TEXT_LOG_BYTES: Final = 128 * 1024
_OPEN_FILES: Final = 512
_BLOOM_BITS: Final = 10
_PRIVATE: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_LOCK_SECONDS: Final = 30.0
_DEFAULT: Final = "default"
_LOADING_BUFFERS: Final = 2
_LOADING_CACHE_BYTES: Final = 8 * 1024 * 1024
_NO_LIMIT: Final = 1 << 30


class DiskTables:
    """Tables in one folder, with a lock file next to it, and a marker file if the tables are damaged."""

    def __init__(self, folder: Path, tables: Iterable[str], lock_seconds: float = _LOCK_SECONDS):
        """Take the folder, which is created when the tables are opened."""
        self._folder = folder
        self._names = tuple(tables)
        self._damage = folder.with_name(f"{folder.name}.damaged")
        lock = folder.with_name(f"{folder.name}.lock")
        self._lock = FileLock(lock, timeout=lock_seconds, mode=_PRIVATE_FILE)
        self._cache: Cache | None = None
        self._database: Rdict | None = None
        self._tables: dict[str, Rdict] = {}
        self._families: dict[str, ColumnFamily] = {}
        self._is_loading = False

    def __str__(self) -> str:
        """Return the folder, for messages."""
        return str(self._folder)

    def open(self) -> None:
        """Open the tables in the folder; create it if it does not exist.

        Raises:
            StateStoreError: the folder cannot be written to, or another process uses it.
            StoreDamaged: the tables in the folder cannot be read.
        """
        try:
            self._folder.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self._lock.acquire()
            # Created first: RocksDB would make it readable for other users.
            self._folder.mkdir(mode=_PRIVATE, exist_ok=True)
            self._folder.chmod(_PRIVATE)
            self._make_private()
        except Timeout:
            message = "another process uses it; stop that worker, or give this one another slot"
            raise StateStoreError(f"state store {self}: {message}") from None
        except OSError as error:
            raise StateStoreError(f"state store {self}: {error.strerror}") from error
        if self._damage.exists():
            raise StoreDamaged("it was found damaged when it was last used")
        try:
            self._open()
        except Exception as error:
            raise StoreDamaged(f"it cannot be opened ({error})") from error

    def clear(self) -> None:
        """Delete the folder and create an empty one. Raise `StateStoreError` if that fails."""
        self._close_database()
        self._is_loading = False
        try:
            shutil.rmtree(self._folder)
            self._folder.mkdir(mode=_PRIVATE)
            self._open()
            self._damage.unlink(missing_ok=True)
        except Exception as error:
            raise StateStoreError(
                f"state store {self}: cannot be created again: {error}"
            ) from error

    def close(self) -> None:
        """Close the files and let another process open them."""
        self._close_database()
        self._lock.release()

    def reader(self, table: str) -> Callable[[bytes], bytes | None]:
        """Return a function that looks up a key in one table."""
        get = self._tables[table].get

        def read(key: bytes) -> bytes | None:
            try:
                found: bytes | None = get(key)
            except Exception as error:
                raise self._failure(error) from error
            return found

        return read

    def write(self, rows: Rows, marks: Mapping[str, bytes]) -> None:
        """Write and delete rows, and write marks, in one batch."""
        batch = WriteBatch(raw_mode=True)
        for table, of_table in rows.items():
            family = self._families[table]
            for key, row in of_table.items():
                if row:
                    batch.put(key, row, family)
                else:
                    batch.delete(key, family)
        for name, mark in marks.items():
            batch.put(name.encode(), mark)
        with self._failing() as database:
            database.write(batch, self._write_options())

    def load(self) -> None:
        """Open the tables with the options for filling them."""
        self._reopen(is_loading=True)

    def every_row(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield all rows of a table, after what was written is in files."""
        with self._failing():
            self._tables[table].flush()
            for key, row in self._tables[table].items():
                yield cast("bytes", key), row

    def loaded(self) -> None:
        """Write everything to files, and open the tables with the usual options."""
        with self._failing() as database:
            for table in (database, *self._tables.values()):
                table.flush()
        self._reopen(is_loading=False)

    def portion(self, table: str, after: bytes, count: int) -> Sequence[tuple[bytes, bytes]]:
        """Return the next rows after a key."""
        with self._failing():
            # A long-lived iterator would keep deleted files, so each portion has its own.
            found = list(islice(self._tables[table].items(from_key=after), count + 1))
        rows = [(bytes(cast("bytes", key)), bytes(row)) for key, row in found]
        return [row for row in rows if row[0] != after][:count]

    def span(
        self, table: str, begin: bytes, end: bytes, count: int
    ) -> Sequence[tuple[bytes, bytes]]:
        """Return the first rows of a range of keys."""
        with self._failing():
            rows = self._tables[table].items(from_key=begin)
            before_end = takewhile(lambda item: cast("bytes", item[0]) < end, rows)
            return [
                (bytes(cast("bytes", key)), bytes(row)) for key, row in islice(before_end, count)
            ]

    def marks(self) -> dict[str, bytes]:
        """Return all marks."""
        with self._failing() as database:
            return {cast("bytes", name).decode(): bytes(mark) for name, mark in database.items()}

    def count(self, table: str) -> int:
        """Return RocksDB's estimate; 0 while the tables are closed."""
        rows = self._tables.get(table)
        return 0 if rows is None else rows.property_int_value("rocksdb.estimate-num-keys") or 0

    def _reopen(self, *, is_loading: bool) -> None:
        self._close_database()
        self._is_loading = is_loading
        try:
            self._open()
        except Exception as error:
            raise StateStoreError(f"state store {self}: cannot be opened again: {error}") from error

    def _write_options(self) -> WriteOptions:
        options = WriteOptions()
        options.disable_wal = self._is_loading  # type: ignore[method-assign, assignment]
        return options

    def _open(self) -> None:
        self._cache = Cache(_LOADING_CACHE_BYTES if self._is_loading else CACHE_BYTES)
        make = _loading_options if self._is_loading else _options
        families = {name: make(self._cache) for name in (_DEFAULT, *self._names)}
        self._database = Rdict(str(self._folder), make(self._cache), families)
        for name in self._names:
            self._tables[name] = self._database.get_column_family(name)
            self._families[name] = self._database.get_column_family_handle(name)
        self._make_private()

    def _make_private(self) -> None:
        """Give the files that are there mode 0600: RocksDB creates them with 0644 less the umask."""
        for file in self._folder.iterdir():
            # RocksDB may delete a file at any time.
            with suppress(FileNotFoundError):
                file.chmod(_PRIVATE_FILE)

    def _close_database(self) -> None:
        for table in self._tables.values():
            table.close()
        self._tables, self._families = {}, {}
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextmanager
    def _failing(self) -> Iterator[Rdict]:
        assert self._database is not None, "open before use"
        try:
            yield self._database
        except Exception as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StateStoreError:
        """Return the error to raise. Mark the store as damaged: the next start builds it again."""
        if self._database is None:
            return StateStoreError(f"state store {self}: used after it was closed")
        try:
            self._damage.touch(mode=_PRIVATE_FILE)
        except OSError:
            log.warning("state store %s: delete it before the worker starts again", self)
        return StateStoreError(
            f"state store {self}: {error}; free space on the disk or replace it. The next start builds the "
            "store again from the changelog"
        )


def _options(cache: Cache) -> Options:
    options = _common_options(cache)
    # Each lookup reads every file that is not merged yet.
    options.set_level_zero_file_num_compaction_trigger(2)
    # A bloom filter for the write buffer, too.
    options.set_memtable_whole_key_filtering(whole_key_filter=True)
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_write_buffer_size(UNWRITTEN_BYTES // 2)
    options.set_db_write_buffer_size(UNWRITTEN_BYTES)
    # Size of the log that a start replays.
    options.set_max_total_wal_size(_LOG_BYTES)
    return options


def _loading_options(cache: Cache) -> Options:
    """Return options for writing many rows that are not looked up meanwhile."""
    options = _common_options(cache)
    # Rows are sorted by a thread of RocksDB when the buffer is full, not one by one when they are written.
    options.set_memtable_factory(MemtableFactory.vector())
    options.set_allow_concurrent_memtable_write(allow=False)
    options.set_write_buffer_size(UNWRITTEN_BYTES)
    options.set_max_write_buffer_number(_LOADING_BUFFERS)
    # Files are merged afterwards, in the background.
    options.set_disable_auto_compactions(disable=True)
    options.set_level_zero_slowdown_writes_trigger(_NO_LIMIT)
    options.set_level_zero_stop_writes_trigger(_NO_LIMIT)
    return options


def _common_options(cache: Cache) -> Options:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(cache)
    # Most lookups find no row.
    blocks.set_bloom_filter(_BLOOM_BITS, block_based=False)
    # By default indices and filters are outside the cache, and grow with the rows.
    blocks.set_cache_index_and_filter_blocks(v=True)
    options = Options(raw_mode=True)
    options.create_if_missing(create_if_missing=True)
    options.create_missing_column_families(create_missing_cfs=True)
    options.set_block_based_table_factory(blocks)
    # Digests cannot be compressed.
    options.set_compression_type(DBCompressionType.none())
    options.set_target_file_size_base(_FILE_BYTES)
    options.set_max_background_jobs(2)
    options.set_max_open_files(_OPEN_FILES)
    # RocksDB's own text log has the host's name, the folder and times.
    options.set_keep_log_file_num(_TEXT_LOGS)
    options.set_max_log_file_size(_TEXT_LOG_BYTES)
    return options

"""Area `hub`: the sink of the hub, on a running stack.

`duckdb_rows_s` are released records a second that the sink takes from their topic into its store, all of them
new. `plain_rows_s` are the same records, read and decoded in the same way and inserted into a table without
points, without a look for earlier versions and without offsets. `of_plain` is their ratio. `visible_p50_s`
and `visible_p99_s` are from the publishing of an original record to the commit of its row. `postgis_rows_s`,
`plain_copy_rows_s`, `of_plain_copy`, `postgis_visible_p50_s` and `postgis_visible_p99_s` are the same in
PostgreSQL with PostGIS, which writes to the disk before it answers. Its plain table has no key and no index,
and takes each batch by one binary COPY. `*_100k_s` are the seconds of an export
of 100,000 records, by format (`tests.benchmarks.hub_exports`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import numpy as np
from prometheus_client import CollectorRegistry

from connectors.account import Account
from connectors.hub.changes import Changes
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.duckdb_types import arrow
from connectors.hub.metrics import SinkMetrics
from connectors.hub.postgis.store import PostgisStore
from connectors.hub.sink import MOST, WAIT_S, Sink, Store, starts
from connectors.hub.source import Source
from connectors.hub.tables import RECORD_ID, HubTable, tables_of
from connectors.registry import known_schemas
from connectors.topic_feed import Decoder
from isp.agreement.topics import stored
from ops.embedded.service import Service
from ops.system import keys_of
from sanitiser.policy import Policy
from schemas.london import london_today
from tests.benchmarks import broker
from tests.benchmarks.broker import Group
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.database import Database, database
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.hub_exports import EXPORT_AIMS, EXPORT_FIGURES, export_figures
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.own_partnership import own_partnership, until, worker_of
from tests.benchmarks.probe import Probe
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Progress
from transport.assigned_reader import AssignedReader, Places
from transport.identity import identify

AIMS: Final = {
    "duckdb_rows_s": Aim(20_000),
    "of_plain": Aim(0.7),
    "visible_p99_s": Aim(1, at_most=True),
    "postgis_rows_s": Aim(10_000),
    "of_plain_copy": Aim(0.7),
    "postgis_visible_p99_s": Aim(1, at_most=True),
    **EXPORT_AIMS,
}
FIGURES: Final = (
    "duckdb_rows_s", "plain_rows_s", "of_plain", "visible_p50_s", "visible_p99_s",
    "postgis_rows_s", "plain_copy_rows_s", "of_plain_copy",
    "postgis_visible_p50_s", "postgis_visible_p99_s", *EXPORT_FIGURES,
)  # fmt: skip
RUNS: Final = 3
_PROTOCOL_FILE: Final = Path(__file__).with_name("bench-hub.yaml")
_SHORT_NAME: Final = "benchhub"
_HISTORY: Final = 100_000
_DAYS: Final = 182
_BURSTS: Final = 150
_RATE: Final = 40
_PATIENCE_S: Final = 300.0
_NS: Final = 1e9
_PERCENTILES: Final = (50, 99)


@dataclass(slots=True)
class _Noting:
    """A store that notes when the row of a record was committed."""

    store: Store
    committed: dict[str, int] = field(default_factory=dict)

    def offsets(self) -> Places:
        return self.store.offsets()

    def write(self, changes: Collection[Changes], reached: Places, current_ms: int | None) -> None:
        self.store.write(changes, reached, current_ms)
        now = time.monotonic_ns()
        self.committed |= {record_id: now for each in changes for record_id in each.rows}

    def expire(self, now_ms: int) -> int:
        return self.store.expire(now_ms)


@dataclass(frozen=True, slots=True)
class Hub:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Progress

    def measure(self, runs: int) -> Area:
        """Measure the throughput `runs` times, the plain table in turn with the hub, and the latency once."""
        done: list[dict[str, Any]] = []
        with own_partnership(
            self.setting, _PROTOCOL_FILE, _SHORT_NAME, lambda what: self.progress(what, 0, 1)
        ) as setting:
            desk = _Desk(setting, self.python)
            with desk.worker():
                self.progress("hub, releasing", 0, 1)
                released = desk.release(_HISTORY)
            with database() as in_postgis:
                for run in range(runs):
                    self.progress("hub, storing", run, runs)
                    done.append(with_load(lambda: _rates(desk, released)))
                    done.append(with_load(lambda: _postgis_rates(desk, released, in_postgis)))
                self.progress("hub, until a row is visible", 0, 1)
                done.append(with_load(lambda: desk.latencies(desk.store(), "")))
                opened = desk.postgis_store(in_postgis)
                done.append(with_load(lambda: desk.latencies(opened, "postgis_")))
            self.progress("hub, exporting", 0, 1)
            done.append(with_load(lambda: export_figures(desk.table)))
        how = " ".join((__doc__ or "").split())
        return Area("hub", "rows a second, s", medians(done, FIGURES), AIMS, done, how)


@dataclass(frozen=True, slots=True)
class _Desk:
    """The partnership of the hub, its table, and what reads and writes it."""

    setting: Setting
    python: Path

    @property
    def table(self) -> HubTable:
        topics = stored(self.setting.protocol, self.setting.catalogue)
        return next(t for t in tables_of(topics) if t.key == RECORD_ID)

    @property
    def connection(self) -> dict[str, Any]:
        stack = self.setting.stack
        return dict(stack.secrets.client_config(stack.inside, self.setting.names.hub))

    def worker(self) -> AbstractContextManager[Service]:
        """Run a supervised worker."""
        return worker_of(self.setting, self._workers)

    @property
    def _workers(self) -> Group:
        admin = self.setting.admin
        return Group(admin, Ipu(self.setting).group, broker.begins(admin, [self.setting.intake]))

    def release(self, number: int) -> int:
        """Have as many incidents released; their number."""
        self._publish(history=number).answer()
        topic = self.table.topic.name
        workers = self._workers
        until(lambda: workers.waiting() <= 0, "the worker did not finish its records", _PATIENCE_S)
        with AssignedReader(self.connection, self.beginning()) as reader:
            found = set[bytes]()
            quiet = 0
            while quiet < 20:
                messages = reader.read(MOST, WAIT_S)
                found |= {message.key() or b"" for message in messages}
                quiet = 0 if messages else quiet + 1
        if not found:
            raise BenchError(f"{topic}: nothing was released")
        return len(found)

    def beginning(self) -> Places:
        return {(self.table.topic.name, part): 0 for part in range(self.table.topic.partitions)}

    def _publish(self, history: int = 0, bursts: int = 0) -> Probe:
        options = {
            "run": f"H{time.time_ns()}", "seed": 5, "history": history, "days": _DAYS,
            "bursts": bursts, "others": 0, "rate": _RATE,
        }  # fmt: skip
        job = self.setting.job(AGENCY, **options)
        publisher = Probe.started(self.setting.files, self.python, "emerging", job)
        publisher.await_ready()
        return publisher

    def decoder(self) -> Decoder:
        """Return the decoder of the table's topic."""
        account = Account(self.setting.protocol.prefix, "hub", self.connection)
        look = lambda: known_schemas(account, self.setting.catalogue)  # noqa: E731 - one look
        return Decoder(self.table.topic.schema, look)

    @property
    def source(self) -> Source:
        cluster, ids = identify(self.connection, [self.table.topic.name])
        return Source(cluster, self.setting.protocol.prefix, ids)

    @contextmanager
    def store(self) -> Iterator[DuckDbStore]:
        """Make an empty store in a file."""
        with (
            TemporaryDirectory(dir=self.setting.files.folder) as folder,
            DuckDbStore(Path(folder) / "hub.duckdb") as store,
        ):
            store.prepare(self.source, (self.table,), int(time.time() * 1_000))
            yield store

    @contextmanager
    def postgis_store(self, made: Database) -> Iterator[PostgisStore]:
        """Make an empty store in a database."""
        with made.empty() as target, PostgisStore(target) as store:
            store.prepare(self.source, (self.table,), int(time.time() * 1_000))
            yield store

    def sink(self, store: _Noting, reader: AssignedReader, decode: Decoder) -> Sink:
        """Return a sink of the table."""
        decoders = {self.table.topic.name: (self.table, decode)}
        return Sink(decoders, reader, store, SinkMetrics(CollectorRegistry()), lambda: True)

    def latencies(self, opened: AbstractContextManager[Store], prefix: str) -> dict[str, Any]:
        """Return how long it takes from an original record to its row; names begin with a prefix."""
        key = keys_of(self.setting.stack).ring().key(london_today())
        record_type = self.setting.catalogue.record_type(DATASET)
        policy = Policy(record_type, "central", key, self.setting.catalogue.code_lists)
        with self.worker(), opened as store:
            noting, decode = _Noting(store), self.decoder()
            with AssignedReader(self.connection, starts((self.table,), store)) as reader:
                sink = self.sink(noting, reader, decode)
                _drain(sink, noting)
                publisher = self._publish(bursts=_BURSTS)
                published = _while_storing(sink, publisher)
        return _percentiles(published, noting.committed, policy, prefix)


def _drain(sink: Sink, noting: _Noting) -> None:
    """Store until nothing came for two seconds."""
    quiet, before = 0.0, -1
    while quiet < 2:
        sink.turn()
        quiet = quiet + WAIT_S if len(noting.committed) == before else 0.0
        before = len(noting.committed)


def _while_storing(sink: Sink, publisher: Probe) -> Mapping[str, int]:
    """Store while the publisher publishes, and some seconds longer; when it published what."""
    answers: list[Mapping[str, int]] = []
    waiting = threading.Thread(target=lambda: answers.append(publisher.answer()))
    waiting.start()
    end = float("inf")
    while time.monotonic() < end:
        sink.turn()
        if not waiting.is_alive() and end == float("inf"):
            end = time.monotonic() + 5
    return answers[0]


def _rates(desk: _Desk, released: int) -> dict[str, Any]:
    with desk.store() as store:
        hub = _hub_rate(desk, released, store)
        _check(store.count(desk.table), released)
    plain = _plain_rate(desk, released)
    return {"duckdb_rows_s": hub, "plain_rows_s": plain, "of_plain": hub / plain}


def _postgis_rates(desk: _Desk, released: int, made: Database) -> dict[str, Any]:
    with desk.postgis_store(made) as store:
        hub = _hub_rate(desk, released, store)
        _check(made.count(desk.table), released)
    plain = _plain_copy_rate(desk, released, made)
    return {"postgis_rows_s": hub, "plain_copy_rows_s": plain, "of_plain_copy": hub / plain}


def _check(stored_rows: int, released: int) -> None:
    if stored_rows != released:
        raise BenchError("the hub has other rows than were released")


def _hub_rate(desk: _Desk, released: int, store: Store) -> float:
    noting, decode = _Noting(store), desk.decoder()
    with AssignedReader(desk.connection, desk.beginning()) as reader:
        sink = desk.sink(noting, reader, decode)

        def turn() -> int:
            before = len(noting.committed)
            sink.turn()
            return len(noting.committed) - before

        return _rate(turn, released)


def _plain_copy_rate(desk: _Desk, released: int, made: Database) -> float:
    with made.plain(desk.table) as copy, _batches(desk) as batch:

        def turn() -> int:
            changes = batch()
            copy(changes)
            return len(changes.rows)

        return _rate(turn, released)


def _plain_rate(desk: _Desk, released: int) -> float:
    columns = desk.table.columns
    with (
        TemporaryDirectory(dir=desk.setting.files.folder) as folder,
        duckdb.connect(str(Path(folder) / "plain.duckdb")) as plain,
        _batches(desk) as batch,
    ):
        plain.register("batch", arrow(columns, Changes(desk.table).columns()))
        plain.execute("CREATE TABLE plain AS SELECT * FROM batch")

        def turn() -> int:
            changes = batch()
            plain.register("batch", arrow(columns, changes.columns()))
            plain.execute("INSERT INTO plain SELECT * FROM batch")
            return len(changes.rows)

        return _rate(turn, released)


def _rate(turn: Callable[[], int], wanted: int) -> float:
    """Take turns until so many rows are stored; rows a second."""
    start, done = time.monotonic(), 0
    while done < wanted:
        done += turn()
    return wanted / (time.monotonic() - start)


@contextmanager
def _batches(desk: _Desk) -> Iterator[Callable[[], Changes]]:
    """Read and decode releases from the beginning, as the sink does: a function for the next batch."""
    decode, table = desk.decoder(), desk.table
    with AssignedReader(desk.connection, desk.beginning()) as reader:

        def batch() -> Changes:
            changes = Changes(table)
            for message in reader.read(MOST, WAIT_S):
                key = (message.key() or b"").decode()
                changes.put(key, decode(message.value() or b""), message.timestamp()[1])
            return changes

        yield batch


def _percentiles(
    published: Mapping[str, int], committed: Mapping[str, int], policy: Policy, prefix: str
) -> dict[str, Any]:
    taken = []
    for reference, at in published.items():
        record_id = policy.record_id(AGENCY, {"incident_reference": reference})
        if record_id in committed:
            taken.append((committed[record_id] - at) / _NS)
    if len(taken) < len(published):
        raise BenchError(
            f"{len(published) - len(taken)} of {len(published)} records were not stored"
        )
    percentiles = np.percentile(taken, _PERCENTILES)
    named = zip(_PERCENTILES, percentiles, strict=True)
    return {**{f"{prefix}visible_p{p}_s": float(v) for p, v in named}, "records": len(taken)}

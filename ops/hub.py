"""The sink of the information hub as a program: protocol, connection and files."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from connectors.account import Account
from connectors.hub.accounts.wanted import Agreed
from connectors.hub.audited import copy_entry
from connectors.hub.copies import FOLDER as COPIES_FOLDER
from connectors.hub.copies import Audited, Copier, Copies, CopyFolder, Rows, readable
from connectors.hub.direct import DirectSupply, SourceStore, SourceTopics
from connectors.hub.errors import HubError
from connectors.hub.metrics import SinkMetrics
from connectors.hub.sink import Sink, Store, starts
from connectors.hub.source import Source
from connectors.hub.tables import AnyTable, HubTable, SourceTable, source_tables, tables_of
from connectors.registry import known_schemas
from connectors.topic_feed import Decoder
from isp.agreement.openings import closed_datasets
from isp.agreement.topics import Names, stored
from isp.audit.recorder import Recorder
from isp.broker.registered import schemas_of
from ops.bootstrap import Grounds, StartError, serve_metrics
from ops.deployment import MetricsSettings
from ops.hub_beside import Beside
from schemas.london import london_today
from streams.runtime.ending import end_when
from transport.access import Probe
from transport.assigned_reader import AssignedReader
from transport.client_names import COPIES, recorder_transaction
from transport.identity import identify
from transport.reader import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from isp.broker.signed import ReadProtocol
    from ops.deployment import Deployment
    from schemas.known_schemas import KnownSchemas

log = logging.getLogger(__name__)

NICENESS: Final = 10


class HubStore(Store, Protocol):
    """A store that can be prepared for a protocol: a file (`duckdb_store`) or a database (`postgis`)."""

    def prepare(self, source: Source, tables: Sequence[HubTable], now_ms: int) -> None:
        """Create the tables of a partnership as its protocol has them now."""

    def sources(self) -> SourceStore:
        """Return the store of the tables that need no processing, for another thread."""

    def copier(self) -> Copier | None:
        """Return what copies tables for parties, for another thread; None if they read the store itself."""


OpenStore = Callable[[], AbstractContextManager[HubStore]]
"""Opens the store. Raises `HubError` if another process has it."""


@runtime_checkable
class OpenedStore(Protocol):
    """A store in which people have logins, as `connectors.hub.postgis.store.PostgisStore`."""

    def open_to(self, agreed: Agreed) -> None:
        """Let each party read the tables that are agreed, and nobody else."""


@dataclass(frozen=True, slots=True)
class HubProgram:
    """Everything that the sink is given; `folder` is private, and has the copies. It has no keys."""

    signed: ReadProtocol
    connection: dict[str, Any]
    folder: Path
    open_store: OpenStore
    metrics: MetricsSettings = field(default_factory=MetricsSettings)

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        signed: ReadProtocol,
        folder: Path,
        open_store: OpenStore,
        metrics_port: int | None,
    ) -> HubProgram:
        """Return the program of a protocol on a deployment."""
        connection = deployment.connection(Names(signed.protocol.prefix).hub)
        return cls(signed, connection, folder, open_store, deployment.metrics_on(metrics_port))

    def run(self) -> None:
        """Store releases and write copies until stopped, or until other datasets are open.

        Raises:
            StartError: the protocol has no hub or is not in force, another process has the store, the store
                is lost, or the metrics port is taken.
        """
        if self.signed.protocol.hub is None:
            raise StartError(f"{self.signed.file}: has no `hub`; nothing to do")
        grounds = Grounds(self.signed, self.connection)
        grounds.require_in_force()
        metrics = SinkMetrics(serve_metrics(self.metrics))
        # The worker and the alerts come first: the hub uses what they leave of the processor.
        os.nice(NICENESS)
        log.info("working by protocol %s", self.signed.line)
        try:
            with self.open_store() as store:
                self._work(grounds, store, metrics)
        except (HubError, ReadError) as error:
            raise StartError(str(error)) from error

    def _work(self, grounds: Grounds, store: HubStore, metrics: SinkMetrics) -> None:
        closed_on = cache(partial(closed_datasets, self.signed.protocol, grounds.catalogue))
        closed = closed_on(london_today())
        topics = stored(self.signed.protocol, grounds.catalogue, closed)
        tables = tables_of(topics)
        places = source_tables(topics, self.signed.protocol.prefix)
        store.prepare(self._source(tables), tables, int(time.time() * 1_000))
        if isinstance(store, OpenedStore):
            every: tuple[AnyTable, ...] = (*tables, *places)
            store.open_to(Agreed.of(self.signed.protocol, closed, every, (), london_today()))
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        end_when(grounds.await_another, "another protocol is in force")
        decoders = self._decoders(grounds, tables)
        with AssignedReader(self.connection, starts(tables, store)) as reader:
            works: list[Callable[[], Any]] = [self._direct(grounds, places, store.sources()).turn]
            copier = store.copier()
            if copier is not None:
                copies = self._copies(grounds, closed, (*tables, *places), copier)
                # Before the sink is whole, a copy would lack records, and what is counted by it stay wrong.
                works.append(lambda: reader.is_whole and copies.turn())
            sink = Sink(decoders, reader, store, metrics, Probe(self.connection).answers)
            with Beside(*works) as beside:
                while not stopping.is_set() and closed_on(london_today()) == closed:
                    sink.turn()
                    beside.turn()

    def _copies(
        self,
        grounds: Grounds,
        closed: frozenset[str],
        tables: tuple[AnyTable, ...],
        copier: Copier,
    ) -> Copies:
        protocol = self.signed.protocol
        assert protocol.hub is not None
        own = {p.id: readable(protocol, closed, p.id, tables) for p in protocol.parties}
        folder = CopyFolder(self.folder / COPIES_FOLDER)
        receiving = {party: of_party for party, of_party in own.items() if of_party}
        audited = self._audited(grounds)
        return Copies(folder, copier, audited, receiving, protocol.hub.copies, time.time)

    def _audited(self, grounds: Grounds) -> Audited:
        """Return what writes to the audit that a party gets rows."""
        protocol, names = self.signed.protocol, Names(self.signed.protocol.prefix)
        schemas = schemas_of(self.connection, protocol.prefix, grounds.catalogue)
        chain = recorder_transaction(names.hub, COPIES)
        recorder = Recorder(self.connection, protocol, grounds.catalogue, schemas, chain)

        def write(party: str, tables: Sequence[AnyTable], rows: Rows) -> None:
            recorder.write(copy_entry(names.hub, names.principal(party), tables, rows))

        return write

    def _direct(
        self, grounds: Grounds, places: tuple[SourceTable, ...], store: SourceStore
    ) -> DirectSupply:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        topics = SourceTopics(self._account, grounds.catalogue)
        return DirectSupply(places, topics, store, self.folder)

    @property
    def _account(self) -> Account:
        return Account(self.signed.protocol.prefix, "hub", self.connection)

    def _source(self, tables: tuple[HubTable, ...]) -> Source:
        names = [table.topic.name for table in tables]
        cluster, topics = identify(self.connection, names)
        return Source(cluster, self.signed.protocol.prefix, topics)

    def _decoders(
        self, grounds: Grounds, tables: tuple[HubTable, ...]
    ) -> dict[str, tuple[HubTable, Decoder]]:
        """Return table and decoder by topic. All begin with the schemas that are known now."""
        look = partial(known_schemas, self._account, grounds.catalogue)
        known = look()
        return {
            t.topic.name: (t, Decoder(t.topic.schema, _begin_with(known, look))) for t in tables
        }


def _begin_with(
    known: KnownSchemas, look: Callable[[], KnownSchemas]
) -> Callable[[], KnownSchemas]:
    """Return a function that returns `known` at first, and then what `look` returns."""
    at_first = [known]
    return lambda: at_first.pop() if at_first else look()

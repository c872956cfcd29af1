"""The one composition: assembles what every long-running program is given, and runs it.

A program is the worker, the discloser, and each agent to come. A command or a container has a `Deployment`;
the rest is assembled here and in the program's own module. Nothing is read from the broker but what a program
works by, and no client of the stream is made, before `run_program`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from faust import Worker
from prometheus_client import CollectorRegistry, disable_created_metrics

from isp.agreement.review_date import review_notice
from isp.agreement.topics import Names
from isp.broker.in_force import await_another, read_in_force
from isp.broker.registered import schemas_of
from ops import metrics_door
from schemas.catalogue import load_catalogue
from schemas.london import end_of_day, london_today
from schemas.state import STATE_KINDS
from schemas.wire import bytes_decoder, decoder
from streams.runtime.app import build_app
from streams.runtime.batching import BatchBounds
from streams.runtime.ending import end_when
from streams.runtime.feed import GroupFeed
from streams.runtime.heads import HeadsFollower
from streams.runtime.open_transactions import OpenTransactions
from streams.runtime.source import Source, SourceSettings
from streams.state.changelog import Changelog
from streams.state.disk import DiskTables
from transport.identity import identify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from prometheus_client import Gauge

    from isp.agreement.protocol import Protocol as SharingProtocol
    from isp.audit.chain import Heads
    from isp.broker.signed import ReadProtocol
    from ops.deployment import MetricsSettings
    from schemas.catalogue import Catalogue
    from schemas.state import StateOwner
    from streams.runtime.kafka_config import AgentClients
    from streams.runtime.metrics import StreamMetrics
    from streams.runtime.processor import Processor
    from streams.state.dated import DatedStore
    from streams.state.layout import Layout
    from transport.follower import Follower
    from transport.schemas import Schemas

log = logging.getLogger(__name__)


class StartError(RuntimeError):
    """A program cannot start; the message says why."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The signed protocol and the schemas in force that a program works by, on its own connection."""

    signed: ReadProtocol
    connection: Mapping[str, Any]
    catalogue: Catalogue = field(default_factory=load_catalogue)

    @property
    def protocol(self) -> SharingProtocol:
        """Return the protocol."""
        return self.signed.protocol

    def require_in_force(self) -> None:
        """Check that the protocol is in force: what the broker's rules do not know is not released by.

        Raises:
            StartError: another one is, or none.
        """
        signed = self.signed
        known = read_in_force(self.connection, self.protocol.prefix, self.catalogue)
        if known is None or known.digest != signed.digest:
            message = f"{signed.file}, {signed.line}, is not the protocol in force"
            accepted = f"accepted: digest {known.digest}" if known else "none is in force"
            raise StartError(f"{message}; {accepted}; `ipu isp apply` puts one in force")

    def schemas(self) -> Schemas:
        """Read the schemas of the partnership from the broker."""
        return schemas_of(self.connection, self.protocol.prefix, self.catalogue)

    def await_another(self) -> None:
        """Return once another protocol is in force."""
        prefix, digest = self.protocol.prefix, self.signed.digest
        await_another(self.connection, prefix, self.catalogue, digest)


def serve_metrics(settings: MetricsSettings) -> CollectorRegistry:
    """Serve the metrics of a new registry, and return the registry.

    Raises:
        StartError: the port is taken.
    """
    registry = CollectorRegistry()
    disable_created_metrics()  # type: ignore[no-untyped-call]
    if settings.port is not None:
        try:
            metrics_door.serve(settings.port, registry, settings.password)
        except OSError as error:
            address = f"{metrics_door.LOOPBACK}:{settings.port}"
            message = f"metrics cannot be served on {address}: {error.strerror}"
            raise StartError(message + "; give another --metrics-port") from error
    return registry


def state_tables(folder: Path, principal: str, slot: str, layout: Layout) -> DiskTables:
    """Return the tables on disk of one process of an agent; they are not open yet."""
    # What the process writes is its owner's alone.
    os.umask(0o077)
    return DiskTables(folder / f"{principal}.{slot}", layout.every_table)


class StateMetrics(Protocol):
    """The metrics of an agent's state."""

    state_entries: Gauge
    restore_seconds: Gauge


def require_slot(slot: str, slots: Sequence[str]) -> None:
    """Check that a slot is one of an agent's.

    Raises:
        StartError: it is not.
    """
    if slot not in slots:
        raise StartError(f"--slot {slot!r} is not a slot; accepted: {', '.join(slots)}")


def changelog_of(
    owner: StateOwner,
    store: DatedStore,
    writer: bytes,
    clients: AgentClients,
    grounds: Grounds,
    metrics: StateMetrics,
) -> Changelog:
    """Return the changelog of an agent whose standbys follow its state, and show it in the metrics."""
    names, kinds = Names(grounds.protocol.prefix), STATE_KINDS[owner]
    metrics.state_entries.set_function(lambda: sum(map(store.count, kinds)))
    return Changelog(
        clients.reader(),
        [names.state(kind) for kind in kinds],
        None,
        store,
        writer,
        bytes_decoder(grounds.catalogue.system["memory"], "value"),
        partial(identify, clients.connection),
        metrics.restore_seconds.set,
    )


def group_source(
    processor: Processor,
    clients: AgentClients,
    grounds: Grounds,
    metrics: StreamMetrics,
    heads: Heads,
    state: Changelog | None = None,
    others: Sequence[Follower] = (),
    feed_of: type[GroupFeed] = GroupFeed,
) -> Source:
    """Return what drives a processor as a member of its group; it connects nothing yet.

    `heads` is what the processor knows of the audit's chains; it is restored and followed, as `others` are.
    `feed_of` says how the members of the group share the partitions.
    """
    names = Names(grounds.protocol.prefix)
    decode = decoder(grounds.catalogue.system["audit-head"])
    follower = HeadsFollower(clients.reader(), names.audit_heads, heads, decode)
    feed = feed_of(clients.consumer(), processor.topics, metrics, BatchBounds())
    transactions = SourceSettings(clients.producer(), names.audit)
    return Source(processor, feed, transactions, metrics, state, follower, others)


class _Worker(Worker):
    """Faust's worker, which names its protocol as the first thing in its log."""

    protocol = ""

    async def on_execute(self) -> None:
        # Not sooner: only now is the log set up.
        log.info("working by protocol %s", self.protocol)
        await super().on_execute()

    async def _sentinel_task(self) -> None:
        """Let the loop turn once more; Mode sleeps for a second here, when every task has ended."""
        await asyncio.sleep(0)


def run_program(principal: str, source: Source, metrics: StreamMetrics, grounds: Grounds) -> None:
    """Run a source's agent until it is told to stop, or until another protocol is in force.

    Leaves the process with 0 when stopped, otherwise with an error.
    """
    metrics.review.set(end_of_day(grounds.protocol.review))
    notice = review_notice(grounds.protocol, london_today())
    if notice is not None:
        log.warning("%s", notice)
    end_when(grounds.await_another, "another protocol is in force")
    told_as = Names(grounds.protocol.prefix).without_case
    OpenTransactions(grounds.connection, metrics.open_transactions, told_as).watch()
    # Objects made so far are permanent: the garbage collector need not check them with every batch.
    gc.freeze()
    worker = _Worker(build_app(principal, source), loglevel="INFO", redirect_stdouts=False)
    worker.protocol = grounds.signed.line
    worker.execute_from_commandline()

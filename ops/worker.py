"""Build the stream worker's source from settings, protocol, index, keys and schemas."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from isp.agreement.topics import Names, state_days
from ops.bootstrap import (
    Grounds,
    StartError,
    group_source,
    run_program,
    serve_metrics,
    state_tables,
)
from ops.deployment import MetricsSettings
from ops.list_files import ListFiles
from ops.reference import INDEX_FOLDER
from sanitiser.places.postcode_store import METADATA_FILE
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.reference_lists import NO_LISTS, ReferenceLists
from schemas.state import STATE_KINDS
from schemas.wire import bytes_decoder
from streams.runtime.ending import end_when, until_changed
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.rereading import IntakeAgain
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.metrics import Metrics
from streams.sanitising.rechecking import not_read_again
from streams.state.changelog import Changelog
from streams.state.layout import SANITISING
from streams.state.store import StateStore
from streams.wire import Wire
from transport.client_names import WORKER_SLOTS
from transport.identity import identify

if TYPE_CHECKING:
    from pathlib import Path

    from isp.agreement.protocol import Protocol
    from isp.broker.signed import ReadProtocol
    from isp.keys.key_store import KeyStore
    from ops.deployment import Deployment
    from sanitiser.key_ring import KeyRing
    from schemas.catalogue import Catalogue
    from streams.runtime.source import Source
    from streams.sanitising.pipeline import Pipeline
    from streams.sanitising.rechecking import Reread
    from transport.schemas import Schemas


STATE_FOLDER = "state"
"""Folder of the run directory with the state stores of the workers."""


class WorkerError(StartError):
    """The worker cannot start; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings of one worker process.

    The folder `state` has each worker's state store, by principal and slot.
    """

    signed: ReadProtocol
    index: Path
    connection: dict[str, Any]
    keys: KeyStore
    state: Path
    slot: str = "0"
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    lists: ListFiles = field(default_factory=ListFiles)

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        signed: ReadProtocol,
        data: Path,
        state: Path,
        slot: str,
        metrics_port: int | None,
        lists: Path | None = None,
    ) -> WorkerSettings:
        """Return the settings of a protocol's worker on a deployment, with the index under `data`.

        The reference lists are in the folder `lists`; default: in `data` too.
        """
        return cls(
            signed,
            data / INDEX_FOLDER,
            deployment.connection(Names(signed.protocol.prefix).worker),
            deployment.keys,
            state,
            slot,
            deployment.metrics_on(metrics_port),
            ListFiles.of(lists or data, deployment.secrets.folder),
        )


def _require_slot(slot: str) -> None:
    if slot not in WORKER_SLOTS:
        message = f"--slot {slot!r} is not a worker slot; accepted: {', '.join(WORKER_SLOTS)}"
        raise WorkerError(message)


def run_worker(settings: WorkerSettings) -> None:
    """Run the worker until it is stopped, then exit: with 0 after a stop, else with an error.

    Raises:
        WorkerError: the slot is unknown, the protocol is not in force, or the metrics port is
            taken.
        SecretError: the list of protected places or its key is missing or damaged.
    """
    _require_slot(settings.slot)
    grounds = Grounds(settings.signed, settings.connection)
    grounds.require_in_force()
    protocol, catalogue = grounds.protocol, grounds.catalogue
    index = PostcodeIndex.open(settings.index, protocol.sanitising.minimum_households)
    # The file's state is noted before the keys are read, so that an epoch made meanwhile is noticed.
    new_epoch = until_changed(settings.keys.file)
    keys, protected = settings.keys.ring(), settings.lists.protected
    new_list = None if protected is None else until_changed(protected.file)
    lists = settings.lists.open()
    schemas = grounds.schemas()
    store = _store(settings, protocol)
    pipeline = assemble(
        protocol, catalogue, index, schemas, keys, lists, settings.slot, store,
        IntakeAgain(settings.connection),
    )  # fmt: skip
    metrics = Metrics(serve_metrics(settings.metrics), pipeline.topics)
    metrics.index_rows.set(len(index))
    metrics.index_age.set((settings.index / METADATA_FILE).stat().st_mtime)
    source = _source(settings, grounds, pipeline, store, metrics)
    end_when(new_epoch, "there is a new epoch of keys")
    if new_list is not None:
        end_when(new_list, "the list of protected places has changed")
    run_program(Names(protocol.prefix).worker, source, metrics, grounds)


def _store(settings: WorkerSettings, protocol: Protocol) -> StateStore:
    """Return the state store on disk of this worker."""
    worker = Names(protocol.prefix).worker
    tables = state_tables(settings.state, worker, settings.slot, SANITISING)
    return StateStore(tables, state_days(protocol), is_followed=True)


def _source(
    settings: WorkerSettings,
    grounds: Grounds,
    pipeline: Pipeline,
    store: StateStore,
    metrics: Metrics,
) -> Source:
    """Return the source that drives the pipeline, with the state and the heads that it follows."""
    names, system = Names(grounds.protocol.prefix), grounds.catalogue.system
    clients = WorkerClients(settings.connection, names.worker, settings.slot)
    for kind in STATE_KINDS["worker"]:
        metrics.state_entries.labels(kind).set_function(partial(store.count, kind))
    changelog = Changelog(
        clients.reader(),
        [names.state(kind) for kind in STATE_KINDS["worker"]],
        names.memory,
        store,
        pipeline.writer,
        bytes_decoder(system["memory"], "value"),
        partial(identify, clients.connection),
        metrics.state_restored.set,
    )
    return group_source(pipeline, clients, grounds, metrics, pipeline.heads, changelog)


def assemble(
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    schemas: Schemas,
    keys: KeyRing,
    lists: ReferenceLists = NO_LISTS,
    slot: str = "0",
    state: StateStore | None = None,
    reread: Reread = not_read_again,
) -> Pipeline:
    """Return the pipeline of a protocol. Without a `state` store, state is kept in main memory."""
    wire = Wire.of(schemas)
    return build_pipeline(
        protocol, catalogue, index, keys, wire, time.time, lists, slot, state, reread
    )

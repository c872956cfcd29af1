"""Build the stream worker's source from settings, protocol, index, keys and schemas."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from isp.agreement.topics import Names, state_days
from isp.keys.protected_places import ProtectedStore
from ops.bootstrap import (
    Grounds,
    StartError,
    group_source,
    run_program,
    serve_metrics,
    state_tables,
)
from ops.deployment import MetricsSettings
from ops.reference import GAZETTEER_FOLDER, INDEX_FOLDER, PREMISES_FILE, STREETS_FOLDER
from sanitiser.build.folders import restore_folder
from sanitiser.build.premises_list import PremisesList
from sanitiser.places.gazetteer import Gazetteer
from sanitiser.places.postcode_store import METADATA_FILE
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.premises import withheld_premises
from sanitiser.places.streets import StreetList
from schemas.state import STATE_KINDS
from schemas.wire import bytes_decoder
from streams.runtime.ending import end_when, until_changed
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.rereading import IntakeAgain
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.metrics import Metrics
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
    from sanitiser.protected.listed import ProtectedList
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

    The folder `state` has each worker's state store, by principal and slot. `protected` has the files of the
    list of protected places, whether or not there is a list.
    """

    signed: ReadProtocol
    index: Path
    connection: dict[str, Any]
    keys: KeyStore
    state: Path
    slot: str = "0"
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    protected: ProtectedStore | None = None

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        signed: ReadProtocol,
        data: Path,
        state: Path,
        slot: str,
        metrics_port: int | None,
    ) -> WorkerSettings:
        """Return the settings of a protocol's worker on a deployment, with the index under `data`."""
        return cls(
            signed,
            data / INDEX_FOLDER,
            deployment.connection(Names(signed.protocol.prefix).worker),
            deployment.keys,
            state,
            slot,
            deployment.metrics_on(metrics_port),
            ProtectedStore.of(data, deployment.secrets.folder),
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
    keys, folder = settings.keys.ring(), settings.index.parent
    new_list = None if settings.protected is None else until_changed(settings.protected.file)
    protected = None if settings.protected is None else settings.protected.read()
    schemas = grounds.schemas()
    store = _store(settings, protocol)
    pipeline = assemble(
        protocol, catalogue, index, folder, schemas, keys, settings.slot, store,
        protected, IntakeAgain(settings.connection),
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
    beside: Path,
    schemas: Schemas,
    keys: KeyRing,
    slot: str = "0",
    state: StateStore | None = None,
    protected: ProtectedList | None = None,
    reread: Reread = lambda _place: (),
) -> Pipeline:
    """Return the pipeline of a protocol; the folder `beside` has the lists of places, premises and streets.

    Without a `state` store, state is kept in main memory.
    """
    wire = Wire.of(schemas)
    folder, listed = beside / GAZETTEER_FOLDER, beside / PREMISES_FILE
    # Without this, a worker would run without a list whose build crashed.
    for built in (folder, beside / STREETS_FOLDER):
        restore_folder(built)
    gazetteer = Gazetteer.open(folder) if folder.is_dir() else None
    streets = StreetList.open(of) if (of := beside / STREETS_FOLDER).is_dir() else None
    premises = PremisesList.open(listed) if listed.is_file() else withheld_premises
    return build_pipeline(
        protocol, catalogue, index, keys, wire, time.time, gazetteer, premises, slot, state,
        streets, protected, reread,
    )  # fmt: skip

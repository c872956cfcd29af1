"""Build the stream worker's app from settings, protocol, index, keys and schemas."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faust import Worker
from prometheus_client import CollectorRegistry, disable_created_metrics

from isp.agreement.protocol import Protocol
from isp.agreement.review_date import review_notice
from isp.agreement.topics import Names, state_days
from isp.broker.in_force import await_another, read_in_force
from isp.broker.registered import schemas_of
from isp.broker.signed import ReadProtocol
from isp.keys.key_store import KeyStore
from ops import metrics_door
from ops.reference import GAZETTEER_FOLDER, PREMISES_FILE
from sanitiser.build.premises_list import PremisesList
from sanitiser.key_ring import KeyRing
from sanitiser.places.gazetteer import Gazetteer
from sanitiser.places.postcode_store import METADATA_FILE
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.premises import withheld_premises
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import end_of_day, london_today
from schemas.wire import bytes_decoder, decoder
from streams.runtime.app import build_app
from streams.runtime.ending import end_when, until_changed
from streams.runtime.heads import HeadsFollower
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.metrics import Metrics
from streams.runtime.open_transactions import OpenTransactions
from streams.runtime.source import SourceSettings
from streams.sanitising.assembly import Wire, build_pipeline
from streams.sanitising.pipeline import Pipeline
from streams.state.changelog import Changelog
from transport.client_names import WORKER_SLOTS
from transport.schemas import Schemas

log = logging.getLogger(__name__)


class WorkerError(RuntimeError):
    """The worker cannot start; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings of one worker process. With `metrics_port` None no metrics are served."""

    signed: ReadProtocol
    index: Path
    connection: dict[str, Any]
    keys: KeyStore
    slot: str = "0"
    metrics_port: int | None = None
    metrics_password: str = field(default="", repr=False)


class _Worker(Worker):
    """Faust's worker. The first line of its log names its protocol."""

    protocol = ""

    async def on_execute(self) -> None:
        # The log is set up only now.
        log.info("working by protocol %s", self.protocol)
        await super().on_execute()


def _require_slot(slot: str) -> None:
    if slot not in WORKER_SLOTS:
        message = f"--slot {slot!r} is not a worker slot; accepted: {', '.join(WORKER_SLOTS)}"
        raise WorkerError(message)


def run_worker(settings: WorkerSettings) -> None:
    """Run the worker until it is stopped, then exit: with 0 after a stop, else with an error.

    Raises:
        WorkerError: the slot is unknown, the protocol is not in force, or the metrics port is
            taken.
    """
    _require_slot(settings.slot)
    catalogue = load_catalogue()
    protocol = settings.signed.protocol
    _require_applied(settings, catalogue)
    index = PostcodeIndex.open(settings.index, protocol.sanitising.minimum_households)
    # The file's state is noted before the keys are read, so that an epoch made meanwhile is noticed.
    new_epoch = until_changed(settings.keys.file)
    keys, folder = settings.keys.ring(), settings.index.parent
    schemas = schemas_of(settings.connection, protocol.prefix, catalogue)
    pipeline = assemble(protocol, catalogue, index, folder, schemas, keys, settings.slot)
    metrics = _metrics(settings)
    metrics.index_rows.set(len(index))
    metrics.index_age.set((settings.index / METADATA_FILE).stat().st_mtime)
    metrics.review.set(end_of_day(protocol.review))
    _warn_of_review(protocol)
    principal = Names(protocol.prefix).worker
    clients = WorkerClients(settings.connection, principal, settings.slot)
    decode = bytes_decoder(catalogue.system["memory"], "value")
    names = Names(protocol.prefix)
    state = [names.state(kind) for kind in state_days(protocol)]
    changelog = Changelog(clients, state, names.memory, pipeline.memory, pipeline.writer, decode)
    decode_head = decoder(catalogue.system["audit-head"])
    heads = HeadsFollower(clients.reader(), names.audit_heads, pipeline.heads, decode_head)
    app = build_app(clients, pipeline, _source(protocol, pipeline), metrics, changelog, heads)
    end_when(new_epoch, "there is a new epoch of keys")
    connection, digest = settings.connection, settings.signed.digest
    end_when(
        lambda: await_another(connection, protocol.prefix, catalogue, digest),
        "another protocol is in force",
    )
    OpenTransactions(connection, metrics.open_transactions).watch()
    # These objects live as long as the process: exclude them from garbage collection.
    gc.freeze()
    worker = _Worker(app, loglevel="INFO", redirect_stdouts=False)
    worker.protocol = settings.signed.line
    worker.execute_from_commandline()


def _require_applied(settings: WorkerSettings, catalogue: Catalogue) -> None:
    """Check that the protocol is the one in force, because the ACLs were made from that one."""
    signed = settings.signed
    known = read_in_force(settings.connection, signed.protocol.prefix, catalogue)
    if known is None or known.digest != signed.digest:
        message = f"{signed.file}, {signed.line}, is not the protocol in force"
        accepted = f"accepted: digest {known.digest}" if known else "none is in force"
        raise WorkerError(f"{message}; {accepted}; `ipu isp apply` puts one in force")


def _warn_of_review(protocol: Protocol) -> None:
    notice = review_notice(protocol, london_today())
    if notice is not None:
        log.warning("%s", notice)


def _metrics(settings: WorkerSettings) -> Metrics:
    registry = CollectorRegistry()
    disable_created_metrics()  # type: ignore[no-untyped-call]
    if settings.metrics_port is not None:
        try:
            metrics_door.serve(settings.metrics_port, registry, settings.metrics_password)
        except OSError as error:
            address = f"{metrics_door.LOOPBACK}:{settings.metrics_port}"
            message = f"metrics cannot be served on {address}: {error.strerror}"
            raise WorkerError(message + "; give another --metrics-port") from error
    return Metrics(registry)


def assemble(
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    beside: Path,
    schemas: Schemas,
    keys: KeyRing,
    slot: str = "0",
) -> Pipeline:
    """Return the pipeline of a protocol.

    The folder `beside` has the gazetteer and the premises list.
    """
    wire = Wire.of(schemas)
    folder, listed = beside / GAZETTEER_FOLDER, beside / PREMISES_FILE
    gazetteer = Gazetteer.open(folder) if folder.is_dir() else None
    premises = PremisesList.open(listed) if listed.is_file() else withheld_premises
    return build_pipeline(
        protocol, catalogue, index, keys, wire, time.time, gazetteer, premises, slot
    )


def _source(protocol: Protocol, pipeline: Pipeline) -> SourceSettings:
    audit = Names(protocol.prefix).audit
    return SourceSettings(pipeline.topics, audit, pausing_topics(protocol))


def pausing_topics(protocol: Protocol) -> dict[tuple[str, str], str]:
    """Return the intake topics that a reject alarm stops, by agency and dataset."""
    names = Names(protocol.prefix)
    return {
        (s.agency, s.dataset): names.intake(s.agency, s.dataset)
        for s in protocol.supplies
        if s.reject_limit.pause
    }

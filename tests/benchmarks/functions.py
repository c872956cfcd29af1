"""The pure functions of the worker for the contenders: the same decode to encode for each of them.

Imports no Kafka client, so that it loads in every contender's environment.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from isp.agreement.protocol_file import load_protocol
from sanitiser.key_ring import KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.london import london_time
from schemas.wire import decoder, encoder
from streams.messages import Intake, Tally
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.pipeline import DatasetFlow, Pipeline
from streams.wire import Wire
from tests.benchmarks.job import AGENCY, DATASET, Job
from transport.messages import Output

_LOCAL_TIME_LOOKED_UP_EVERY_MS = 1_000


def pipeline_of(job: Job) -> Pipeline:
    """The worker's pipeline with the registry's answers already at hand."""
    catalogue = load_catalogue()
    protocol = load_protocol(Path(job.protocol), catalogue)
    index = PostcodeIndex.open(Path(job.index), protocol.sanitising.minimum_households)
    intake_id = job.schema_ids[job.intake]
    wire = Wire(
        lambda topic: encoder(topic.schema, job.schema_ids[topic.name]),
        lambda reader: {intake_id: decoder(reader)}.__getitem__,
    )
    keys = KeyRing.of(ReferenceKey(job.reference_key.encode()))
    return build_pipeline(protocol, catalogue, index, keys, wire, time.time)


class Functions:
    """One record in, its releases or its rejection out; counts as the worker counts."""

    def __init__(self, job: Job) -> None:
        """Take the flow out of the worker's own pipeline."""
        self._flow: DatasetFlow = pipeline_of(job).flow(job.intake)
        self._tally = Tally(AGENCY, DATASET, None)
        self._now = datetime.min
        self._stale_at_ms = 0

    def outputs(self, intake: Intake) -> Sequence[Output]:
        """Decode, validate, clean, geocode, sanitise, route, encode."""
        now_ms = int(time.time() * 1000)
        if now_ms >= self._stale_at_ms:
            self._now = london_time(datetime.fromtimestamp(now_ms / 1000, UTC))
            self._stale_at_ms = now_ms + _LOCAL_TIME_LOOKED_UP_EVERY_MS
        return self._flow.process(intake, self._now, now_ms, self._tally)

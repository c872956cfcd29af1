"""The inputs of the detector: the released streams of its recipients, supplies and receipts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from detection.emerging.facts import Case, CaseKey, Stream
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from schemas.catalogue import Catalogue
from schemas.derive import release_schema
from schemas.wire import DecoderFor, WireError, schema_id
from streams.emerging.cases import CaseReader
from streams.emerging.recipients import streams_of
from streams.messages import Intake

log = logging.getLogger(__name__)

SUPPLY: Final = "supply"
RECEIPT: Final = "receipt"

MOST_ID: Final = 200
"""A supply with a longer id is not learned. That of a supply has 64 characters."""


class Inputs:
    """The topics that the detector reads, and what they have.

    `streams` has the stream of each topic of releases; `learned` says for each topic of metadata whether it
    has supplies or receipts.
    """

    def __init__(
        self, protocol: Protocol, catalogue: Catalogue, decoder_for: Callable[[Any], DecoderFor]
    ) -> None:
        """Connect nothing; `decoder_for` returns the decoders of a schema by the ids of the writers' ones."""
        names = Names(protocol.prefix)
        self.streams: dict[str, Stream] = {}
        self.learned: dict[str, str] = {}
        self._writers: dict[str, tuple[str, str | None]] = {}
        self._readers: dict[str, CaseReader] = {}
        self._decoders: dict[str, DecoderFor] = {}
        for stream in streams_of(protocol):
            topic = names.depersonalised(stream.profile, stream.dataset)
            record_type = catalogue.record_type(stream.dataset)
            assert record_type.problem is not None, "streams_of returns no other"
            self.streams[topic] = stream
            self._readers[topic] = CaseReader(record_type, record_type.problem, stream.profile)
            self._decoders[topic] = decoder_for(release_schema(record_type, stream.profile))
        datasets = {stream.dataset for stream in self.streams.values()}
        for supply in protocol.supplies:
            if supply.dataset in datasets:
                supplies, receipts = (
                    names.supplies(supply.agency, supply.dataset), names.receipts(supply.agency)
                )  # fmt: skip
                self.learned |= {supplies: SUPPLY, receipts: RECEIPT}
                self._writers[supplies] = supply.agency, supply.dataset
                self._writers[receipts] = supply.agency, None
        schemas = {what: decoder_for(catalogue.system[what]) for what in (SUPPLY, RECEIPT)}
        self._decoders |= {topic: schemas[what] for topic, what in self.learned.items()}

    def decode(self, topic: str, value: bytes) -> dict[str, Any]:
        """Return a decoded message.

        Raises:
            WireError: the bytes are no message of the topic.
            DependencyUnavailable: the schema cannot be read now.
        """
        return self._decoders[topic](schema_id(value))(value)

    def is_own(self, topic: str, message: Mapping[str, Any]) -> bool:
        """Return True if a message about a supply is about the agency and dataset of its topic.

        An agency writes its supplies itself, and must not hold or cover the data of another one.
        """
        agency, dataset = self._writers[topic]
        is_of_topic = message["agency"] == agency and dataset in (None, message["dataset"])
        return is_of_topic and len(message["supply_id"] or "") <= MOST_ID

    def key_of(self, intake: Intake) -> CaseKey | None:
        """Return the key of a released record, or None without a readable key."""
        try:
            record = (intake.key or b"").decode()
        except UnicodeDecodeError:
            return None
        return CaseKey(self.streams[intake.topic], record) if record else None

    def case_of(self, intake: Intake) -> Case | None:
        """Return the case of a released record, or None if it has none.

        Raises:
            WireError: the message is no release of its topic.
            DependencyUnavailable: the schema cannot be read now.
        """
        if intake.value is None:
            return None
        return self._readers[intake.topic].case_of(self.decode(intake.topic, intake.value))


def refuse(intake: Intake, reason: str, counts: Counter[str]) -> None:
    """Count and log a message that is skipped."""
    counts["skipped"] += 1
    log.warning("%s[%d]@%d is skipped: %s", *intake[:3], reason)


__all__ = ["RECEIPT", "SUPPLY", "Inputs", "WireError", "refuse"]

"""A small partnership to stream for: its protocol, its postcodes, its schemas by number."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, Topic
from sanitiser.build.reference import build_index, table_of
from sanitiser.key_ring import KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema, intake_schema
from schemas.record_type import RecordType
from schemas.wire import Decode, DecoderFor, Encode, WireError, decoder, encoder
from streams.messages import BatchResult, Intake
from streams.sanitising.assembly import build_pipeline
from streams.sanitising.pipeline import Pipeline
from streams.wire import Wire
from transport.errors import DependencyUnavailable
from transport.messages import Output

NOW = datetime(2024, 6, 14, 10, 20, 30, tzinfo=UTC)
TODAY = NOW.date()
DAY = (NOW - datetime.fromtimestamp(0, UTC)).days
"""The day by which the state store counts."""
HOUR_MS = int(NOW.replace(minute=0, second=0).timestamp() * 1000)
PUBLISHED_MS = 1_718_360_000_000
KEY = ReferenceKey(b"k" * 32)
OTHER_KEY = ReferenceKey(b"o" * 32)
NAMES = Names("banes")
ADDRESS = "5 Acacia Avenue, SW1A 1AA"
EASTING, NORTHING = 654_321.0, 123_456.0

POSTCODES = (
    ("SW1A 1AA", 654_312, 123_465, "E09000033"),  # the guidance's worked example
    ("BA1 1AA", 375_000, 165_000, "E06000022"),  # two households: moved to BA1 1AB
    ("BA1 1AB", 375_100, 165_000, "E06000023"),  # stands in for BA1 1AA
    ("BA1 1AE", 375_000, 166_000, "E06000022"),  # unknown count: moved
    ("BA1 2ZZ", 375_000, 170_000, "E06000022"),  # enough households, stands in for none
    ("BA2 9ZZ", 390_000, 150_000, "E06000022"),  # too few, and too far from any
)
HOUSEHOLDS = {"SW1A 1AA": 12, "BA1 1AA": 2, "BA1 1AB": 40, "BA1 2ZZ": 30, "BA2 9ZZ": 3}


def small_index(folder: Path) -> PostcodeIndex:
    """The postcodes above, built as an operator builds the real ones."""
    households = folder / "households.csv"
    rows = [f"{postcode},{count}" for postcode, count in HOUSEHOLDS.items()]
    households.write_text("\n".join(["postcode,households", *rows, ""]))
    build_index(folder / "index", table_of(POSTCODES, "test", "1"), households)
    return PostcodeIndex.open(folder / "index")


class NumberedSchemas:
    """Schemas under ids, as a registry holds them; `away` makes it one that cannot be reached."""

    def __init__(self) -> None:
        self.away = False
        self._written: dict[str, AvroSchema] = {}
        self._ids: dict[str, int] = {}
        self._next = itertools.count(100)

    @property
    def wire(self) -> Wire:
        """Return the encoders and decoders of the pipeline."""
        return Wire(self._encoder, self._decoder_for)

    def id_of(self, reader: AvroSchema) -> int:
        """Return the schema id with which agencies write this intake schema."""
        name = str(reader["name"])
        if name not in self._ids:
            self._ids[name] = next(self._next)
        return self._ids[name]

    def read(self, output: Output) -> dict[str, Any]:
        """A message as its recipient decodes it."""
        record: dict[str, Any] = decoder(self._written[output.topic])(output.value or b"")
        return record

    def _encoder(self, topic: Topic) -> Encode:
        self._written[topic.name] = topic.schema
        return encoder(topic.schema, next(self._next))

    def _decoder_for(self, reader: AvroSchema) -> DecoderFor:
        own, decode = self.id_of(reader), decoder(reader)

        def decoder_for(schema_id: int) -> Decode:
            if self.away:
                raise DependencyUnavailable("the schema registry cannot be reached")
            if schema_id != own:
                foreign = schema_id in self._ids.values()
                raise WireError("foreign-schema" if foreign else "unknown-schema")
            return decode

        return decoder_for


def as_text(value: Any) -> Any:
    """A value for the text branch of its field, as a supplier with nothing better sends it."""
    return ("string", value)


@dataclass
class Partnership:
    """One pipeline with what a test needs around it."""

    protocol: Protocol
    catalogue: Catalogue
    index: PostcodeIndex
    schemas: NumberedSchemas
    pipeline: Pipeline

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        catalogue: Catalogue,
        index: PostcodeIndex,
        key: ReferenceKey = KEY,
        now: datetime = NOW,
        keys: KeyRing | None = None,
        slot: str = "0",
    ) -> Partnership:
        schemas = NumberedSchemas()
        ring = keys or KeyRing.of(key)
        pipeline = build_pipeline(
            protocol, catalogue, index, ring, schemas.wire, now.timestamp, slot=slot
        )
        return cls(protocol, catalogue, index, schemas, pipeline)

    def value(self, dataset: str, record: Mapping[str, Any]) -> bytes:
        """The bytes an agency publishes."""
        schema = intake_schema(self.catalogue.record_type(dataset))
        return encoder(schema, self.schemas.id_of(schema))(record)

    def intake(
        self,
        dataset: str,
        record: Mapping[str, Any],
        offset: int = 0,
        agency: str | None = None,
        supply: str | None = None,
    ) -> Intake:
        """One published record of the agency that the protocol has supply the dataset."""
        source = agency or next(s.agency for s in self.protocol.supplies if s.dataset == dataset)
        return raw_intake(
            NAMES.intake(source, dataset), self.value(dataset, record), offset, supply
        )

    def process(self, *intakes: Intake) -> BatchResult:
        """Return the result of a batch, as one transaction would write it."""
        return self.pipeline.process(intakes)

    def releases(self, result: BatchResult, profile: str | None = None) -> list[dict[str, Any]]:
        """Return the released records in the order of the outputs."""
        return [
            self.schemas.read(o)
            for o in result.outputs
            if o.topic.startswith(f"banes.depersonalised.{profile or ''}") and o.value is not None
        ]

    def taken_back(self, result: BatchResult) -> list[tuple[str, bytes | None]]:
        """Topic and key of every tombstone."""
        return [(o.topic, o.key) for o in result.outputs if o.value is None]

    def rejections(self, result: BatchResult) -> list[dict[str, Any]]:
        """The rejected records in the order in which they go back."""
        return self._family(result, "rejected")

    def receipts(self, result: BatchResult) -> list[dict[str, Any]]:
        """The receipts of the batch."""
        return self._family(result, "receipts")

    def _family(self, result: BatchResult, family: str) -> list[dict[str, Any]]:
        return [
            self.schemas.read(o) for o in result.outputs if o.topic.startswith(f"banes.{family}.")
        ]


def raw_intake(
    topic: str, value: bytes | None, offset: int = 0, supply: str | None = None, partition: int = 3
) -> Intake:
    """A message of an intake topic, whatever its bytes are."""
    return Intake(topic, partition, offset, b"the-key", value, supply, PUBLISHED_MS)


def offence(**fields: Any) -> dict[str, Any]:
    """A recorded crime at the place of the guidance's worked example."""
    return {
        "crime_reference": "CR/2024/001",
        "offence_code": "28A",
        "committed_from_date": date(2024, 6, 1),
        "location_address": ADDRESS,
        "location_easting": EASTING,
        "location_northing": NORTHING,
        "domestic": False,
    } | fields


def incident(**fields: Any) -> dict[str, Any]:
    """A police incident that is known not to be domestic."""
    return {
        "incident_reference": "IN-1",
        "incident_date": date(2024, 6, 1),
        "incident_type": "Noise",
        "location_postcode": "SW1A 1AA",
        "domestic": False,
    } | fields


def fire(**fields: Any) -> dict[str, Any]:
    """A fire incident that is known not to be domestic."""
    known = {"incident_reference": "F-1", "incident_date": date(2024, 6, 1), "domestic": False}
    return known | fields


def minimal(record_type: RecordType) -> dict[str, Any]:
    """The least that a record of this type must say."""
    kinds = {name: record_type.field(name).kind for name in record_type.required}
    return {name: date(2024, 6, 1) if kind == "date" else "REF-1" for name, kind in kinds.items()}

"""Encoders and decoders of an agent's messages, by the ids of the partnership's schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from isp.agreement.topics import Topic
from schemas.derive import AvroSchema
from schemas.wire import DecoderFor, Encode
from transport.schemas import Schemas


@dataclass(frozen=True, slots=True)
class Wire:
    """The encoder of each topic, and the decoders of each schema."""

    encoder: Callable[[Topic], Encode]
    decoder_for: Callable[[AvroSchema], DecoderFor]

    @classmethod
    def of(cls, schemas: Schemas) -> Wire:
        """Return the encoders and decoders for the schemas that a process knows."""
        return cls(lambda topic: schemas.encoder(topic.name, topic.schema), schemas.decoder_for)

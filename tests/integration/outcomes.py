"""The count of what became of every intake record of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from confluent_kafka import Message

from schemas.catalogue import load_catalogue
from schemas.wire import decoder
from tests.integration.site import Site, place_of

Place = tuple[int, int]
"""Partition and offset in the intake."""


@dataclass(frozen=True)
class Outcomes:
    """The number of outcomes of each record: releases by profile and record id, rejections by offset."""

    intake: dict[Place, bytes]
    released: dict[str, Counter[str]]
    rejected: Counter[Place]

    @classmethod
    def of(cls, site: Site, dataset: str, readers: dict[str, str]) -> Outcomes:
        """Read everything committed, the releases of each profile as the party that `readers` names."""
        released = {
            profile: Counter(
                _key(m).decode() for m in site.read_all(party, site.released(profile, dataset))
            )
            for profile, party in readers.items()
        }
        intake = {place_of(m): _key(m) for m in site.read_all(None, site.intake(dataset))}
        decode = decoder(load_catalogue().system["rejection"])
        rejections = site.read_all(site.agency(dataset), site.rejected(dataset))
        rejected = Counter(
            (r["partition"], r["offset"]) for r in (decode(m.value() or b"") for m in rejections)
        )
        return cls(intake, released, rejected)

    def places(self, chosen: Callable[[bytes], bool]) -> Counter[Place]:
        """Return the offset of each record whose key is `chosen`."""
        return Counter(place for place, key in self.intake.items() if chosen(key))

    def keys(self, chosen: Callable[[bytes], bool]) -> Iterable[bytes]:
        """Return the keys that are `chosen`."""
        return (key for key in self.intake.values() if chosen(key))


def _key(message: Message) -> bytes:
    key = message.key()
    return key.encode() if isinstance(key, str) else key or b""

"""Find the released records that a new version of the protected places concerns, in the intake topics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.listed import ProtectedList
from sanitiser.protected.places import ProtectedPlaces
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from schemas.london import london_time
from schemas.state import CHECKED_PREFIX
from streams.decision import Steps
from streams.messages import Intake
from streams.runtime.processor import TopicPartition
from streams.steps.decode import Decoder
from streams.steps.geocode import Geocoder
from streams.steps.protect import Protector
from streams.steps.step import Work
from streams.steps.withdraw import Withdrawer

log = logging.getLogger(__name__)

Reread = Callable[[TopicPartition], Iterable[Intake]]
"""Reads the committed messages that a partition of an intake topic has now, from its first."""

_VERSION_BYTES: Final = 8
_NAME_BYTES: Final = 12


class OlderListError(RuntimeError):
    """Another worker has released by a later list of protected places than this process has."""


class Rechecker:
    """Knows by which version of the protected places each partition of the intake was checked.

    The version of a partition is in the state, so it is committed together with the releases.
    """

    def __init__(
        self,
        listed: ProtectedList,
        index: PostcodeIndex,
        lasting: ReferenceKey,
        state: State,
        reread: Reread,
    ) -> None:
        """Take the list; `lasting` makes the names of the partitions in the state."""
        self._listed = listed
        self._index = index
        self._key = lasting.for_purpose("memory", "protected-places")
        self._state = state
        self._reread = reread

    def due_since(self, place: TopicPartition) -> int | None:
        """Return the version by which a partition was checked; None if that is the present one.

        Raises:
            OlderListError: it is a later one.
        """
        found = int.from_bytes(self._state.get(self._name(place)) or b"")
        if found > self._listed.version:
            message = "the list of protected places of this machine is missing or an earlier one"
            raise OlderListError(f"{message}; copy the list and its key of the other worker")
        return None if found == self._listed.version else found

    def done(self, place: TopicPartition) -> None:
        """Note that a partition is checked by the present version."""
        version = self._listed.version.to_bytes(_VERSION_BYTES)
        self._state.put(self._name(place), version)

    def concerned(
        self, place: TopicPartition, since: int, steps: Steps, decode: Decoder
    ) -> list[Intake]:
        """Return the newest message of each released record that is protected now, and was not by `since`.

        A record that its supplier has erased, or corrected to another place, is not concerned. A message that
        was rejected has changed no release.
        """
        if all(entry.since <= since for entry in self._listed.held):
            # Places were removed, and none was added.
            return []
        before = self._listed.places_at(since, self._index)
        finder = _Finder(steps, decode, self._listed.places(self._index), before)
        found: dict[tuple[str, ...], Intake] = {}
        for intake in self._reread(place):
            for identity, is_concerned in finder(intake):
                if is_concerned:
                    found[identity] = intake
                else:
                    found.pop(identity, None)
        log.info("checked %s[%d] by a new list of protected places", *place)
        return list(found.values())

    def _name(self, place: TopicPartition) -> bytes:
        topic, partition = place
        digest = bytes.fromhex(self._key.digest(topic, str(partition)))
        return CHECKED_PREFIX + digest[:_NAME_BYTES]


class _Finder:
    """Tells of each valid message of a dataset whether its record is concerned."""

    def __init__(
        self, steps: Steps, decode: Decoder, now: ProtectedPlaces, before: ProtectedPlaces
    ) -> None:
        self._steps = steps
        self._decode = decode
        self._locate = next(s for s in steps.releasing if isinstance(s, Geocoder)).locate
        self._withdraw = next(s for s in steps.releasing if isinstance(s, Withdrawer))
        self._now = Protector(steps.record_type, now)
        self._before = Protector(steps.record_type, before)

    def __call__(self, intake: Intake) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Yield the identity of a valid record, and whether it is released and concerned."""
        # The message was validated when it came, and a date that was ahead then is past now.
        at = london_time(datetime.fromtimestamp(intake.timestamp_ms / 1000, UTC))
        work = Work(at, intake=intake)
        self._decode(work)
        if not work.faults:
            work = self._steps.read(work.given, at)
        if not work.faults:
            yield self._withdraw.identity(work.record), self._is_concerned(work, intake)

    def _is_concerned(self, work: Work, intake: Intake) -> bool:
        if intake.erases or not self._withdraw.may_be_released(work.record):
            return False
        locations = self._locate(work.record)
        now = set(self._now.found(work.record, locations))
        return bool(now.difference(self._before.found(work.record, locations)))

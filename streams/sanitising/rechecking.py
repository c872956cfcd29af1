"""Find the released records that a new version of the protected places concerns, in the intake topics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

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
from streams.sanitising.errors import OlderListError
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


class Concerned(NamedTuple):
    """A message whose record is released, and the record as it was read."""

    intake: Intake
    record: dict[str, Any]


def not_read_again(place: TopicPartition) -> Iterable[Intake]:
    """Refuse to check a partition that this process cannot read again.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(f"{place[0]}[{place[1]}] must be read again, and this process cannot")


class Rechecker:
    """Knows by which version of the protected places each partition of the intake was checked.

    The version of a partition is in the state, so it is committed together with the releases. So is the
    newest version of any partition: no worker goes back to an earlier list, also with a new partition.
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
            OlderListError: some partition was checked by a later one.
        """
        found, newest = self._version(self._name(place)), self._version(self._newest)
        if max(found, newest) > self._listed.version:
            message = "the list of protected places of this machine is missing or an earlier one"
            raise OlderListError(f"{message}; copy the list and its key of the other worker")
        if found > newest:
            self._put(self._newest)
        return None if found == self._listed.version else found

    def done(self, place: TopicPartition) -> None:
        """Note that a partition is checked by the present version."""
        self._put(self._name(place))
        self._put(self._newest)

    def concerned(
        self, place: TopicPartition, since: int, steps: Steps, decode: Decoder, now: datetime
    ) -> list[Concerned]:
        """Return the newest message of each released record that is protected now, and was not by `since`.

        A record that its supplier has erased, or corrected to another place, is not concerned. A message that
        was invalid when it came, and still is at `now` (local time in Europe/London), has changed no release.
        """
        if all(entry.since <= since for entry in self._listed.held):
            # Places were removed, and none was added.
            return []
        before = self._listed.places_at(since, self._index)
        finder = _Finder(steps, decode, self._listed.places(self._index), before, now)
        found: dict[tuple[str, ...], Concerned] = {}
        for intake in self._reread(place):
            read = finder(intake)
            if read is None:
                continue
            if read.is_concerned:
                found[read.identity] = Concerned(intake, read.record)
            elif read.is_certain:
                found.pop(read.identity, None)
        log.info("checked %s[%d] by a new list of protected places", *place)
        return list(found.values())

    def _version(self, name: bytes) -> int:
        return int.from_bytes(self._state.get(name) or b"")

    def _put(self, name: bytes) -> None:
        self._state.put(name, self._listed.version.to_bytes(_VERSION_BYTES))

    def _name(self, place: TopicPartition) -> bytes:
        topic, partition = place
        return self._digest(topic, str(partition))

    @property
    def _newest(self) -> bytes:
        return self._digest("newest")

    def _digest(self, *parts: str) -> bytes:
        return CHECKED_PREFIX + bytes.fromhex(self._key.digest(*parts))[:_NAME_BYTES]


class _Read(NamedTuple):
    """A message that was read again. `is_certain` is False if the worker may have rejected it."""

    identity: tuple[str, ...]
    record: dict[str, Any]
    is_concerned: bool
    is_certain: bool


class _Finder:
    """Decides of each valid message of a dataset whether its record is concerned."""

    def __init__(
        self,
        steps: Steps,
        decode: Decoder,
        now: ProtectedPlaces,
        before: ProtectedPlaces,
        at: datetime,
    ) -> None:
        self._steps = steps
        self._at = at
        self._decode = decode
        self._locate = next(s for s in steps.releasing if isinstance(s, Geocoder)).locate
        self._withdraw = next(s for s in steps.releasing if isinstance(s, Withdrawer))
        self._now = Protector(steps.record_type, now)
        self._before = Protector(steps.record_type, before)

    def __call__(self, intake: Intake) -> _Read | None:
        """Return a valid record; None for an invalid one.

        A message is valid if it was when it came. One that was not may have become valid before the worker
        reached it, as a date that was ahead is past later.
        """
        came = london_time(datetime.fromtimestamp(intake.timestamp_ms / 1000, UTC))
        for at in (came, self._at):
            work = self._read(intake, at)
            if not work.faults:
                identity = self._withdraw.identity(work.record)
                is_concerned = self._is_concerned(work, intake)
                return _Read(identity, work.record, is_concerned, is_certain=at is came)
        return None

    def _read(self, intake: Intake, at: datetime) -> Work:
        work = Work(at, intake=intake)
        self._decode(work)
        return work if work.faults else self._steps.read(work.given, at)

    def _is_concerned(self, work: Work, intake: Intake) -> bool:
        if intake.erases or not self._withdraw.may_be_released(work.record):
            return False
        locations = self._locate(work.record)
        now = set(self._now.found(work.record, locations))
        return bool(now.difference(self._before.found(work.record, locations)))

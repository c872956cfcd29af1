"""Withdraw: take back earlier releases of a record that a correction has made invalid.

A correction can exclude a record from a profile, move its event to another area or to the time of another
key, or cause it to be held. Its readers keep the earlier release until a tombstone takes it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sanitiser.identity import Identity
from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from schemas.record_type import RecordType
from schemas.state import RELEASED_PREFIX, SEEN_BYTES
from streams.steps.sanitise import Release
from streams.steps.step import Step, Work

KEY_DELETED = "not-taken-back-key-deleted"
"""Reason why an earlier release is not taken back: the key of its record id was deleted."""

RegionEpoch = tuple[str, int]
"""A region, and the number of the epoch whose key makes the digests of a release."""

_NAME_BYTES = 12
_EPOCH_BYTES = 2
# Part of the stored format: never change the bit of a profile.
_BITS: Final[Mapping[str, int]] = {"central": 1, "second": 2, "personal": 4}
_PROFILES: Final = tuple(
    tuple(profile for profile, bit in _BITS.items() if bits & bit)
    for bits in range(2 * max(_BITS.values()))
)
"""The profiles of each set of bits."""


class TakenBack(NamedTuple):
    """A release of one region and profile that is taken back."""

    region: str
    profile: str
    record_id: str


class Withdrawal(NamedTuple):
    """The releases to take back, and the reasons why others cannot be taken back."""

    taken_back: Sequence[TakenBack] = ()
    withheld: Sequence[str] = ()


NOTHING: Final = Withdrawal()


class Withdrawer(Step):
    """Stores where each record of one agency's dataset is released, and takes back releases elsewhere.

    The state has one entry for each record, with the places and profiles in which it is released. The entry's
    key is a digest of the record's identity, and does not depend on region or epoch. A record that was never
    released has no entry.
    """

    takes = frozenset({"record", "place", "releases", "staying", "rows_withheld"})
    completes = frozenset({"taken_back", "rows_withheld"})
    counts = frozenset({"withheld"})

    def __init__(
        self,
        agency: str,
        record_type: RecordType,
        lasting: ReferenceKey,
        state: State,
        policies: Mapping[RegionEpoch, Sequence[Policy]],
        retired: Collection[int] = (),
    ) -> None:
        """Take the policies of each place, and the epochs whose keys were deleted."""
        self._agency = agency
        self._identity = Identity(record_type)
        self._own = record_type.identity
        self._key = lasting.for_purpose("memory", "released", record_type.dataset, agency)
        self._state = state
        self._policies = {at: {p.profile: p for p in of} for at, of in policies.items()}
        self._retired = frozenset(retired)
        self._before: tuple[bytes, bytes] | None = None
        self._alone = {
            at: [_written({at: bits}) for bits in range(len(_PROFILES))] for at in self._policies
        }

    def __call__(self, work: Work, /) -> None:
        """Take back earlier releases in places and profiles in which the record is not released now."""
        found = self.withdraw(work.record, work.place, work.releases, work.staying)
        if found is not NOTHING:
            work.taken_back = found.taken_back
            work.rows_withheld += found.withheld

    def withdraw(
        self,
        record: Mapping[str, Any],
        place: RegionEpoch | None,
        releases: Sequence[Release],
        staying: Collection[str] = (),
    ) -> Withdrawal:
        """Return the releases to take back of a record that is now released in `place`, if anywhere.

        Earlier releases in `place` to the profiles in `staying` are not taken back.
        """
        given = 0
        for release in releases:
            given |= _BITS[release.profile]
        now = self._alone[place][given] if given and place else b""
        name = self._name(record)
        earlier = self._state.get(name)
        self._before = None
        if earlier == now:
            return NOTHING
        if earlier is None:
            return self._begun(name, record, place, now, (*_PROFILES[given], *staying))
        return self._changed(name, record, earlier, place, given, staying)

    def identity(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the texts that identify the record among those of its agency and dataset."""
        return tuple(self._identity(record))

    def may_be_released(self, record: Mapping[str, Any]) -> bool:
        """Return False if the record is certainly released nowhere.

        A record without its whole identity is identified by all its fields, which other steps can change.
        """
        is_whole = all(record[field] is not None for field in self._own)
        return not is_whole or bool(self._state.get(self._name(record)))

    def everything(self, record: Mapping[str, Any]) -> Withdrawal:
        """Return every possible release of a record that is erased, in every place."""
        name = self._name(record)
        earlier, self._before = self._state.get(name), None
        withheld = self._changed(name, record, earlier, None, 0).withheld if earlier else ()
        return Withdrawal(
            [
                TakenBack(region, profile, policy.record_id(self._agency, record))
                for (region, _), policies in self._policies.items()
                for profile, policy in policies.items()
            ],
            withheld,
        )

    def undo(self) -> None:
        """Restore the entry of the last record, whose outputs were not written."""
        if self._before is not None:
            self._state.put(*self._before)

    def _put(self, name: bytes, earlier: bytes | None, now: bytes) -> None:
        self._before = name, earlier or b""
        self._state.put(name, now)

    def _name(self, record: Mapping[str, Any]) -> bytes:
        digest = bytes.fromhex(self._key.digest(*self._identity(record)))
        return RELEASED_PREFIX + digest[:_NAME_BYTES]

    def _begun(
        self, name: bytes, record: Mapping[str, Any], place: RegionEpoch | None, now: bytes,
        staying: Collection[str],
    ) -> Withdrawal:  # fmt: skip
        """Make the entry of a record, and take back releases from before records had entries."""
        gone: list[TakenBack] = []
        if self._state.has_any_seen:
            gone = list(self._noted(record, place, staying))
        if now or gone:
            self._put(name, None, now)
        return Withdrawal(gone) if gone else NOTHING

    def _noted(
        self, record: Mapping[str, Any], place: RegionEpoch | None, staying: Collection[str]
    ) -> Iterator[TakenBack]:
        """Yield the releases whose record ids were stored as seen.

        Earlier versions stored the first bytes of the ids instead of entries, and only for profiles with
        exclusions.
        """
        for at, policies in self._policies.items():
            for profile, policy in policies.items():
                if not policy.has_exclusion or (at == place and profile in staying):
                    continue
                record_id = policy.record_id(self._agency, record)
                if self._state.has_seen(bytes.fromhex(record_id)[:SEEN_BYTES]):
                    yield TakenBack(at[0], profile, record_id)

    def _changed(
        self, name: bytes, record: Mapping[str, Any], earlier: bytes, place: RegionEpoch | None,
        given: int, staying: Collection[str] = (),
    ) -> Withdrawal:  # fmt: skip
        """Take back releases in other places and to other profiles, and replace the entry."""
        gone, withheld, places = list[TakenBack](), list[str](), dict[RegionEpoch, int]()
        for at, bits in _places(earlier):
            for profile in _PROFILES[bits]:
                if at == place and (given & _BITS[profile] or profile in staying):
                    places[at] = places.get(at, 0) | _BITS[profile]
                elif at[1] in self._retired:
                    withheld.append(KEY_DELETED)
                elif profile in self._policies.get(at, ()):
                    policy = self._policies[at][profile]
                    gone.append(TakenBack(at[0], profile, policy.record_id(self._agency, record)))
                else:
                    # No agency is entitled to it now, so it has no topic. It is taken back once one is.
                    places[at] = places.get(at, 0) | _BITS[profile]
        if given and place:
            places[place] = places.get(place, 0) | given
        self._put(name, earlier, _written(places))
        return Withdrawal(gone, withheld)


class Eraser(Step):
    """Takes back every possible release of a record that its supplier erases."""

    takes = frozenset({"record", "rows_withheld"})
    completes = frozenset({"taken_back", "rows_withheld"})
    counts = frozenset({"erased", "withheld"})

    def __init__(self, withdraw: Withdrawer) -> None:
        """Take the step that stores where records are released."""
        self._withdraw = withdraw

    def __call__(self, work: Work, /) -> None:
        """Take the record back from every place."""
        found = self._withdraw.everything(work.record)
        work.taken_back = found.taken_back
        work.rows_withheld += found.withheld

    def undo(self) -> None:
        """Restore the entry of the last record."""
        self._withdraw.undo()


def _written(places: Mapping[RegionEpoch, int]) -> bytes:
    """Return the value of an entry, from which `_places` reads the places with their bits."""
    parts = []
    for (region, epoch), bits in sorted(places.items()):
        name = region.encode()
        parts.append(bytes([bits, len(name)]) + epoch.to_bytes(_EPOCH_BYTES) + name)
    return b"".join(parts)


def _places(value: bytes) -> Iterator[tuple[RegionEpoch, int]]:
    at = 0
    while at < len(value):
        bits, length = value[at], value[at + 1]
        at += 2 + _EPOCH_BYTES
        region = value[at : at + length].decode()
        yield (region, int.from_bytes(value[at - _EPOCH_BYTES : at])), bits
        at += length

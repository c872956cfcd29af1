"""The discloser's feed, which is assigned the partitions that open cases need."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from isp.cases.turns import Allowance
from streams.disclosure.cases import Lane, LaneKind
from streams.disclosure.reading import Ahead, Backlog, PartitionKey, Positions
from streams.messages import Intake
from streams.runtime.batching import first_offsets
from streams.runtime.feed import Portion
from streams.runtime.lag import lag_of
from transport.client_names import case_groups, discloser_group

_POLL_SECONDS = 0.1
_RENEW_SECONDS = 3_600.0
"""Time between commits of unchanged positions. The broker deletes positions after a week without a commit."""
_NEW, _AHEAD = Lane(LaneKind.NEW), Lane(LaneKind.AHEAD)


@dataclass(slots=True)
class CaseFeed:
    """Reads letters, and intake for open cases: new records, and the backlog of each newly opened case.

    Requests that are prepared from alerts are read as letters. `allowances` has the number of letters that
    may be processed of each topic. `lane` is the source of the current batch.
    """

    connection: Mapping[str, Any]
    principal: str
    allowances: Mapping[str, Allowance]
    is_member: bool = False
    """Only the transactional id prevents another discloser from committing for the same group."""
    assignments: int = 1
    is_behind: bool = False
    lane: Lane = _NEW
    _positions: Positions | None = None
    _ahead: Ahead | None = None
    _backlogs: dict[str, Backlog] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)
    _unread: dict[str, Ahead] = field(default_factory=dict)
    _renew_at: float = 0.0
    _is_held: bool = False

    def begin(self) -> None:
        """Connect."""
        self._renew_at = time.monotonic() + _RENEW_SECONDS
        self._positions = Positions(self.connection, self._group, self.allowances)

    @property
    def positions(self) -> Positions:
        """Return the common positions, which all caught-up cases follow."""
        assert self._positions is not None, "begin first"
        return self._positions

    @property
    def _group(self) -> str:
        return discloser_group(self.principal)

    # What the source asks

    @property
    def assignment(self) -> Collection[PartitionKey]:
        """Return nothing: the processor chooses its partitions itself."""
        return ()

    def settled(self) -> bool:
        """Return True: no group assigns partitions."""
        return True

    def go_on(self) -> None:
        """Do nothing: the feed is never behind."""

    def poll(self, most: int) -> Iterator[Portion]:
        """Yield renewed positions, letters, new records, and records read ahead or a part of each backlog.

        Letters are first, so that a withdrawal in a letter applies to the records of the same poll.
        """
        yield from self._renewed()
        records = self.positions.poll(_POLL_SECONDS)
        letters = self._next_letters()
        self.lane = _NEW
        yield from self._portions([*letters, *records], most)
        if self._ahead is not None:
            yield from self._look_ahead(self._ahead, most)
            return
        for case in [case for case in self._backlogs if case not in self._held]:
            yield from self._draw(case, most)

    def _renewed(self) -> Iterator[Portion]:
        """Yield all positions once an hour, also those of waiting cases."""
        if time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + _RENEW_SECONDS
            yield self.standing
            for backlog in self._backlogs.values():
                yield Portion((), backlog.offsets, backlog.consumer.consumer_group_metadata())

    def _next_letters(self) -> list[Intake]:
        """Return the letters whose turn it is, from each party no more than its allowance."""
        now, positions = time.monotonic(), self.positions
        taken = [positions.take(t, a.letters(now)) for t, a in self.allowances.items()]
        return [letter for of_party in taken for letter in of_party]

    def _portions(self, intakes: Sequence[Intake], most: int) -> Iterator[Portion]:
        """Yield new messages in portions, each with the positions after it."""
        for begin in range(0, len(intakes), most):
            group = self.positions.consumer.consumer_group_metadata()
            rest = intakes[begin + most :]
            offsets = _before(rest, self.positions.offsets)
            yield Portion(intakes[begin : begin + most], offsets, group)

    def _look_ahead(self, ahead: Ahead, most: int) -> Iterator[Portion]:
        """Yield records read ahead; at the end continue from the kept positions."""
        yield from self._ahead_of(_AHEAD, ahead, most)
        if ahead.has_met_the_end and not self._is_held:
            self.positions.go_on()
            self._ahead = None
            ahead.close()

    def _ahead_of(self, lane: Lane, ahead: Ahead, most: int) -> Iterator[Portion]:
        """Yield records read ahead, without moving a position."""
        records = ahead.poll(_POLL_SECONDS)
        self.lane = lane
        for begin in range(0, len(records), most):
            here = self.standing
            part = records[begin : begin + most]
            yield Portion(part, here.offsets, here.group, moves=False)

    def _draw(self, case: str, most: int) -> Iterator[Portion]:
        """Yield a part of the backlog of a case.

        The whole backlog of a newly opened case is read ahead first, so that erased records are not released.
        """
        ahead = self._unread.get(case)
        if ahead is not None:
            yield from self._ahead_of(Lane(LaneKind.AHEAD, case), ahead, most)
            if ahead.has_met_the_end:
                self._unread.pop(case).close()
            return
        backlog = self._backlogs[case]
        records = backlog.poll(_POLL_SECONDS)
        group = backlog.consumer.consumer_group_metadata()
        for begin in range(0, len(records), most):
            self.lane = Lane(LaneKind.BACKLOG, case)
            offsets = _before(records[begin + most :], backlog.offsets)
            yield Portion(records[begin : begin + most], offsets, group)

    def committed(self, portion: Portion) -> None:
        """Do nothing: positions move when they are read."""

    @property
    def standing(self) -> Portion:
        """Return an empty portion with all positions as they are."""
        group = self.positions.consumer.consumer_group_metadata()
        return Portion((), self.positions.offsets, group)

    def rewind(self) -> None:
        """Close all readers; the processor then restores from the committed offsets."""
        self._let_go()

    def pause(self, topics: Collection[str]) -> None:
        """Do nothing: no alarm pauses the intake of cases."""

    def lag(self) -> Mapping[tuple[Any, ...], float]:
        """Return the number of records waiting in each partition, for the case that is furthest behind."""
        positions = self.positions
        lag = _lag(positions.consumer, positions.at)
        if self._ahead is not None:
            lag |= _lag(self._ahead.consumer, positions.kept)
        for backlog in self._backlogs.values():
            for place, waiting in _lag(backlog.consumer, backlog.at).items():
                lag[place] = max(waiting, lag.get(place, 0))
        return lag

    def close(self) -> None:
        """Disconnect from the broker."""
        self._let_go()
        if self._positions is not None:
            self._positions.consumer.close()

    def _let_go(self) -> None:
        for backlog in self._backlogs.values():
            backlog.close()
        for ahead in (self._ahead, *self._unread.values()):
            if ahead is not None:
                ahead.close()
        self._backlogs, self._unread, self._held = {}, {}, set()
        self._ahead, self._is_held = None, False

    # What the discloser asks

    def take_up(self, places: Collection[PartitionKey]) -> None:
        """Read these partitions from their committed offsets; forget all other positions."""
        self.positions.forget()
        self.positions.begin(sorted(places))

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that a topic has at the broker."""
        return self.positions.partitions(topic)

    def first_offset(self, place: PartitionKey) -> int:
        """Return the first offset of a partition that the broker still has."""
        return self.positions.watermarks(place)[0]

    def follow(self, places: Mapping[PartitionKey, int]) -> None:
        """Read these partitions from the given offsets, unless they are read already."""
        at = self.positions.at
        self.positions.follow({p: begin for p, begin in places.items() if p not in at})

    def keep_only(self, places: Collection[PartitionKey]) -> None:
        """Stop reading all intake partitions except these."""
        self.positions.leave(self._intake() - set(places))

    def draw(self, case: str, places: Collection[PartitionKey], *, held: bool = False) -> None:
        """Read the backlog of a case from its own group's committed offsets; while `held` read nothing."""
        self._backlogs[case] = Backlog(self.connection, self._group_of(case), places)
        if held:
            self._held.add(case)

    def read_ahead(self, case: str) -> None:
        """Read the whole backlog of a case ahead before any of it is released."""
        begin = dict(self._backlogs[case].at)
        self._unread[case] = Ahead(self.connection, self._group_of(case), begin)

    def _group_of(self, case: str) -> str:
        """Return the consumer group that has the committed offsets of a case's backlog."""
        return f"{case_groups(self.principal)}{case}"

    def stop_drawing(self, case: str) -> None:
        """Stop reading the backlog of a case."""
        self._held.discard(case)
        for reader in (self._backlogs.pop(case, None), self._unread.pop(case, None)):
            if reader is not None:
                reader.close()

    def met(self) -> Mapping[str, Mapping[PartitionKey, int]]:
        """Return the cases whose backlog has reached the common positions; none while these wait."""
        if self._ahead is not None:
            return {}
        return {
            case: dict(backlog.at)
            for case, backlog in self._backlogs.items()
            if case not in self._held | self._unread.keys() and backlog.has_met(self.positions)
        }

    def wait(self) -> None:
        """Stop at the positions of all intake, and read ahead of them.

        Records that were taken back while cases waited must be known before the cases continue. Otherwise the
        cases would receive them first.
        """
        if self._ahead is not None:
            return
        self.positions.wait(self._intake())
        begin = dict(self.positions.kept)
        for backlog in self._backlogs.values():
            for place, at in backlog.at.items():
                begin[place] = min(at, begin.get(place, at))
        self._ahead = Ahead(self.connection, self._group, begin)

    def hold(self) -> None:
        """Do as `wait`, but do not continue at the end."""
        self._is_held = True
        self.wait()

    @property
    def is_ahead(self) -> bool:
        """Return True while the intake is read ahead of its positions."""
        return self._ahead is not None

    def is_unmet(self, case: str, intake: Intake) -> bool:
        """Return True if a record is at or after the case's backlog position, or else the common one."""
        place = intake.topic, intake.partition
        backlog = self._backlogs.get(case)
        if backlog is not None:
            return place in backlog.at and intake.offset >= backlog.at[place]
        kept = self.positions.kept
        return place in kept and intake.offset >= kept[place]

    def _intake(self) -> set[PartitionKey]:
        """Return the intake partitions that have a position, whether they are read or wait."""
        places = self.positions.at.keys() | self.positions.kept.keys()
        return {place for place in places if place[0] not in self.allowances}


def _before(rest: Sequence[Intake], offsets: Sequence[TopicPartition]) -> list[TopicPartition]:
    """Return the offsets, none of them after a record that is still to be processed."""
    first = {(at.topic, at.partition): at for at in first_offsets(rest)}
    return [first.get((at.topic, at.partition), at) for at in offsets]


def _lag(consumer: Consumer, at: Mapping[PartitionKey, int]) -> dict[tuple[Any, ...], float]:
    return dict(lag_of(consumer, [TopicPartition(*place, offset) for place, offset in at.items()]))

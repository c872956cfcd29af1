"""Interfaces of the discloser to Kafka: the intake that its cases need, and their topics and rights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto
from typing import NamedTuple, Protocol

from isp.agreement.topics import Topic
from isp.cases.case import Case
from isp.cases.standing import Standing
from streams.messages import Intake
from streams.runtime.processor import TopicPartition


class LostTopic(RuntimeError):
    """A case that is open has no topic at the broker any more."""


class LaneKind(Enum):
    """The kinds of reading: new records, records read ahead for cases that wait, the backlog of one case."""

    NEW = auto()
    AHEAD = auto()
    BACKLOG = auto()


class Lane(NamedTuple):
    """The source of a batch. A backlog has a case; records that are read ahead may have one."""

    kind: LaneKind
    case: str = ""


class CaseIntake(Protocol):
    """Letters, and the intake of those partitions that an open case waits for."""

    lane: Lane
    """The lane of the batch that is processed now."""

    def take_up(self, places: Collection[TopicPartition]) -> None:
        """Go on with these where the last process ended; forget every other."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that a topic has at the broker."""
        ...

    def first_offset(self, place: TopicPartition) -> int:
        """Return the first offset that the broker still has."""
        ...

    def follow(self, places: Mapping[TopicPartition, int]) -> None:
        """Read these from their offsets on, where they are not read yet."""
        ...

    def keep_only(self, places: Collection[TopicPartition]) -> None:
        """Read no intake any more but these partitions."""
        ...

    def draw(self, case: str, places: Collection[TopicPartition], *, held: bool = False) -> None:
        """Read these from their beginning for a case, or go on where that ended; none while `held`."""
        ...

    def read_ahead(self, case: str) -> None:
        """Read all that a case is to be given ahead, before it is given any of it."""
        ...

    def stop_drawing(self, case: str) -> None:
        """Read nothing more for a case alone."""
        ...

    def met(self) -> Mapping[str, Mapping[TopicPartition, int]]:
        """Return the cases whose backlog has come as far as what all follow, with the offsets."""
        ...

    def wait(self) -> None:
        """Keep the positions of all intake, and read ahead of them to the end."""
        ...

    def hold(self) -> None:
        """Wait as `wait` does, and do not go on at the end."""
        ...

    @property
    def is_ahead(self) -> bool:
        """Return True while the intake is read ahead of positions that wait."""
        ...

    def is_unmet(self, case: str, intake: Intake) -> bool:
        """Return True for a record ahead of the case's backlog, or else of the positions that wait."""
        ...


class CaseBroker(Protocol):
    """Topics and rights of cases at the broker, and their state. Each act may be repeated."""

    def standing(self) -> Standing:
        """Read the current state of every case and consent."""
        ...

    def given(self, case: str) -> Iterable[bytes]:
        """Return the names of the records that a case's topic holds; raise `LostTopic` if there is none."""
        ...

    def make_topic(self, topic: Topic) -> None:
        """Create the topic of a case where there is none."""
        ...

    def grant(self, case: Case) -> None:
        """Allow the recipient to read what the case discloses."""
        ...

    def destroy(self, case: str) -> tuple[str, ...]:
        """Destroy what was made for a case; return what that is."""
        ...

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        """Take away what no case has; return what that was."""
        ...

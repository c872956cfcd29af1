"""Interfaces of the discloser to Kafka: the intake that its cases need, and their topics and ACLs."""

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
    """The topic of an open case no longer exists at the broker."""


class LaneKind(Enum):
    """The kinds of reading: new records, records read ahead while cases wait, and the backlog of one case."""

    NEW = auto()
    AHEAD = auto()
    BACKLOG = auto()


class Lane(NamedTuple):
    """The source of a batch. A backlog has a case; records that are read ahead may have one."""

    kind: LaneKind
    case: str = ""


class CaseIntake(Protocol):
    """Reads letters, and the intake partitions that open cases need."""

    lane: Lane
    """The lane of the batch that is processed now."""

    def take_up(self, places: Collection[TopicPartition]) -> None:
        """Read these partitions from their committed offsets; stop reading all others."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that a topic has at the broker."""
        ...

    def first_offset(self, place: TopicPartition) -> int:
        """Return the first offset of a partition that the broker still has."""
        ...

    def follow(self, places: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from the given offsets, unless they are read already."""
        ...

    def keep_only(self, places: Collection[TopicPartition]) -> None:
        """Stop reading all intake partitions except these."""
        ...

    def draw(self, case: str, places: Collection[TopicPartition], *, held: bool = False) -> None:
        """Read the backlog of a case from these partitions; while `held` read nothing."""
        ...

    def read_ahead(self, case: str) -> None:
        """Read the whole backlog of a case ahead before any of it is released."""
        ...

    def stop_drawing(self, case: str) -> None:
        """Stop reading the backlog of a case."""
        ...

    def met(self) -> Mapping[str, Mapping[TopicPartition, int]]:
        """Return the cases whose backlog has reached the common positions, with these offsets."""
        ...

    def wait(self) -> None:
        """Stop at the positions of all intake, and read ahead of them to the end."""
        ...

    def hold(self) -> None:
        """Do as `wait`, but do not continue at the end."""
        ...

    @property
    def is_ahead(self) -> bool:
        """Return True while the intake is read ahead of its positions."""
        ...

    def is_unmet(self, case: str, intake: Intake) -> bool:
        """Return True if a record is at or after the case's backlog position, or else the common one."""
        ...


class CaseBroker(Protocol):
    """Topics, ACLs and state of cases at the broker. Every method may be called again."""

    def standing(self) -> Standing:
        """Read the current state of every case and consent."""
        ...

    def given(self, case: str) -> Iterable[bytes]:
        """Return the names of the records that a case's topic holds; raise `LostTopic` if there is none."""
        ...

    def make_topic(self, topic: Topic) -> None:
        """Create the topic of a case if it does not exist."""
        ...

    def grant(self, case: Case) -> None:
        """Allow the recipient of a case to read its topic."""
        ...

    def destroy(self, case: str) -> tuple[str, ...]:
        """Destroy access, topic and key of a case; return the names of what was destroyed."""
        ...

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        """Delete topics, ACLs and keys that belong to no case; return their names."""
        ...

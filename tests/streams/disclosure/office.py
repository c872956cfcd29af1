"""A discloser without a broker: one open case about Jane Roe, and officers who write to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, Topic
from isp.audit.chain import Heads
from isp.cases.case import Case, Flow
from isp.cases.letters import Letter, sign_letter
from isp.cases.register import opened
from isp.cases.standing import Standing
from isp.cases.turns import Allowance
from isp.keys.case_keys import CaseKeys
from schemas.derive import intake_schema
from schemas.wire import encoder
from streams.disclosure.cases import Lane, LaneKind, LostTopic
from streams.disclosure.discloser import Discloser, DiscloserSettings
from streams.disclosure.prepared import prepared_topics
from streams.messages import Intake
from streams.runtime.processor import TopicPartition
from tests.isp.cases.table import CASE, CATALOGUE, NOW, PROTOCOL, Table, key_of, request
from tests.streams.partnership import KEY, NumberedSchemas, raw_intake

NAMES = Names(PROTOCOL.prefix)
VICTIMS = "police-crime-victim"
VICTIMS_INTAKE = NAMES.intake("police", VICTIMS)
PARTITIONS = 4
NEW = Lane(LaneKind.NEW)


@dataclass
class ReadyIntake:
    """Positions in memory; nothing waits unless a test says so."""

    lane: Lane = NEW
    is_ahead: bool = False
    unmet: bool = False
    followed: set[TopicPartition] = field(default_factory=set)
    drawn: dict[str, Collection[TopicPartition]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    ahead: set[str] = field(default_factory=set)
    joining: dict[str, Mapping[TopicPartition, int]] = field(default_factory=dict)

    def take_up(self, places: Collection[TopicPartition]) -> None:
        self.followed = set(places)

    def partitions(self, topic: str) -> int:
        return PARTITIONS

    def first_offset(self, place: TopicPartition) -> int:
        return 0

    def follow(self, places: Mapping[TopicPartition, int]) -> None:
        self.followed |= set(places)

    def keep_only(self, places: Collection[TopicPartition]) -> None:
        intake = {place for place in self.followed if ".intake." in place[0]}
        self.followed -= intake - set(places)

    def draw(self, case: str, places: Collection[TopicPartition], *, held: bool = False) -> None:
        self.drawn[case] = places
        if held:
            self.held.add(case)

    def read_ahead(self, case: str) -> None:
        self.ahead.add(case)

    def stop_drawing(self, case: str) -> None:
        self.drawn.pop(case, None)

    def met(self) -> Mapping[str, Mapping[TopicPartition, int]]:
        return self.joining

    def wait(self) -> None:
        """Nothing lies ahead."""

    def hold(self) -> None:
        self.is_ahead = True

    def is_unmet(self, case: str, intake: Intake) -> bool:
        return self.unmet


@dataclass
class ReadyBroker:
    """The state of cases, and what was done for them."""

    cases: dict[str, Case]
    done: list[tuple[str, str]] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    lost: bool = False

    def standing(self) -> Standing:
        return Standing(dict(self.cases))

    def given(self, case: str) -> Iterable[bytes]:
        if self.lost:
            raise LostTopic(case)
        return self.names

    def make_topic(self, topic: Topic) -> None:
        self.done.append(("topic", topic.name))

    def grant(self, case: Case) -> None:
        self.done.append(("grant", case.case))

    def destroy(self, case: str) -> tuple[str, ...]:
        self.done.append(("destroy", case))
        return ("access", "topic", "key")

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        return ()


class Office:
    """A discloser that has restored one open case, and what its parties send."""

    def __init__(self, folder: Path, protocol: Protocol = PROTOCOL) -> None:
        self.table = Table()
        self.table.send(request())
        self.table.decide("approve")
        self.approved = self.table.case
        self.keys = CaseKeys(folder)
        self.keys.make(CASE)
        flow = Flow(key="AA==", caught_up=True)
        self.broker = ReadyBroker({CASE: opened(self.table.case, flow, NOW)})
        self.table.register.keep(CASE, self.broker.cases[CASE])
        self.intake = ReadyIntake()
        self.schemas = NumberedSchemas()
        settings = DiscloserSettings(
            protocol, CATALOGUE, {}, {}, self.schemas.wire, self.keys, KEY, NOW.timestamp
        )
        letters = [NAMES.letters(party.id) for party in PROTOCOL.correspondents]
        limited = (*letters, *prepared_topics(protocol))
        allowances = {topic: Allowance(1_000, 0.0) for topic in limited}
        self.heads = Heads()
        self.discloser = Discloser(settings, self.intake, self.broker, self.heads, allowances)

    def victim(self, offset: int = 0, **fields: Any) -> Intake:
        """A record of the police about Jane Roe."""
        record_type = CATALOGUE.record_type(VICTIMS)
        usual = dict.fromkeys(field.name for field in record_type.fields)
        said = {
            "crime_reference": "CR-1",
            "record_reference": f"V-{offset}",
            "name": "Jane Roe",
            "date_of_birth": date(1990, 5, 17),
        }
        schema = intake_schema(record_type)
        value = encoder(schema, self.schemas.id_of(schema))(usual | said | fields)
        return raw_intake(VICTIMS_INTAKE, value, offset)

    def prepared(self, message: dict[str, Any], offset: int = 0) -> Intake:
        """A message of the alerts agent."""
        value = encoder(CATALOGUE.system["prepared"], 1)(message)
        return raw_intake(NAMES.prepared, value, offset, partition=0)

    def letter(self, letter: Letter, offset: int = 0) -> Intake:
        """A letter on the topic of its writer's party."""
        message = sign_letter(letter, key_of(letter.party, letter.post))
        value = encoder(CATALOGUE.system["letter"], 1)(message)
        return raw_intake(NAMES.letters(letter.party), value, offset, partition=0)

"""Short ways to write facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detection.domestic.engine import Changes, take
from detection.domestic.facts import DIGEST_BYTES, Event, Fact, Person, Risk, Role, Source
from detection.domestic.settings import LevelRule, Settings
from tests.detection.domestic.memory import DictMemory

POLICE = Source("police", "police-incident")
CRIME = Source("police", "police-crime-offence")
VICTIMS = Source("police", "police-crime-victim")
AMBULANCE = Source("ambulance", "ambulance-call")
HOSPITAL = Source("hospital", "hospital-assault")
MARAC = Source("council", "marac-referral")
DAY = 20_000
SETTINGS = Settings(
    same_event_hours=12,
    history_days=365,
    alert_days=28,
    levels=(
        LevelRule("marac-repeat", "marac-repeat"),
        LevelRule("high-risk", "graded"),
        LevelRule("escalation", "repeat"),
        LevelRule("standard", "any"),
    ),
)


def digest(name: str) -> bytes:
    return name.encode().ljust(DIGEST_BYTES, b".")


def people(victim: str = "", suspect: str = "", child: str = "") -> tuple[Person, ...]:
    roles: tuple[tuple[Role, str], ...] = (
        ("victim", victim),
        ("suspect", suspect),
        ("child", child),
    )
    return tuple(Person(role, digest(name)) for role, name in roles if name)


def fact(
    name: str,
    source: Source = POLICE,
    day: int = DAY,
    hour: float | None = 12,
    *,
    home: str = "",
    join: str = "",
    incident: str = "",
    **others: Any,
) -> Fact:
    names = {key: others.pop(key, "") for key in ("victim", "suspect", "child")}
    given: dict[str, Any] = {
        "supplied_ms": day * 86_400_000,
        "people": people(**names),
        "until_day": day,
    } | others
    return Fact(
        record=digest(name),
        source=source,
        kind=given.pop("kind", "event"),
        day=day,
        minute=None if hour is None else int((day * 24 + hour) * 60),
        households=tuple(digest(each) for each in home.split()),
        join=digest(join) if join else None,
        incident=digest(incident) if incident else None,
        **given,
    )


def part(name: str, join: str, **others: Any) -> Fact:
    return fact(name, others.pop("source", VICTIMS), hour=None, kind="part", join=join, **others)


def referral(name: str, day: int = DAY, grade: str = "", **others: Any) -> Fact:
    risk = Risk("DASH", grade, day, "officer") if grade else None
    return fact(name, MARAC, day, None, kind="referral", risk=risk, **others)


def taken(facts: Iterable[Fact], memory: DictMemory | None = None) -> DictMemory:
    memory = memory or DictMemory()
    for each in facts:
        take(each, each.record, memory, SETTINGS)
    return memory


def take_one(each: Fact, memory: DictMemory) -> Changes:
    return take(each, each.record, memory, SETTINGS)


def erase(name: str, memory: DictMemory) -> Changes:
    return take(None, digest(name), memory, SETTINGS)


def groups(memory: DictMemory) -> set[frozenset[str]]:
    """Return the names of the records of each event."""
    return {
        frozenset(fact.record.rstrip(b".").decode() for fact in event.facts)
        for event in memory.events.values()
    }


def event_of(name: str, memory: DictMemory) -> Event:
    (event_id,) = memory.events_with_record(digest(name))
    return memory.events[event_id]


def everything(_: Source) -> bool:
    return True

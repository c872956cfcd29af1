"""The rule `graded`: a risk assessment has one of the protocol's grades."""

from __future__ import annotations

from collections.abc import Iterator

from detection.domestic.facts import Event, Fact, Risk
from detection.domestic.memory import Memory
from detection.domestic.past import Visible
from detection.domestic.referrals import referrals
from detection.domestic.settings import LevelRule
from detection.domestic.times import when
from detection.domestic.words import day_words

PLAIN = "a risk grade reaches the protocol's threshold"


def graded(
    event: Event, rule: LevelRule, memory: Memory, visible: Visible
) -> tuple[str, ...] | None:
    """Return the reasons why the rule applies, or None if it does not.

    Grades of the event's facts count, of any date, and grades of referrals of its victims.
    """
    grades = {_normal(grade) for grade in rule.grades}
    facts = (*event.facts, *referrals(event.facts, when(event.facts).day, rule.days, memory))
    seen = tuple(fact for fact in event.facts if visible(fact.source))
    told = (*seen, *referrals(seen, when(event.facts).day, rule.days, memory))
    reasons = [
        _words(fact, risk) if fact in told and visible(fact.source) else PLAIN
        for fact, risk in _risks(facts)
        if risk.grade and _normal(risk.grade) in grades
    ]
    return tuple(dict.fromkeys(reasons)) or None


def _risks(facts: tuple[Fact, ...]) -> Iterator[tuple[Fact, Risk]]:
    return ((fact, fact.risk) for fact in facts if fact.risk)


def _normal(grade: str) -> str:
    """Return the grade without case; spaces and underscores count as hyphens."""
    return "-".join(grade.casefold().replace("_", " ").replace("-", " ").split())


def _words(fact: Fact, risk: Risk) -> str:
    tool = f" ({risk.tool})" if risk.tool else ""
    graded_on = "" if risk.day is None else f", graded on {day_words(risk.day)}"
    is_referral = fact.kind == "referral"
    of = f"MARAC referral on {day_words(fact.day)}" if is_referral else "this event"
    return f"Risk grade {risk.grade}{tool} of {'the ' if is_referral else ''}{of}{graded_on}"

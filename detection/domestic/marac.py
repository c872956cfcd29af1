"""The rule `marac-repeat`: a further event with the same victim and perpetrator after a referral."""

from __future__ import annotations

from detection.domestic import people
from detection.domestic.facts import Event, Fact
from detection.domestic.grouping import Facts
from detection.domestic.memory import Memory
from detection.domestic.past import Visible
from detection.domestic.referrals import is_about_another, referrals
from detection.domestic.settings import LevelRule
from detection.domestic.times import when
from detection.domestic.words import day_words

PLAIN = "a further event after a MARAC referral"


def marac_repeat(
    event: Event, rule: LevelRule, memory: Memory, visible: Visible
) -> tuple[str, ...] | None:
    """Return the reason why the rule applies, or None if it does not.

    A referral counts with the same victim, unless both name suspects and none of them is the same. Where no
    victim of the event is named, a referral of the household counts. The newest visible one is told.
    """
    day = when(event.facts).day
    counting = _counting(event.facts, day, rule, memory)
    if not counting:
        return None
    seen = tuple(fact for fact in event.facts if visible(fact.source))
    if bool(people.named(seen, "victim")) != bool(people.named(event.facts, "victim")):
        return (PLAIN,)
    told = [r for r in _counting(seen, day, rule, memory) if r in counting and visible(r.source)]
    return (_words(told[0], seen),) if told else (PLAIN,)


def _counting(facts: Facts, day: int, rule: LevelRule, memory: Memory) -> list[Fact]:
    found = referrals(facts, day, rule.days, memory)
    return [referral for referral in found if not is_about_another(referral, facts)]


def _words(referral: Fact, facts: Facts) -> str:
    told = f"MARAC referral on {day_words(referral.day)}; the same"
    if not people.victims(facts) & people.victims((referral,)):
        return f"{told} household (no victim of this event is named)"
    if people.suspects((referral,)) & people.suspects(facts):
        return f"{told} victim and the same suspect"
    return f"{told} victim (the suspect of one of them is not identified)"

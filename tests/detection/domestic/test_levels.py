"""The levels of an event, and the words of why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from detection.domestic.facts import Fact, Person, Risk, Source
from detection.domestic.levels import Fired, every_source, levels
from detection.domestic.settings import LevelRule
from tests.detection.domestic.building import (
    AMBULANCE,
    DAY,
    HOSPITAL,
    MARAC,
    POLICE,
    SETTINGS,
    digest,
    event_of,
    fact,
    referral,
    taken,
)

OLD: dict[str, Any] = {"day": DAY - 100}


def levels_of(
    facts: list[Fact], visible: Callable[[Source], bool] = every_source, *rules: LevelRule
) -> dict[str, Fired]:
    memory = taken(facts)
    settings = replace(SETTINGS, levels=rules or SETTINGS.levels)
    return {
        fired.name: fired for fired in levels(event_of("now", memory), memory, settings, visible)
    }


def test_every_event_has_the_level_with_the_rule_any() -> None:
    assert levels_of([fact("now")]) == {
        "standard": Fired(
            3,
            "standard",
            "every event has at least this level",
            "every event has at least this level",
        )
    }


def test_all_levels_that_apply_are_told_the_most_urgent_first() -> None:
    facts = [
        fact("now", victim="ann"),
        fact("one", day=DAY - 9, victim="ann"),
        fact("two", day=DAY - 8, victim="ann"),
        referral("marac", DAY - 5, "HIGH", victim="ann"),
    ]
    assert list(levels_of(facts)) == ["marac-repeat", "high-risk", "escalation"]


def test_a_third_event_of_a_household_is_an_escalation_in_words() -> None:
    facts = [fact("now", home="home"), *(fact(f"e{d}", day=DAY - d, home="home") for d in (70, 9))]
    fired = levels_of(facts)["escalation"]
    assert fired.reason == (
        "Third event in 12 months at this household (earlier events on 26 July 2024 and 25 September 2024)"
    )
    assert fired.plain == "repeat events reach the protocol's threshold"


def test_two_events_are_not_an_escalation() -> None:
    assert "escalation" not in levels_of(
        [fact("now", home="home"), fact("old", day=DAY - 1, home="home")]
    )


def test_events_of_a_pair_count_in_both_directions() -> None:
    facts = [
        fact("now", victim="ann", suspect="bob"),
        fact("one", day=DAY - 9, victim="ann", suspect="bob"),
        fact("two", day=DAY - 8, victim="bob", suspect="ann"),
    ]
    assert levels_of(facts)["escalation"].reason.startswith(
        "Third event in 12 months between these two people ("
    )


def test_victims_are_counted_one_by_one() -> None:
    both = (Person("victim", digest("ann")), Person("victim", digest("bob")))
    facts = [
        fact("now", people=both),
        fact("one", day=DAY - 9, victim="ann"),
        fact("two", day=DAY - 8, victim="bob"),
    ]
    assert "escalation" not in levels_of(facts)


@pytest.mark.parametrize(("days", "applies"), [(30, True), (31, False)])
def test_events_count_for_the_days_of_the_level(days: int, applies: bool) -> None:
    rule = LevelRule("twice", "repeat", days=30, events=2)
    fired = levels_of(
        [fact("now", home="home"), fact("old", day=DAY - days, home="home")], every_source, rule
    )
    assert bool(fired) is applies
    if applies:
        assert fired["twice"].reason.startswith("Second event in 30 days at this household")


def test_a_level_counts_all_sources_but_its_reason_tells_no_hidden_one() -> None:
    facts = [
        fact("now", home="home"),
        fact("one", day=DAY - 9, home="home"),
        fact("two", HOSPITAL, day=DAY - 8, home="home"),
    ]
    fired = levels_of(facts, lambda source: source == POLICE)["escalation"]
    assert fired.reason == fired.plain == "repeat events reach the protocol's threshold"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"victim": "ann", "suspect": "bob"}, "the same victim and the same suspect"),
        ({"victim": "ann"}, "the same victim (the suspect of one of them is not identified)"),
        ({"victim": "ann", "suspect": "other"}, None),
        ({"victim": "other", "suspect": "bob"}, None),
        ({"home": "home"}, "the same household (no victim of this event is named)"),
    ],
)
def test_a_marac_repeat_has_the_same_victim_and_not_another_perpetrator(
    named: dict[str, Any], words: str | None
) -> None:
    marac = referral("marac", victim="ann", suspect="bob", home="home", **OLD)
    fired = levels_of([fact("now", **named), marac]).get("marac-repeat")
    assert (fired.reason if fired else None) == (
        f"MARAC referral on 26 June 2024; {words}" if words else None
    )


@pytest.mark.parametrize(("days", "applies"), [(0, True), (365, True), (366, False), (-1, False)])
def test_a_referral_counts_from_its_day_for_the_days_of_the_level(days: int, applies: bool) -> None:
    fired = levels_of([fact("now", victim="ann"), referral("marac", DAY - days, victim="ann")])
    assert ("marac-repeat" in fired) is applies


def test_suspects_who_cannot_be_compared_are_not_taken_for_different_ones() -> None:
    by_reference = (Person("victim", digest("ann")), Person("suspect", None, digest("ref")))
    fired = levels_of(
        [fact("now", people=by_reference), referral("marac", victim="ann", suspect="bob", **OLD)]
    )
    assert "marac-repeat" in fired


def test_a_hidden_referral_gives_the_level_without_its_date() -> None:
    facts = [fact("now", victim="ann"), referral("marac", grade="high", victim="ann", **OLD)]
    fired = levels_of(facts, lambda source: source != MARAC)
    assert fired["marac-repeat"].reason == "a further event after a MARAC referral"
    assert fired["high-risk"].reason == "a risk grade reaches the protocol's threshold"


def test_a_hidden_victim_is_not_told_as_unidentified() -> None:
    facts = [
        fact("now", home="home"),
        fact("call", HOSPITAL, home="home", victim="ann"),
        referral("marac", victim="ann", home="home", **OLD),
    ]
    fired = levels_of(facts, lambda source: source != HOSPITAL)
    assert fired["marac-repeat"].reason == "a further event after a MARAC referral"


@pytest.mark.parametrize("grade", ["high", "HIGH", "Very High", "very_high"])
def test_a_risk_grade_of_the_event_is_told_as_supplied(grade: str) -> None:
    fired = levels_of([fact("now", risk=Risk("DARA", grade, DAY, "officer"))])["high-risk"]
    assert fired.reason == f"Risk grade {grade} (DARA) of this event, graded on 4 October 2024"
    assert fired.plain == "a risk grade reaches the protocol's threshold"


def test_a_risk_grade_of_a_referral_is_told_with_its_date() -> None:
    fired = levels_of(
        [fact("now", victim="ann"), referral("marac", grade="high", victim="ann", **OLD)]
    )
    assert fired["high-risk"].reason == (
        "Risk grade high (DASH) of the MARAC referral on 26 June 2024, graded on 26 June 2024"
    )


@pytest.mark.parametrize("grade", ["medium", "", "highest"])
def test_another_grade_is_not_high(grade: str) -> None:
    assert "high-risk" not in levels_of([fact("now", risk=Risk("DASH", grade))])


def test_a_plain_reason_has_no_digits() -> None:
    facts = [
        fact("now", victim="ann"),
        *(fact(f"e{i}", day=DAY - i, victim="ann") for i in range(1, 30)),
        referral("marac", grade="high", victim="ann", **OLD),
    ]
    for fired in levels_of(facts).values():
        assert not any(character.isdigit() for character in fired.plain)


def test_a_patient_known_by_reference_alone_has_the_referrals_of_the_household() -> None:
    patient = (Person("victim", None, digest("patient-1")),)
    call = fact("now", AMBULANCE, home="home", people=patient)
    fired = levels_of([call, referral("marac", victim="ann", home="home", **OLD)])
    assert "(no victim of this event is named)" in fired["marac-repeat"].reason

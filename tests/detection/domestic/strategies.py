"""Facts of a small world, in which they often meet."""

from __future__ import annotations

from hypothesis import strategies as st

from detection.domestic.facts import Fact, Person
from tests.detection.domestic.building import (
    AMBULANCE,
    CRIME,
    DAY,
    HOSPITAL,
    MARAC,
    POLICE,
    VICTIMS,
    digest,
    fact,
)

NAMES = ("ann", "bob", "cat")
HOMES_WITH_ALIASES = (
    "",
    "one",
    "two",
    "uprn",
    "one uprn",
    "two uprn",
    "refuge",
    "refuge uprn-2",
    "uprn-2",
)
HOMES = ("", "one", "two", "three", "communal", "refuge")
_days = st.integers(DAY, DAY + 3)
_person = st.builds(
    Person,
    st.sampled_from(("victim", "suspect", "child")),
    st.sampled_from((None, *map(digest, NAMES))),
    st.sampled_from((None, None, None, digest("ref-1"), digest("ref-2"))),
)
_people = st.lists(_person, max_size=3).map(tuple)
_joins = st.sampled_from(("", "", "", "c1", "c2", "i1"))


@st.composite
def _fact(draw: st.DrawFn, name: str, homes: tuple[str, ...]) -> Fact:
    source = draw(st.sampled_from((POLICE, CRIME, VICTIMS, AMBULANCE, HOSPITAL, MARAC)))
    kind = {VICTIMS: "part", MARAC: "referral"}.get(source, "event")
    day = draw(_days)
    timed = kind == "event" and draw(st.booleans())
    return fact(
        name,
        source,
        day,
        draw(st.integers(0, 23)) if timed else None,
        kind=kind,
        home=draw(st.sampled_from(homes)),
        join=draw(_joins) if source in {POLICE, CRIME, VICTIMS} else "",
        incident=draw(st.sampled_from(("", "i1", "i2"))) if source == CRIME else "",
        people=draw(_people),
        until_day=day if timed else day + draw(st.integers(0, 2)),
        supplied_ms=draw(st.integers(0, 5)),
    )


@st.composite
def worlds(draw: st.DrawFn, homes: tuple[str, ...] = HOMES) -> list[Fact]:
    return [draw(_fact(f"record-{number}", homes)) for number in range(draw(st.integers(0, 12)))]

"""Joined cases: what releases tell of all people of one case fits k cases, in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import permutations
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from sanitiser.people.ages import band
from sanitiser.people.cases import MOST_PEOPLE
from sanitiser.people.combinations import Combinations, KMapRule
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.derive import release_schema
from schemas.people import case_reference, people
from streams.state.store import StateStore

CATALOGUE = load_catalogue()
KEY = ReferenceKey(b"k" * 32)
DAY, WINDOW = 739_000, 365
VICTIM, OFFENDER, BUS = "police-crime-victim", "police-crime-offender", "transport-bus-incident"
HERE, THERE = "BA1 2ZZ", "BA2 9ZZ"
WOMAN: dict[str, Any] = {"gender": "female", "age": 34}
MAN: dict[str, Any] = {"gender": "male", "age": 20}


class Desk:
    """The checks of several datasets, with one state."""

    def __init__(
        self, k: int = 4, *, heeded: bool = True, memory: StateStore | None = None
    ) -> None:
        self.memory = memory or StateStore()
        self._rule = KMapRule(k, WINDOW, heeded)
        self._checks: dict[tuple[str, str], Combinations] = {}

    def release(
        self,
        dataset: str,
        case: str,
        who: str,
        profile: str = "central",
        day: int = DAY,
        **told: Any,
    ) -> dict[str, Any]:
        """Return the release of a person `who` in a case, whose name is known."""
        return self.decide(dataset, case, who, profile, day, **told)[0]

    def decide(
        self,
        dataset: str,
        case: str,
        who: str,
        profile: str = "central",
        day: int = DAY,
        **told: Any,
    ) -> tuple[dict[str, Any], list[str]]:
        record_type = CATALOGUE.record_type(dataset)
        if (dataset, profile) not in self._checks:
            self._checks[dataset, profile] = Combinations(
                record_type, profile, KEY, CATALOGUE.code_lists, self._rule, self.memory
            )
        fields = release_schema(record_type, profile)["fields"]
        place = next(f["name"] for f in fields if f["name"].endswith("_postcode"))
        released = {f["name"]: f.get("default") for f in fields}
        released |= {
            "record_id": digest(dataset, case, who), "caveats": [], "crime_reference": digest(case),
            place: HERE,
        }  # fmt: skip
        record = dict[str, Any]()
        for person in people(record_type, profile):
            if person.reference:
                released[person.reference] = digest(who)
            record |= {str(person.name): f"{who} {person.about}", str(person.born): None}
        released |= told
        return released, self._checks[dataset, profile](released, record, day)

    def couple(self, case: str, **other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the releases of a victim and an offender of their own."""
        return (
            self.release(VICTIM, case, word(f"v{case}"), **WOMAN, **other),
            self.release(OFFENDER, case, word(f"o{case}"), **MAN, **other),
        )

    def single(self, count: int) -> None:
        """Make victims and offenders of this kind common, each in a case without others."""
        for n in range(count):
            self.release(VICTIM, f"alone v{n}", word(f"w{n}"), **WOMAN)
            self.release(OFFENDER, f"alone o{n}", word(f"m{n}"), **MAN)


def digest(*parts: str) -> str:
    return sha256(" ".join(parts).encode()).hexdigest()[:32]


def word(text: str) -> str:
    """Return a name of letters alone."""
    return "".join("ghijklmnop"[int(c)] if c.isdigit() else c for c in digest(text))


def told(release: dict[str, Any]) -> dict[str, Any]:
    return {n: release[n] for n in ("gender", "age", "age_band") if release[n] is not None}


def test_people_who_are_common_alone_are_told_together_only_if_k_cases_have_both() -> None:
    desk = Desk()
    desk.single(6)
    pairs = [desk.couple(f"c{n}") for n in range(6)]
    assert [told(victim) for victim, _ in pairs] == [WOMAN] * 6
    assert [told(offender) for _, offender in pairs] == [{}] * 3 + [MAN] * 3


def test_the_order_of_the_files_does_not_matter() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(6):
        offender = desk.release(OFFENDER, f"c{n}", word(f"o{n}"), **MAN)
        victim = desk.release(VICTIM, f"c{n}", word(f"v{n}"), **WOMAN)
        assert (told(offender), told(victim)) == (MAN, {} if n < 3 else WOMAN)


def test_the_later_person_gives_up_as_little_as_possible() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(6):
        desk.couple(f"c{n}")
    for n in range(6):
        desk.release(OFFENDER, f"alone {n}", word(f"older{n}"), **{**MAN, "age": 22})
    desk.release(VICTIM, "new", word("victim"), **WOMAN)
    offender = desk.release(OFFENDER, "new", word("offender"), **{**MAN, "age": 22})
    assert told(offender) == {"gender": "male", "age_band": "18-24"}


def test_many_cases_of_one_couple_are_one() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(9):
        victim = desk.release(VICTIM, f"c{n}", word("the same woman"), **WOMAN)
        offender = desk.release(OFFENDER, f"c{n}", word("the same man"), **MAN)
        assert (told(victim), told(offender)) == (WOMAN, {})


def test_many_victims_of_one_offender_do_not_hide_him() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(9):
        desk.release(VICTIM, f"c{n}", word(f"v{n}"), **WOMAN)
        assert told(desk.release(OFFENDER, f"c{n}", word("the same man"), **MAN)) == {}


def test_who_of_a_case_lives_in_the_area_is_part_of_what_is_alike() -> None:
    """Check that a couple of one area is not hidden among cases whose offenders live elsewhere."""
    desk = Desk()
    desk.single(6)
    for n in range(6):
        desk.release(OFFENDER, f"far {n}", word(f"far{n}"), **MAN, home_postcode=THERE)
        desk.release(VICTIM, f"c{n}", word(f"v{n}"), **WOMAN)
        desk.release(OFFENDER, f"c{n}", word(f"o{n}"), **MAN, home_postcode=THERE)
    assert told(desk.couple("together")[1]) == {}
    desk.release(VICTIM, "apart", word("last"), **WOMAN)
    apart = desk.release(OFFENDER, "apart", word("final"), **MAN, home_postcode=THERE)
    assert told(apart) == MAN


def test_cases_of_long_ago_do_not_count() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(6):
        desk.couple(f"then {n}", day=DAY - WINDOW)
    assert told(desk.couple("now")[1]) == {}


def test_two_people_of_one_record_are_a_case() -> None:
    desk = Desk()
    both: dict[str, Any] = {
        "victim_gender": "female", "victim_age": "25-34", "offender_gender": "male",
        "offender_age": "18-24",
    }  # fmt: skip
    alone: dict[str, Any] = {name: both[name] for name in ("victim_gender", "victim_age")}
    for n in range(6):
        desk.release(BUS, f"v{n}", word(f"v{n}"), "second", **alone)
        other: dict[str, Any] = {name: value for name, value in both.items() if name not in alone}
        desk.release(BUS, f"o{n}", word(f"o{n}"), "second", **other)
    made = [desk.release(BUS, f"b{n}", word(f"b{n}"), "second", **both) for n in range(6)]
    assert [[r["offender_age"], r["victim_age"]] for r in made] == (
        [["18-24", None]] * 3 + [["18-24", "25-34"]] * 3
    )


def test_a_repeated_supply_changes_nothing() -> None:
    desk = Desk()
    desk.single(6)
    first = [desk.couple(f"c{n}") for n in range(9)]
    for _ in range(3):
        assert [desk.couple(f"c{n}") for n in range(9)] == first


def test_a_corrected_person_is_checked_with_the_others_of_the_case() -> None:
    desk = Desk()
    desk.single(6)
    for n in range(6):
        desk.couple(f"c{n}")
        desk.release(VICTIM, f"older {n}", word(f"older{n}"), **{**WOMAN, "age": 50})
    corrected = desk.release(VICTIM, "c5", word("vc5"), **{**WOMAN, "age": 50})
    assert corrected["age"] is None, "no other case has such a victim and such an offender"


def test_a_restarted_worker_decides_as_before() -> None:
    going, before = Desk(), Desk()
    for desk in (going, before):
        desk.single(6)
        for n in range(3):
            desk.couple(f"c{n}")
    memory = StateStore()
    memory.begin(DAY)
    memory.commit(before.memory.changes())
    restarted = Desk(memory=memory)
    for n in range(2, 6):
        assert restarted.couple(f"c{n}") == going.couple(f"c{n}")


def test_a_profile_without_the_rule_is_only_counted() -> None:
    desk = Desk(heeded=False)
    for n in range(6):
        desk.release(VICTIM, f"v{n}", word(f"v{n}"), **WOMAN)
        desk.release(OFFENDER, f"o{n}", word(f"o{n}"), **MAN)
    found = []
    for n in range(6):
        victim = desk.decide(VICTIM, f"c{n}", word(f"vc{n}"), **WOMAN)
        offender = desk.decide(OFFENDER, f"c{n}", word(f"oc{n}"), **MAN)
        assert (told(victim[0]), told(offender[0])) == (WOMAN, MAN)
        found.append((victim[1], offender[1]))
    rare: tuple[list[str], list[str]] = ([], ["central:standing-out"])
    assert found == [rare] * 3 + [([], [])] * 3


def test_of_a_case_with_very_many_people_nothing_more_is_told() -> None:
    desk = Desk(k=2)
    for case in ("c1", "c2", "c3"):
        made = [
            desk.release(VICTIM, case, word(f"{case} {n}"), **WOMAN) for n in range(MOST_PEOPLE + 3)
        ]
        assert [told(release) for release in made[MOST_PEOPLE:]] == [{}] * 3
    assert max(len(value or b"") for value in desk.memory.changes().values()) < 2_000


def test_the_state_of_a_case_has_no_digest_of_a_release() -> None:
    desk = Desk()
    desk.single(6)
    made = [release for n in range(6) for release in desk.couple(f"c{n}")]
    changes = desk.memory.changes()
    whole = b"".join([*changes, *filter(None, changes.values())])
    assert any(key.startswith(b"j") for key in changes)
    for release in made:
        for name in ("record_id", "crime_reference", "offender_reference"):
            if release.get(name):
                assert bytes.fromhex(release[name])[:4] not in whole


def test_every_case_that_two_people_can_share_is_checked() -> None:
    """Check that no reader joins people of a type for which the state has no cases."""
    for profile in ("central", "second"):
        of_join: dict[str | None, list[str]] = {}
        for record_type in CATALOGUE.record_types.values():
            if profile not in record_type.profiles or not people(record_type, profile):
                continue
            for field in record_type.released(profile):
                if field.join and not field.about:
                    of_join.setdefault(field.join, []).append(record_type.dataset)
        for datasets in of_join.values():
            if len(datasets) > 1:
                for dataset in datasets:
                    assert case_reference(CATALOGUE.record_type(dataset), profile)


# Any order of records, corrections and repeats


class Seen(NamedTuple):
    """A version of a record as its supplier gave it."""

    role: str
    who: str
    sex: str
    age: int
    postcode: str


RECORD = st.tuples(
    st.integers(0, 5), st.sampled_from([VICTIM, OFFENDER]), st.integers(0, 7),
    st.sampled_from(["male", "female"]), st.sampled_from([20, 22, 34]), st.sampled_from([HERE, HERE, THERE]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(RECORD, min_size=8, max_size=60), st.sampled_from([2, 3]))
def test_what_is_told_of_a_case_fits_k_cases_of_other_people(
    supplied: list[tuple[int, str, int, str, int, str]], k: int
) -> None:
    desk = Desk(k)
    given: dict[str, dict[str, set[Seen]]] = {}
    out: dict[str, dict[str, tuple[Seen, dict[str, Any]]]] = {}
    for number, dataset, person, sex, age, postcode in supplied:
        case, who = f"c{number}", word(f"{dataset} {person}")
        release = desk.release(dataset, case, who, gender=sex, age=age, home_postcode=postcode)
        seen = Seen(dataset, who, sex, age, postcode)
        given.setdefault(case, {}).setdefault(dataset + who, set()).add(seen)
        out.setdefault(case, {})[dataset + who] = (seen, told(release))
        shown = [(one, says) for one, says in out[case].values() if says]
        if len(shown) > 1:
            for area in {one.postcode for one, _ in shown}:
                fitting = list(_fitting(shown, area, given))
                assert _most_apart(fitting) >= k


def _fitting(
    shown: Sequence[tuple[Seen, dict[str, Any]]], area: str, given: dict[str, dict[str, set[Seen]]]
) -> Iterator[frozenset[str]]:
    """Yield the people of each case that the release could mean."""
    for records in given.values():
        for chosen in permutations(records, len(shown)):
            if all(
                any(_fits(version, *one, area) for version in records[name])
                for name, one in zip(chosen, shown, strict=True)
            ):
                yield frozenset(chosen)


def _fits(version: Seen, one: Seen, says: dict[str, Any], area: str) -> bool:
    return (
        version.role == one.role
        and (version.postcode == area) == (one.postcode == area)
        and says.get("gender", version.sex) == version.sex
        and says.get("age", version.age) == version.age
        and says.get("age_band", band(version.age)) == band(version.age)
    )


def _most_apart(found: list[frozenset[str]]) -> int:
    """Return the largest number of these sets of people without a common person."""
    if not found:
        return 0
    first, rest = found[0], found[1:]
    return max(1 + _most_apart([one for one in rest if not one & first]), _most_apart(rest))

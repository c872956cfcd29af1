"""Combinations: no person is rare in a small area, in any order of arrival."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.people.ages import band
from sanitiser.people.combinations import Combinations, KMapRule
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.derive import release_schema
from schemas.people import ATTRIBUTES, attribute, coarser_fields, people
from streams.state.store import StateStore

CATALOGUE = load_catalogue()
KEY = ReferenceKey(b"k" * 32)
ROOT = Path(__file__).resolve().parents[3]
K, DAY, WINDOW = 4, 739_000, 365
SEARCH, VICTIM = "police-stop-search", "police-crime-victim"
HOSPITAL = "hospital-assault"


class Check:
    """A check, and releases for it."""

    def __init__(
        self, dataset: str = SEARCH, profile: str = "second", *, heeded: bool = True
    ) -> None:
        record_type = CATALOGUE.record_type(dataset)
        self.memory = StateStore()
        self.people = people(record_type, profile)
        self.schema = release_schema(record_type, profile)
        self.check = Combinations(
            record_type,
            profile,
            KEY,
            CATALOGUE.code_lists,
            KMapRule(K, WINDOW, heeded),
            self.memory,
        )

    def release(
        self,
        who: str,
        day: int = DAY,
        born: date | Literal[""] | None = "",
        name: str | None = None,
        **told: Any,
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the release of a record of the reference `who`.

        Its people are born on the given day, or else on a day of their own.
        """
        released = {f["name"]: f.get("default") for f in self.schema["fields"]}
        released |= {
            "record_id": sha256(who.encode()).hexdigest()[:32],
            "caveats": [],
            f"{_place(self.schema)}postcode": "BA1 2ZZ",
        }
        released |= told
        record = dict[str, Any]()
        for person in self.people:
            record[str(person.born)] = birthday(who, person.about) if born == "" else born
            record[str(person.name)] = name
        return released, self.check(released, record, day)


def birthday(*who: str) -> date:
    """Return a day of birth that nobody else has."""
    number = int.from_bytes(sha256(" ".join(who).encode()).digest()[:4])
    return date.fromordinal(date(1930, 1, 1).toordinal() + number % 27_000)


def _place(schema: dict[str, Any]) -> str:
    names = [f["name"] for f in schema["fields"]]
    return str(next(n for n in names if n.endswith("_postcode"))).removesuffix("postcode")


def man(**other: Any) -> dict[str, Any]:
    return {"suspect_gender": "male", "suspect_age": "18-24", "suspect_ethnicity": "white"} | other


TOLD = tuple(man())


def test_the_first_three_alike_are_not_told_and_the_fourth_is() -> None:
    check = Check()
    outcomes = [check.release(f"s{n}", **man()) for n in range(5)]
    for released, counted in outcomes[:3]:
        assert [released[name] for name in TOLD] == [None] * 3
        assert counted == ["second:withheld"]
        assert released["caveats"] == [], (
            "a caveat would tell that there was something rare to tell"
        )
    for released, counted in outcomes[3:]:
        assert {name: released[name] for name in TOLD} == man()
        assert (counted, released["caveats"]) == ([], [])


def test_the_same_record_again_counts_once_and_tells_no_more_than_it_did() -> None:
    check = Check()
    first, _ = check.release("same", **man())
    for _ in range(6):
        again, _ = check.release("same", **man())
        assert again == first
    for n in range(6):
        check.release(f"s{n}", **man())
    assert check.release("same", **man())[0] == first


def test_people_of_another_area_or_of_long_ago_do_not_count() -> None:
    check = Check()
    for n in range(6):
        check.release(f"there{n}", location_postcode="BA2 9ZZ", **man())
        check.release(f"then{n}", DAY - WINDOW, **man())
    released, counted = check.release("here", **man())
    assert (released["suspect_gender"], counted) == (None, ["second:withheld"])


def test_a_rare_attribute_is_given_up_before_the_common_ones() -> None:
    check = Check()
    for n in range(8):
        check.release(f"s{n}", **man(suspect_ethnicity=None))
    released, counted = check.release("rare", **man(suspect_ethnicity="asian"))
    assert {n: released[n] for n in TOLD} == man(suspect_ethnicity=None)
    assert counted == ["second:generalised"]


def test_central_counts_who_stands_out_and_changes_nothing_unless_the_protocol_says_so() -> None:
    told: dict[str, Any] = {"gender": "female", "age": 43, "ethnicity": "W1"}
    released, counted = Check(VICTIM, "central", heeded=False).release("v", **told)
    assert {name: released[name] for name in told} == told
    assert counted == ["central:standing-out"]


def test_an_age_becomes_a_band_and_an_ethnicity_its_group_where_those_are_common() -> None:
    check = Check(VICTIM, "central")
    codes = CATALOGUE.code_lists["ethnicity"]
    alike = [code for code in codes.spellings if codes.group(code) == codes.group("W1")]
    for n, age in enumerate((35, 36, 38, 39, 41, 43, 44)):
        check.release(f"v{n}", gender="female", age=age, ethnicity=alike[n % len(alike)])
    released, counted = check.release("v", gender="female", age=40, ethnicity="W1")
    assert (released["age"], released["age_band"]) == (None, band(40))
    assert (released["ethnicity"], released["ethnicity_group"]) == (None, codes.group("W1"))
    assert (released["gender"], counted) == ("female", ["central:generalised"])


def test_a_coarse_form_is_told_only_in_place_of_the_exact_one() -> None:
    check = Check(VICTIM, "central")
    for n in range(4):
        released, _ = check.release(f"v{n}", gender="male", age=20)
    assert (released["age"], released["age_band"]) == (20, None)


def test_one_person_in_many_records_is_one_person() -> None:
    check = Check()
    for n in range(8):
        released, counted = check.release(f"stop{n}", born=date(1990, 6, 15), **man())
        assert ([released[name] for name in TOLD], counted) == ([None] * 3, ["second:withheld"])


def test_a_person_of_whom_nothing_is_known_can_be_anybody_and_adds_nobody() -> None:
    check = Check()
    for n in range(8):
        assert check.release(f"stop{n}", born=None, **man())[1] == ["second:withheld"]
    for n in range(3):
        assert check.release(f"s{n}", **man())[1] == ["second:withheld"]
    assert check.release("s3", **man())[1] == [], "four born on days of their own"
    assert check.release("stop9", born=None, **man())[1] == [], "one of four people"


def test_enough_must_be_alike_around_every_place_that_is_told() -> None:
    check = Check("ambulance-call", "central")
    told: dict[str, Any] = {"gender": "female", "age": 30, "ethnicity": "W1"}
    for n in range(6):
        who: dict[str, Any] = {"patient_reference": f"{n:02x}" * 16}
        there: dict[str, Any] = {"home_postcode": "BA1 2ZZ", "location_postcode": f"BA{n} 9ZZ"}
        assert check.release(f"p{n}", **told, **who, **there)[1] == ["central:withheld"]
    both: dict[str, Any] = {"home_postcode": "BA1 2ZZ", "location_postcode": "BA1 2ZY"}
    for n in range(6, 12):
        who = {"patient_reference": f"{n:02x}" * 16}
        released, counted = check.release(f"p{n}", **told, **who, **both)
    assert (released["age"], counted) == (30, [])


def test_nothing_is_told_of_people_of_no_known_place() -> None:
    check = Check()
    for n in range(8):
        assert check.release(f"s{n}", location_postcode=None, **man())[1] == ["second:withheld"]


def test_nobody_is_told_of_who_has_no_attributes() -> None:
    assert Check().release("s")[1] == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.sampled_from(["male", "female"]),
            st.integers(18, 26), st.sampled_from(["W1", "W2", "A1", "B1"]),
            st.sampled_from(["BA1 2ZZ", "BA1 2ZY", "BA2 9ZZ"]),
        ),
        max_size=60,
    )
)  # fmt: skip
def test_what_is_told_fits_at_least_k_people_seen_in_the_area(
    people_seen: list[tuple[int, str, int, str, str]],
) -> None:
    check = Check(VICTIM, "central")
    group = CATALOGUE.code_lists["ethnicity"].group
    seen: dict[str, set[tuple[int, str, int, str]]] = defaultdict(set)
    described: dict[int, tuple[str, int, str, str]] = {}
    for who, *rest in people_seen:
        sex, age, ethnicity, postcode = described.setdefault(who, tuple(rest))  # type: ignore[arg-type]
        seen[postcode[:-2]].add((who, sex, age, ethnicity))
        out, _ = check.release(
            str(who), gender=sex, age=age, ethnicity=ethnicity, home_postcode=postcode
        )
        fits = [
            p
            for p in seen[postcode[:-2]]
            if out["gender"] in (None, p[1])
            and out["age"] in (None, p[2])
            and out["age_band"] in (None, band(p[2]))
            and out["ethnicity"] in (None, p[3])
            and out["ethnicity_group"] in (None, group(p[3]))
        ]
        told = any(out[n] for n in ("gender", "age", "age_band", "ethnicity", "ethnicity_group"))
        assert not told or len(fits) >= K


NAMES = """
from tests.sanitiser.people.test_combinations import Check, man
check = Check()
check.release("s", **man())
print(*sorted(name.hex() for name in check.memory.changes()))
"""


def test_a_class_has_one_name_in_every_process() -> None:
    """Check that classes have the same name in another process, although sets have no fixed order."""
    said = {
        subprocess.run(
            [sys.executable, "-c", NAMES], env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(said) == 1


def test_what_is_remembered_holds_no_attribute_and_no_reference() -> None:
    check = Check(VICTIM, "central")
    for n in range(5):
        check.release(f"v{n}", gender="female", age=43, ethnicity="W1")
    changes = check.memory.changes()
    whole = b"".join([*changes, *filter(None, changes.values())])
    assert changes
    assert b"female" not in whole
    assert b"BA1" not in whole


def test_what_is_remembered_joins_no_person_to_a_release() -> None:
    """Check that nobody who reads releases and a worker's disk finds a class's people in the releases."""
    check, keys = Check(HOSPITAL, "central"), KEY.for_purpose("central", "patient")
    told: dict[str, Any] = {"gender": "female", "age": 43, "ethnicity": "W1"}
    patients = [keys.digest(f"patient {n}") for n in range(5)]
    releases = [check.release(who, patient_reference=who, **told)[0] for who in patients]
    assert [r["age"] for r in releases] == [None, None, None, 43, 43]
    changes = check.memory.changes()
    whole = b"".join([*changes, *filter(None, changes.values())])
    for released in releases:
        for name in ("patient_reference", "record_id"):
            assert bytes.fromhex(released[name])[:4] not in whole


@pytest.mark.parametrize("dataset", sorted(CATALOGUE.record_types))
def test_every_attribute_of_a_person_in_second_is_checked(dataset: str) -> None:
    record_type = CATALOGUE.record_type(dataset)
    for profile in record_type.profiles:
        checked = {f.name for person in people(record_type, profile) for f in person.fields}
        for field in record_type.released(profile):
            if field.about and attribute(field, profile) in ATTRIBUTES:
                assert field.name in checked
        names = {f["name"] for f in release_schema(record_type, profile)["fields"]}
        if profile != "personal":
            assert {name for name, _ in coarser_fields(record_type, profile)} <= names

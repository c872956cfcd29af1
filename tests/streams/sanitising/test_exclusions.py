"""Excluded rows never reach `second`, in any spelling; an unreadable flag excludes its row too."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from offline.steps import steps_for
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import load_catalogue
from schemas.record_type import RecordType
from streams.steps.clean import Cleaner
from streams.steps.step import Work
from streams.steps.validate import Validator
from tests.streams.partnership import KEY

CATALOGUE = load_catalogue()
NOW = datetime(2024, 6, 14, 12)
SECOND = [r for r in CATALOGUE if "second" in r.profiles]
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Run = Callable[..., Work]


class Kept(NamedTuple):
    """A spelling of a code whose rows the second group never gets."""

    dataset: str
    field: str
    spelling: str


def innocent(record_type: RecordType) -> dict[str, Any]:
    """A record that the second group may have."""
    kinds = {name: record_type.field(name).kind for name in record_type.required}
    known = {n: date(2024, 6, 1) if kind == "date" else "R-1" for n, kind in kinds.items()}
    kind = {
        "police-incident": {"incident_type": "noise"}, "council-asb": {"incident_type": "graffiti"},
        "police-stop-search": {"reason_for_search": "drugs"}, "fire-incident": {},
        "police-crime-offence": {"offence_code": "46"}, "btp-crime": {"offence_code": "46"},
    }.get(record_type.dataset, {"offence_type": "robbery"})  # fmt: skip
    return known | kind | {rule.flag: False for rule in record_type.excluded.values()}


def kept_from_second() -> list[Kept]:
    found = []
    for record_type in SECOND:
        rule = record_type.excluded.get("second")
        for field in record_type.fields:
            if field.code_list is None:
                continue
            listed = CATALOGUE.code_lists[field.code_list]
            telling = listed.profiles.get("second")
            codes = {*(telling.left_out if telling else ())}
            codes |= {*(rule.codes.get(field.name, ()) if rule else ())}
            found += [
                Kept(record_type.dataset, field.name, spelling)
                for code in sorted(codes)
                for spelling in (code, *listed.spellings[code])
            ]
    return found


KEPT = kept_from_second()


@pytest.fixture(scope="module")
def second(index: PostcodeIndex) -> dict[str, Run]:
    return {
        r.dataset: steps_for(
            r.dataset, "second", agency="police", index=index, key=KEY, catalogue=CATALOGUE
        ).decide
        for r in SECOND
    }


@pytest.mark.parametrize("record_type", SECOND, ids=lambda r: r.dataset)
def test_a_record_that_is_known_to_be_innocent_goes_to_the_second_group(
    second: dict[str, Run], record_type: RecordType
) -> None:
    assert second[record_type.dataset](innocent(record_type), NOW).releases


@pytest.mark.parametrize("record_type", SECOND, ids=lambda r: r.dataset)
def test_a_flag_that_says_nothing_does_not_say_no(
    second: dict[str, Run], record_type: RecordType
) -> None:
    for rule in record_type.excluded.values():
        for value in (None, "", "?", "N/K", True):
            done = second[record_type.dataset](innocent(record_type) | {rule.flag: value}, NOW)
            assert not done.releases
            assert len(done.rows_withheld) == 1


DRESSES: tuple[Callable[[str], str], ...] = (
    str.upper, str.lower, str.title,
    lambda s: f"  {s}\t", lambda s: f"\u00a0{s}\u2009", lambda s: f"\ufeff{s}\u200b",
    lambda s: s.replace(" ", "\u00a0"), lambda s: s.replace(" ", "  "), lambda s: s.replace("-", "–"),
    lambda s: s.replace(" ", "-"), lambda s: s.replace("-", " "), lambda s: s.replace(" ", " – "),
    lambda s: unicodedata.normalize("NFD", s),
    lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
    lambda s: f"{s}.", lambda s: f"({s})", lambda s: f"'{s}'", lambda s: f"{s}:", lambda s: f"* {s}",
    lambda s: f"{s} - as recorded", lambda s: f"{s} (see log)", lambda s: f"{s}: ex-partner",
    lambda s: f"{s} / noise",
    lambda s: f"Noise - {s}", lambda s: f"46 {s}", lambda s: f"{s} 46", lambda s: f"{s}/1",
    lambda s: f"{s}/01",
    lambda s: f"0{s}", lambda s: f"00{s}", " ".join, lambda s: f"{s[:-1]} {s[-1]}",
    lambda s: f"{s[:-1]}-{s[-1]}", lambda s: f"{s} Controlling or coercive behaviour", lambda s: f"{s}s",
    lambda s: f"non-{s}", lambda s: f"{s}\n{s}",
)  # fmt: skip


@SETTINGS
@given(
    kept=st.sampled_from(KEPT), dresses=st.lists(st.sampled_from(DRESSES), max_size=3, unique=True)
)
def test_no_way_of_writing_brings_such_a_row_to_the_second_group(
    second: dict[str, Run], kept: Kept, dresses: list[Callable[[str], str]]
) -> None:
    written = kept.spelling
    for dress in dresses:
        written = dress(written)
    record_type = CATALOGUE.record_type(kept.dataset)
    code_list = CATALOGUE.code_lists[str(record_type.field(kept.field).code_list)]
    # "8" with an "s" behind it is another code, and written as that code is.
    assume(written.strip().upper() not in set(code_list.spellings) - {kept.spelling.upper()})
    done = second[kept.dataset](innocent(record_type) | {kept.field: written}, NOW)
    assert not done.releases, written
    assert len(done.rows_withheld) == 1


@SETTINGS
@given(kept=st.sampled_from(KEPT), text=st.text(min_size=1, max_size=40))
def test_what_cannot_be_read_is_kept_from_the_second_group_and_counted(
    second: dict[str, Run], kept: Kept, text: str
) -> None:
    record_type = CATALOGUE.record_type(kept.dataset)
    code_list = CATALOGUE.code_lists[str(record_type.field(kept.field).code_list)]
    if code_list.code(text) is not None or not text.strip():
        return
    done = second[kept.dataset](innocent(record_type) | {kept.field: text}, NOW)
    assert not done.releases
    assert len(done.rows_withheld) == 1


def test_a_row_of_which_no_kind_is_known_is_kept_from_the_second_group(
    second: dict[str, Run],
) -> None:
    bare = {"crime_reference": "C-1", "committed_from_date": date(2024, 6, 1), "domestic": False}
    assert second["police-crime-offence"](bare, NOW).rows_withheld == ["row-not-known-for-second"]
    told = second["police-crime-offence"](bare | {"offence_category": "Burglary"}, NOW)
    assert told.releases


@pytest.mark.parametrize(
    "given",
    [
        "Domestic Abuse", "Domestic violence", "Domestic - Non Crime", "DV", "DA", "DASH", "D.V.",
        "Cam-drin domestig", "CAM–DRIN DOMESTIG", "Trais domestig", "Trais yn y cartref",
    ],
)  # fmt: skip
@pytest.mark.parametrize("dataset", ["police-incident", "council-asb"])
def test_usual_wordings_are_read_as_domestic(dataset: str, given: str) -> None:
    record_type = CATALOGUE.record_type(dataset)
    validate = Validator(record_type, CATALOGUE.code_lists)
    cleaned = Cleaner(record_type).clean(
        *validate.read(innocent(record_type) | {"incident_type": given}, NOW), NOW.date()
    )
    assert cleaned.record["incident_type"] == "domestic-incident"
    assert cleaned.record["domestic"] is True


@pytest.mark.parametrize(
    "given",
    [
        "8U", "8u", " 8U ", "8 U", "8-U", "008U", "８Ｕ", "8U.", "8U - Controlling or coercive behaviour",
        "8U – Controlling or coercive behaviour", "8U\u00a0Controlling or coercive behaviour",
        "008U: controlling or coercive behaviour", "8 U Controlling or coercive behaviour",
        "8U Coercive control", "8U (intimate relationship)",
    ],
)  # fmt: skip
def test_words_behind_a_code_do_not_hide_it(given: str) -> None:
    record_type = CATALOGUE.record_type("police-crime-offence")
    validate = Validator(record_type, CATALOGUE.code_lists)
    cleaned = Cleaner(record_type).clean(
        *validate.read(innocent(record_type) | {"offence_code": given}, NOW), NOW.date()
    )
    assert cleaned.record["offence_code"] == "8U"
    assert cleaned.record["domestic"] is True


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("46 - Shoplifting", "46"), ("28E: burglary - residential", "28E"),
        ("46 Shoplifting under £200", "46"),
        ("46 Burglary - residential", None), ("8 U something", None), ("A46 Shoplifting", None),
        ("2024 46", None), ("46 8U", None),
    ],
)  # fmt: skip
def test_words_behind_a_code_must_not_contradict_it(given: str, code: str | None) -> None:
    record_type = CATALOGUE.record_type("police-crime-offence")
    validate = Validator(record_type, CATALOGUE.code_lists)
    record, _ = validate.read(innocent(record_type) | {"offence_code": given}, NOW)
    assert record["offence_code"] == code


@pytest.mark.parametrize("code", ["19C", "17A", "20A", "22A", "88A", "17A/3", "019C", "71", "106"])
@pytest.mark.parametrize("dataset", ["police-crime-offence", "btp-crime"])
def test_sexual_offences_are_not_told_to_the_second_group(
    second: dict[str, Run], dataset: str, code: str
) -> None:
    done = second[dataset](innocent(CATALOGUE.record_type(dataset)) | {"offence_code": code}, NOW)
    assert done.rows_withheld == ["row-excluded-from-second"]


def test_every_sexual_offence_of_the_list_is_left_out_of_the_second_profile() -> None:
    listed = CATALOGUE.code_lists["home-office-classification"]
    sexual = {code for code, group in listed.groups.items() if group == "sexual-offences"}
    assert len(sexual) > 30
    assert sexual <= listed.profiles["second"].left_out


@pytest.mark.parametrize(("given", "told"), [("8P", "8N"), ("8P/01", "8N"), ("8N", "8N")])
def test_a_merged_code_is_told_as_the_one_it_is_merged_into(
    second: dict[str, Run], given: str, told: str
) -> None:
    record = innocent(CATALOGUE.record_type("police-crime-offence")) | {"offence_code": given}
    ((_, released),) = second["police-crime-offence"](record, NOW).releases
    assert released["offence_code"] == told

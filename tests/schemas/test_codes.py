"""Code lists: spellings mean codes, without regard to case and spaces."""

from __future__ import annotations

import csv
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.codes import CodeList, load_code_list
from schemas.record_type import SchemaError


@pytest.fixture
def fruit() -> CodeList:
    return CodeList("fruit", "a market", {"apple": ("Red apple",), "pear": ("pear", "William")})


@pytest.mark.parametrize("given", ["apple", "RED APPLE", "  red   apple "])
def test_case_and_spacing_do_not_matter(fruit: CodeList, given: str) -> None:
    assert fruit.code(given) == "apple"


@pytest.mark.parametrize("given", ["", "appl", "apple pear", "[0-9]"])
def test_what_spells_no_code_is_none(fruit: CodeList, given: str) -> None:
    assert fruit.code(given) is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("28A", "28A"),
        (" 8n ", "8N"),
        ("028A", "28A"),
        ("001", "1"),
        ("8/06", "8/06"),
        ("008/06", "8/06"),
        ("8.6", "8/06"),
        ("104.23", "104/23"),
        ("28A/1", "28A/01"),
        ("4.10", "4/10"),
        ("37.2", "37/2"),
        ("Assault with injury", "8N"),
    ],
)
def test_home_office_codes_are_read_with_their_sub_classes(
    catalogue: Catalogue, given: str, code: str
) -> None:
    assert catalogue.code_lists["home-office-classification"].code(given) == code


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        "A28",
        "28A extra",
        "Burglary",
        "28A/1234",
        "999Z",
        "123/1",
        "0",
        "8/",
        "٨/٦",
        "6 6",
        "9, 9",
        "9-9",
    ],
)
def test_other_texts_are_no_home_office_code(catalogue: Catalogue, text: str) -> None:
    assert catalogue.code_lists["home-office-classification"].code(text) is None


@pytest.mark.parametrize("route", ["X39", "1", "39A", "376", "U1", "AB12", "X39 "])
def test_a_number_that_passengers_know_is_a_route(catalogue: Catalogue, route: str) -> None:
    assert catalogue.code_lists["route"].code(route) == route.strip()


@pytest.mark.parametrize(
    "text",
    [
        "PC1234",
        "AB1234",
        "PC123",
        "DS77",
        "1234",
        "AB12C",
        "ABC1",
        "AB12 CDE",
        "X39 Smith",
        "x",
        "",
    ],
)
def test_a_collar_number_or_a_registration_mark_is_no_route(
    catalogue: Catalogue, text: str
) -> None:
    assert catalogue.code_lists["route"].code(text) is None


def test_rail_routes_are_listed(catalogue: Catalogue) -> None:
    listed = catalogue.code_lists["rail-route"]
    assert listed.pattern is None
    assert [listed.code(text) for text in ("HS1", "PC1234", "X39")] == ["high-speed-1", None, None]


def test_a_sub_class_is_of_its_class_s_group(catalogue: Catalogue) -> None:
    codes = catalogue.code_lists["home-office-classification"]
    assert codes.group("8/06") == "violence-against-the-person"
    assert codes.group("37/2") == "vehicle-offences"
    assert codes.group("none such") is None


HEAD = "source: s\nprofiles: {central: told}\n"
CODES = 'source: s\ncodes: {"8": [], "8A": [], "9": []}\n'
SPOILED = {
    "nothing said of what profiles are told": ("source: s\ncodes: {}\n", "needs source, profiles"),
    "no profile": (f"{CODES}profiles: {{}}\n", "profiles needs an entry for each profile"),
    "an unknown profile": (f"{CODES}profiles: {{third: told}}\n", "accepted: central, second"),
    "a profile that is told something else": (f"{CODES}profiles: {{second: some}}\n", "accepted: told"),
    "a code left out that is none": (
        CODES + 'profiles: {second: {left-out: ["7"]}}\n', "'7', which is not a code",
    ),
    "a code left out as a number": (f"{CODES}profiles: {{second: {{left-out: [9]}}}}\n", "quote it"),
    "a code merged into one that is left out": (
        CODES + 'profiles: {second: {left-out: ["9"], merged: {"8": "9"}}}\n', "neither may have",
    ),
    "a class told though a code within it is left out": (
        CODES + 'profiles: {second: {left-out: ["8A"]}}\n', "'8' is released, but '8A'",
    ),
    "no source": ("profiles: {central: told}\ncodes:\n  a: [b]\n", "needs source, profiles"),
    "an unknown key": (f"{HEAD}codes: {{}}\ncolour: red\n", "needs source, profiles"),
    "a word that YAML takes for a flag": (HEAD + "codes:\n  a: [true]\n", "quote it"),
    "a number": (HEAD + "codes:\n  1: [one]\n", "quote it"),
    "an empty spelling": (HEAD + "codes:\n  a: ['']\n", "is not a text"),
    "a spelling of two codes": (HEAD + "codes:\n  a: [X y]\n  b: [x-Y]\n", "spells both 'a' and 'b'"),
    "a code without group": (HEAD + "codes:\n  a: []\n  b: []\ngroups: {a: g}\n", "differ: b"),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILED)
def test_a_faulty_list_is_refused_with_file_and_reason(fault: str, tmp_path: Path) -> None:
    text, message = SPOILED[fault]
    path = tmp_path / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        load_code_list(path)
    assert str(caught.value).startswith("trial.yaml: ")
    assert message in str(caught.value)


def test_what_is_accepted_is_said_in_a_few_words(catalogue: Catalogue) -> None:
    for code_list in catalogue.code_lists.values():
        assert len(code_list.accepted) < 800


PUBLISHED = {
    "Gender": "gender",
    "Age range": "age-range",
    "Self-defined ethnicity": "ethnicity",
    "Officer-defined ethnicity": "officer-ethnicity",
    "Object of search": "search-reason",
    "Outcome": "search-result",
}


@pytest.fixture(scope="module")
def searches(shared_data: Path) -> list[dict[str, str]]:
    """Return each published row of stop and search of seven forces."""
    (archive,) = (shared_data / "stop_search").glob("*.tar.xz")
    rows: list[dict[str, str]] = []
    with tarfile.open(archive) as files:
        for member in files:
            stream = files.extractfile(member)
            if stream is not None and member.name.endswith(".csv"):
                rows += csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8-sig"))
    return rows


@pytest.mark.parametrize("column", PUBLISHED)
def test_every_published_value_of_stop_and_search_has_a_code(
    catalogue: Catalogue, searches: list[dict[str, str]], column: str
) -> None:
    code_list = catalogue.code_lists[PUBLISHED[column]]
    values = {row[column] for row in searches} - {""}
    assert len(values) > 1
    assert [value for value in values if code_list.code(value) is None] == []


def test_no_spelling_means_two_codes(catalogue: Catalogue) -> None:
    for code_list in catalogue.code_lists.values():
        for code, spellings in code_list.spellings.items():
            assert {code_list.code(spelling) for spelling in (code, *spellings)} == {code}


def test_every_list_says_its_source(catalogue: Catalogue) -> None:
    assert all(code_list.source for code_list in catalogue.code_lists.values())


CENSUS_2001 = {
    "White - British": "W1", "White - Irish": "W2", "White - Any other White background": "W9",
    "Mixed - White and Black Caribbean": "M1", "Mixed - White and Black African": "M2",
    "Mixed - White and Asian": "M3", "Mixed - Any other Mixed background": "M9",
    "Asian or Asian British - Indian": "A1", "Asian or Asian British - Pakistani": "A2",
    "Asian or Asian British - Bangladeshi": "A3",
    "Asian or Asian British - Any other Asian background": "A9",
    "Black or Black British - Caribbean": "B1", "Black or Black British - African": "B2",
    "Black or Black British - Any other Black background": "B9",
    "Chinese or other ethnic group - Chinese": "O1", "Chinese or other ethnic group - Any other": "O9",
    "Not stated": "NS",
}  # fmt: skip


def test_every_category_of_the_16_plus_1_is_known_by_its_published_words() -> None:
    ethnicity = load_catalogue().code_lists["ethnicity"]
    assert {label: ethnicity.code(label) for label in CENSUS_2001} == CENSUS_2001


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the declarations, for changes by the test."""
    for part in ("codes", "avro"):
        shutil.copytree(SCHEMA_FOLDER / part, tmp_path / part)
    shutil.copy(SCHEMA_FOLDER / "aggregates.yaml", tmp_path)
    return tmp_path


def test_a_list_that_says_nothing_of_a_profile_that_receives_it_does_not_load(folder: Path) -> None:
    load_catalogue(folder)
    listed = folder / "codes" / "gender.yaml"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("second: told, ", ""), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"gender\.yaml has no entry for second under profiles"):
        load_catalogue(folder)


def test_a_list_of_texts_leaves_out_no_code(folder: Path) -> None:
    listed = folder / "codes" / "method-of-entry.yaml"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(
        text.replace("second: told", "second: {left-out: [key-used]}"), encoding="utf-8"
    )
    with pytest.raises(SchemaError, match="is a text"):
        load_catalogue(folder)


def test_rows_are_excluded_by_codes_that_there_are(folder: Path) -> None:
    declared = folder / "avro" / "police-incident.avsc"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace('["domestic-incident"]', '["domestic"]'), encoding="utf-8")
    with pytest.raises(SchemaError, match="excluded by 'domestic', not a code of incident_type"):
        load_catalogue(folder)

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SourceError
from connectors.mappings.convert import NO_RULE, Converter
from connectors.mappings.mapping import Mapping
from connectors.mappings.mapping_file import find_mapping, identity_mapping
from schemas.catalogue import Catalogue, load_catalogue
from schemas.derive import intake_schema
from schemas.wire import decoder, encoder

Make = Callable[..., Mapping]
SUPPLY = "0123456789abcdef0123456789abcdef"
CATALOGUE = load_catalogue()


def convert(mapping: Mapping, **cells: str) -> dict[str, Any] | None:
    record_type = CATALOGUE.record_type(mapping.dataset)
    return Converter(mapping, record_type, list(cells), SUPPLY)(list(cells.values()), 7).record


def one(mapping: Mapping, **cells: str) -> dict[str, Any]:
    record = convert(mapping, **cells)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("incident_date", "2026-02-28", date(2026, 2, 28)),
        ("incident_date", "2026-02-30", "2026-02-30"),
        ("incident_date", "20260228", "20260228"),
        ("incident_time", "07:05", time(7, 5)),
        ("incident_time", "07:05:09", time(7, 5, 9)),
        ("incident_time", "25:00", "25:00"),
        ("incident_time", "", None),
        ("incident_time", "  ", None),
        ("domestic", "Yes", True),
        ("domestic", "0", False),
        ("domestic", "perhaps", "perhaps"),
        ("location_easting", "528652.0", 528652.0),
        ("location_easting", "1_000", "1_000"),
        ("location_easting", "nan", "nan"),
        ("location_easting", "n/a", "n/a"),
        ("narrative", " as given ", " as given "),
    ],
)
def test_a_cell_is_typed_where_it_can_be_read_and_else_goes_as_it_stands(
    field: str, cell: str, value: object
) -> None:
    mapping = identity_mapping(CATALOGUE.record_type("police-incident"))
    cells = {"incident_reference": "r", "incident_date": "2026-01-01", field: cell}
    assert one(mapping, **cells)[field] == value


def test_a_count_beyond_the_schemas_range_goes_as_text() -> None:
    mapping = identity_mapping(CATALOGUE.record_type("fire-incident"))
    cells = {"incident_reference": "r", "incident_date": "x", "casualties": "2147483648"}
    assert one(mapping, **cells)["casualties"] == "2147483648"


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        ("2019-02", date(2019, 2, 1), date(2019, 2, 28)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2018-12", date(2018, 12, 1), date(2018, 12, 31)),
        ("2018-10-01", date(2018, 10, 1), date(2018, 10, 31)),
        ("2018-10-17", "2018-10-17", None),
        ("2018-13", "2018-13", None),
        ("", None, None),
    ],
)
def test_a_month_alone_is_a_range_and_never_an_invented_day(
    make_mapping: Make, month: str, first: object, last: object
) -> None:
    column = {"month": "%Y-%m", "field": "incident_date", "until": "incident_date_to"}
    record = one(make_mapping(columns={"Month": column}), Month=month)
    assert (record["incident_date"], record["incident_date_to"]) == (first, last)
    assert record["incident_time"] is None


@pytest.mark.parametrize(
    ("style", "cell", "day", "clock"),
    [
        ("iso", "2020-01-11T00:01:00+00:00", date(2020, 1, 11), time(0, 1)),
        ("iso", "2020-06-30T23:30:00Z", date(2020, 7, 1), time(0, 30)),
        ("iso", "2020-07-01T00:30:00+0100", date(2020, 7, 1), time(0, 30)),
        ("iso", "2020-07-01 00:30", date(2020, 7, 1), time(0, 30)),
        ("iso", "2020-07-01 00:30:15.1234567 +00:00", date(2020, 7, 1), time(1, 30, 15)),
        ("iso", "2020-10-25T00:30:00Z", date(2020, 10, 25), time(1, 30)),
        ("iso", "2020-10-25T01:30:00Z", date(2020, 10, 25), time(1, 30)),
        ("iso", "2020-03-29T01:00:00Z", date(2020, 3, 29), time(2, 0)),
        ("iso", "2020-07-01", date(2020, 7, 1), None),
        ("iso", "2020-02-30", "2020-02-30", None),
        ("iso", "2020-07-01T24:30", "2020-07-01T24:30", None),
        ("iso", "20200701T0030", "20200701T0030", None),
        ("iso", "9999-12-31T23:59:00-01:00", "9999-12-31T23:59:00-01:00", None),
        ("iso", "", None, None),
        ("%d/%m/%Y %H:%M", "01/07/2020 00:30", date(2020, 7, 1), time(0, 30)),
        ("%d/%m/%Y %H:%M", "2020-07-01T00:30:00", date(2020, 7, 1), time(0, 30)),
        ("%d/%m/%Y %H:%M", "07/13/2020 00:30", "07/13/2020 00:30", None),
        ("%d/%m/%Y %H:%M %z", "01/07/2020 23:30 +0000", date(2020, 7, 2), time(0, 30)),
    ],
)
def test_a_timestamp_is_a_date_and_its_local_time(
    *, make_mapping: Make, style: str, cell: str, day: object, clock: object
) -> None:
    column = {"field": "incident_date", "timestamp": style, "time_field": "incident_time"}
    record = one(make_mapping(columns={"When": column}), When=cell)
    assert (record["incident_date"], record["incident_time"]) == (day, clock)


def test_midnight_is_no_time_where_the_supplier_says_that_it_stands_for_none(
    make_mapping: Make,
) -> None:
    column = {"field": "incident_date", "timestamp": "iso", "time_field": "incident_time"}
    mapping = make_mapping(columns={"When": column | {"midnight": "unknown"}})
    read = [one(mapping, When=f"2024-06-14T00:0{minute}:00") for minute in (0, 1)]
    assert [record["incident_time"] for record in read] == [None, time(0, 1)]
    assert [record["incident_date"] for record in read] == [date(2024, 6, 14)] * 2


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ({"field": "incident_date", "date": "%d/%m/%Y"}, "2020-07-01", date(2020, 7, 1)),
        ({"field": "incident_date", "date": "%d/%m/%Y"}, "2020-07-01T00:00:00", date(2020, 7, 1)),
        ({"field": "incident_date"}, "2020-07-01 00:00:00", date(2020, 7, 1)),
        ({"field": "incident_date"}, "2020-07-01T09:00:00", "2020-07-01T09:00:00"),
        ({"field": "incident_date", "date": "%d/%m/%Y"}, "1/7/20", "1/7/20"),
        ({"field": "incident_time", "time": "%I.%M %p"}, "07:05:09", time(7, 5, 9)),
        ({"field": "incident_time", "time": "%I.%M %p"}, "19:05", time(19, 5)),
        ({"field": "incident_time", "time": "%I.%M %p"}, "25:05", "25:05"),
        ({"field": "incident_time", "time": "%I.%M %p"}, "7:05", "7:05"),
    ],
)
def test_a_spreadsheets_own_date_or_time_is_read_whatever_the_style(
    make_mapping: Make, column: dict[str, str], cell: str, value: object
) -> None:
    assert one(make_mapping(columns={"C": column}), C=cell)[column["field"]] == value


def test_a_record_that_holds_no_reference_of_its_own_is_named_whatever_the_mapping_says() -> None:
    record_type = CATALOGUE.record_type("police-crime-victim")
    converter = Converter(identity_mapping(record_type), record_type, ["crime_reference"], SUPPLY)
    converted = converter(["c1"], 7)
    assert converted.record is not None
    assert converted.record["record_reference"] == "0123456789ab-7"
    assert converted.key == b"c1\x1f0123456789ab-7"
    assert "record_reference" in converter.fields
    assert converter([""], 7).key is None


def test_a_reference_that_the_row_gives_is_kept() -> None:
    record_type = CATALOGUE.record_type("prison-release")
    header = [*record_type.required]
    converter = Converter(identity_mapping(record_type), record_type, header, SUPPLY)
    converted = converter(["own" for _ in header], 7)
    assert converted.record is not None
    assert converted.record["record_reference"] == "own"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Person search", None),
        ("Vehicle search", None),
        ("Person and Vehicle search", None),
        ("", "not stated"),
        ("Stop and account", "did not result in a search"),
    ],
)
def test_only_searches_are_asked_for(catalogue: Catalogue, kind: str, reason: str | None) -> None:
    mapping = find_mapping("data-police-uk-stop-search", catalogue)
    record_type = catalogue.record_type(mapping.dataset)
    cells = {
        "Type": kind, "Date": "2020-06-30T23:05:00+00:00", "Latitude": "51.5", "Longitude": "-0.1",
        "Gender": "Male", "Age range": "18-24", "Self-defined ethnicity": "White - Irish",
        "Officer-defined ethnicity": "White", "Object of search": "Controlled drugs",
        "Outcome": "Arrest",
    }  # fmt: skip
    converted = Converter(mapping, record_type, list(cells), SUPPLY)(list(cells.values()), 7)
    if reason is not None:
        assert reason in str(converted.out_of_scope)
        return
    assert {k: v for k, v in (converted.record or {}).items() if v is not None} == {
        "reference_number": "0123456789ab-7",
        "search_date": date(2020, 7, 1),
        "search_time": time(0, 5),
        "suspect_gender": "Male",
        "suspect_age_range": "18-24",
        "suspect_ethnicity": "White - Irish",
        "officer_defined_ethnicity": "White",
        "reason_for_search": "Controlled drugs",
        "result_of_search": "Arrest",
        "location_latitude": 51.5,
        "location_longitude": -0.1,
    }


def test_a_record_without_reference_is_named_by_its_supply_and_row(make_mapping: Make) -> None:
    mapping = make_mapping(reference="supply-row")
    assert one(mapping, Ref="")["incident_reference"] == "0123456789ab-7"
    assert one(mapping, Ref="own")["incident_reference"] == "own"
    assert one(make_mapping(), Ref="")["incident_reference"] is None


def test_the_key_is_the_reference_and_is_missing_where_that_is(make_mapping: Make) -> None:
    record_type = CATALOGUE.record_type("police-incident")
    converter = Converter(make_mapping(), record_type, ["Ref"], SUPPLY)
    assert converter(["é1"], 1).key == "é1".encode()
    assert converter([""], 2).key is None


def test_the_first_rule_that_fits_decides(make_mapping: Make) -> None:
    mapping = make_mapping(
        where=[
            {"when": {"Kind": ["Noise"]}, "gives": {"incident_type": "noise"}},
            {"when": {"Kind": ["theft", "Fraud"]}, "out_of_scope": "a crime"},
        ]
    )
    converter = Converter(
        mapping, CATALOGUE.record_type("police-incident"), ["Ref", "Kind"], SUPPLY
    )
    record = converter(["1", " NOISE "], 1).record
    assert record is not None
    assert record["incident_type"] == "noise"
    assert converter(["1", "Theft"], 2).out_of_scope == "a crime"
    assert converter(["1", "UFO"], 3).out_of_scope == NO_RULE


def test_values_become_codes_and_others_go_as_they_stand(make_mapping: Make) -> None:
    column = {"field": "incident_type", "values": {"Loud Party": "noise"}}
    mapping = make_mapping(columns={"Kind": column})
    assert one(mapping, Kind="loud  party")["incident_type"] == "noise"
    assert one(mapping, Kind="seance")["incident_type"] == "seance"


def test_a_spelling_of_nothing_is_nothing(make_mapping: Make) -> None:
    mapping = make_mapping(columns={"E": {"field": "location_easting", "empty": ["NULL"]}})
    assert one(mapping, E="null")["location_easting"] is None


def test_flags_know_the_spellings_of_the_mapping_alone(make_mapping: Make) -> None:
    column = {"field": "domestic", "truthy": ["DV"], "falsy": ["-"]}
    mapping = make_mapping(columns={"F": column})
    given_to = {"dv": True, "-": False, "yes": "yes"}
    assert {cell: one(mapping, F=cell)["domestic"] for cell in given_to} == given_to


def test_a_missing_column_is_told_but_never_what_stands_in_a_file_without_header(
    make_mapping: Make,
) -> None:
    mapping = make_mapping(columns={"Ref": "incident_reference", "Type": "incident_type"})
    with pytest.raises(
        SourceError, match=r"header: it lacks .*: Ref\. Known among its 3 columns: Type"
    ) as e:
        convert(mapping, type="1", Smith="2", Acacia="3")
    assert "Smith" not in str(e.value)


def test_our_own_names_are_known_however_they_are_spelt_and_the_missing_one_is_told() -> None:
    mapping = identity_mapping(CATALOGUE.record_type("police-incident"))
    row = {"Incident Reference": "I-1", "INCIDENT-DATE": "2024-06-01", "Incident  Type": "x"}
    record = one(mapping, **row)
    assert (record["incident_reference"], record["incident_date"]) == ("I-1", date(2024, 6, 1))
    assert record["incident_type"] == "x"
    told = r"lacks incident_date, which police-incident needs.*docs/datasets\.md"
    with pytest.raises(SourceError, match=told):
        convert(mapping, incident_reference="I-1", date="2024-06-01")
    with pytest.raises(SourceError, match="There is only one column: is"):
        convert(mapping, **{"incident_reference;incident_date": "I-1;2024-06-01"})


def test_an_optional_column_may_be_absent_or_have_another_name(make_mapping: Make) -> None:
    mapping = make_mapping(
        columns={"Ref": "incident_reference", "Flag": "domestic"},
        optional=["Flag"],
        aliases={"Flag": ["Marker"]},
    )
    assert one(mapping, Ref="1")["domestic"] is None
    assert one(mapping, Ref="1", Marker="Y")["domestic"] is True


def test_a_column_that_stands_twice_is_refused_only_where_it_is_read(make_mapping: Make) -> None:
    record_type = CATALOGUE.record_type("police-incident")
    with pytest.raises(SourceError, match="'Ref' occurs more than once"):
        Converter(make_mapping(), record_type, ["Ref", "ref"], SUPPLY)
    converter = Converter(make_mapping(), record_type, ["Ref", "x", "x"], SUPPLY)
    assert converter.undeclared == ("x", "x")


@pytest.mark.parametrize(
    ("stop", "motive", "given_type", "reason"),
    [
        ("False alarm - Malicious", "", "malicious-call", None),
        ("Primary Fire", "Deliberate - unknown owner", "deliberate-primary-fire", None),
        ("Secondary Fire", "Deliberate", "deliberate-secondary-fire", None),
        ("Secondary Fire", "", None, "does not say that it was deliberate"),
        ("Primary Fire", "Not known", None, "does not say that it was deliberate"),
        ("Chimney Fire", "Accidental", None, "was not deliberate"),
        ("Late Call", "Deliberate", None, "whether primary or secondary"),
        ("AFA", "", None, "not malicious"),
        ("Special Service", "Deliberate", None, "neither a fire"),
    ],
)
def test_a_fire_is_deliberate_only_where_the_file_says_so(
    catalogue: Catalogue, stop: str, motive: str, given_type: str | None, reason: str | None
) -> None:
    mapping = find_mapping("london-fire-brigade", catalogue)
    header = ["IncidentNumber", "DateOfCall", "TimeOfCall", "Postcode_full", "Easting_m"]
    header += ["Northing_m", "StopCodeDescription", "FireMotive"]
    cells = ["2091.0", "01 Jan 2009", "00:03:00", "N9 9EL", "533773.0", "NULL", stop, motive]
    converter = Converter(mapping, catalogue.record_type("fire-incident"), header, SUPPLY)
    converted = converter(cells, 1)
    if given_type is None:
        assert reason is not None
        assert reason in str(converted.out_of_scope)
        return
    assert converted.record is not None
    assert converted.record["incident_type"] == given_type
    assert converted.record["incident_reference"] == "2091"
    assert converted.record["incident_date"] == date(2009, 1, 1)
    assert converted.record["incident_time"] == time(0, 3)
    assert converted.record["location_northing"] is None


def test_a_fire_file_without_a_motive_supplies_malicious_calls_alone(catalogue: Catalogue) -> None:
    mapping = find_mapping("london-fire-brigade", catalogue)
    header = ["IncidentNumber", "DateOfCall", "TimeOfCall", "Postcode_full", "Easting_m"]
    header += ["Northing_m", "StopCodeDescription"]
    converter = Converter(mapping, catalogue.record_type("fire-incident"), header, SUPPLY)
    stops = ["Primary Fire", "Secondary Fire", "Chimney Fire", "Late Call", "AFA"]
    stops += ["False alarm - Good intent", "False alarm - Malicious", "Special Service", ""]
    sent = [s for s in stops if converter([*[""] * 6, s], 1).record is not None]
    assert sent == ["False alarm - Malicious"]


CELL = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["2026-01-01", "00:00", "1e400", "-0", "Yes", "99999999999", "inf", "2018-02", "\x00", "١٢"]
)


@settings(deadline=None)
@given(st.sampled_from(sorted(CATALOGUE.record_types)), st.data())
def test_any_row_of_text_makes_a_record_of_the_intake_schema(
    dataset: str, data: st.DataObject
) -> None:
    record_type = CATALOGUE.record_type(dataset)
    mapping = identity_mapping(record_type)
    header = list(mapping.columns)
    cells = data.draw(st.lists(CELL, min_size=len(header), max_size=len(header)))
    converted = Converter(mapping, record_type, header, SUPPLY)(cells, 1)
    schema = intake_schema(record_type)
    assert decoder(schema)(encoder(schema, 1)(converted.record)) == converted.record


@settings(deadline=None)
@given(st.lists(CELL, min_size=12, max_size=12))
def test_any_row_under_a_shipped_mapping_is_a_record_or_out_of_scope(cells: list[str]) -> None:
    header = (
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
        "Crime type,Last outcome category,Context"
    )
    mapping = find_mapping("data-police-uk-offence", CATALOGUE)
    record_type = CATALOGUE.record_type(mapping.dataset)
    titles = next(csv.reader(io.StringIO(header)))
    converted = Converter(mapping, record_type, titles, SUPPLY)(cells, 3)
    schema = intake_schema(record_type)
    assert (converted.record is None) != (converted.out_of_scope is None)
    if converted.record is not None:
        assert decoder(schema)(encoder(schema, 1)(converted.record)) == converted.record
        assert converted.key

"""The questions and answers of `ipu hub table`, without a stack."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from connectors.hub.counting import Counted
from connectors.hub.dimensions import dimensions_of
from connectors.hub.tables import tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from ops.commands import hub_table
from ops.commands.hub_table_output import Answer, print_answer, write_csv
from ops.commands.hub_table_source import Source
from sanitiser.counts.periods import Span, read_month
from sanitiser.counts.table import CountTable, Question, Row
from schemas.catalogue import Catalogue

YEAR = Span(read_month("2025-01"), read_month("2025-12"))
MADE = CountTable(
    ("2025",), (Row("=noise", (None,), None), Row("theft", (15,), 20)), Row("total", (25,), 25)
)


@pytest.fixture
def source(protocol: Protocol, catalogue: Catalogue) -> Source:
    table = next(
        table
        for table in tables_of(topics(protocol, catalogue))
        if (table.schema, table.name) == ("central", "police_incident")
    )
    record_type = catalogue.record_type("police-incident")

    def no_areas(kind: str) -> Any:
        raise AssertionError(kind)

    found = dimensions_of(table, record_type, catalogue.code_lists, no_areas)
    return Source(table, record_type, Counted("central.police_incident", "incident_date", found))


def asked(source: Source, **given: Any) -> Question:
    rows, columns = given.get("rows", "month"), given.get("columns")
    only, since, until = given.get("only", ()), given.get("since"), given.get("until")
    return hub_table._question(source, rows, columns, only, since, until)


def test_without_a_period_the_last_year_that_can_be_counted_is_asked_for(source: Source) -> None:
    span = asked(source).span
    assert span.last == source.months.last
    assert span.last - span.first == 11


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (
            {"rows": "wards"},
            "'wards' is no dimension of these records; accepted: month, quarter, y",
        ),
        ({"columns": "location_easting"}, "'location_easting' is no dimension of these records"),
        ({"only": ["record_id=a"]}, "'record_id' is no dimension of these records; accepted: ward"),
        ({"only": ["hour=23"]}, "hour: '23'; accepted: one of 00:00, 01:00"),
        ({"only": ["domestic"]}, "domestic: ''; accepted: yes or no"),
        ({"only": ["domestic=yes", "domestic=no"]}, "domestic is given twice"),
        ({"rows": "ward", "columns": "lsoa"}, "ward and lsoa: accepted: one of them"),
        (
            {"rows": "hour", "columns": "weekday", "only": ["domestic=no"]},
            "too many; accepted: one",
        ),
        ({"until": "9999-01"}, "cannot be counted; accepted: within 20"),
        ({"since": "1999-01"}, "cannot be counted; accepted: within 20"),
        ({"since": "yesterday"}, "'yesterday' is no month; accepted: a year and a month"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_what_is_accepted(
    source: Source, given: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(refusal)):
        asked(source, **given)


def test_the_entry_of_the_audit_has_a_keyed_digest_and_no_value(source: Source) -> None:
    question = asked(source, only=["incident_type=noise"])
    first, second = (hub_table._entry("p", source, question, key) for key in (b"a", b"b"))
    assert "noise" not in str(first)
    assert first["subject"] != second["subject"]
    other = asked(source, only=["incident_type=hoax-call"])
    assert hub_table._entry("p", source, other, b"a")["subject"] != first["subject"]


@pytest.fixture
def answer(source: Source) -> Answer:
    question = Question("central.police_incident", YEAR, "incident_type", "year", {})
    return Answer(MADE, question, source)


def test_a_document_has_no_value_where_a_count_is_hidden(answer: Answer) -> None:
    document = answer.document()
    assert document["counts"][0] == {"row": "=noise", "counts": {"2025": None}, "total": None}
    assert document["marking"] == "RESTRICTED"
    assert document["period"] == "2025-01 to 2025-12"


def test_a_file_has_no_formula_and_the_caveats_before_the_table(
    answer: Answer, tmp_path: Path
) -> None:
    write_csv(answer, tmp_path / "table.csv")
    lines = list(csv.reader(io.StringIO((tmp_path / "table.csv").read_text())))
    at = lines.index([])
    assert [cell for line in lines[:at] for cell in line][2:] == list(answer.notes())
    assert lines[at + 1 :] == [
        ["incident_type", "2025", "total"],
        ["'=noise", "*", "*"],
        ["theft", "15", "20"],
        ["total", "25", "25"],
    ]


def test_a_table_is_printed_with_its_marking_and_how_to_read_it(
    answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    print_answer(answer)
    said = capsys.readouterr().out
    assert said.startswith(
        "RESTRICTED. Police incident records, number of records by incident_type"
    )
    assert "rounded to 5" in said


def test_the_caveat_of_a_released_postcode_is_given_with_each_area(answer: Answer) -> None:
    by_ward = replace(answer, question=replace(answer.question, rows="ward"))
    assert any("ward is that of the released postcode" in note for note in by_ward.notes())
    assert not any("released postcode" in note for note in answer.notes())

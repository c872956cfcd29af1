from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectors.errors import MetadataError
from connectors.publishing.metadata import Metadata, Notes, TableMetadata, load_metadata

Write = Callable[..., Path]
FIELDS = ("incident_type", "incident_date")


def load(path: Path, kind: type[Notes] = Metadata) -> Notes:
    return load_metadata(path, kind, FIELDS, "police-incident")


def test_everything_stated_is_read(write_csv: Write) -> None:
    path = write_csv(
        "supplier: Data desk\n"
        "contact: desk@police.example\n"
        "explanations: {incident_type: As closed}\n"
        "coding_systems:\n  incident_type: NSIR 2009\n"
        "geocoding: Gazetteer\n"
        "caveats: [Week 7 is missing]\n"
        "claims:\n"
        "  records: 12\n"
        "  period: {from: 2026-03-01, until: 2026-03-31}\n"
        "  completeness: {incident_type: 0.95, incident_date: 1}\n",
        "stated.yaml",
    )
    stated = load_metadata(path, Metadata, FIELDS, "police-incident")
    assert stated.supplier == "Data desk"
    assert stated.coding_systems == {"incident_type": "NSIR 2009"}
    assert stated.claims is not None
    assert stated.claims.record == {
        "records": 12,
        "period_from": "2026-03-01",
        "period_to": "2026-03-31",
        "completeness": {"incident_type": 0.95, "incident_date": 1.0},
    }


def test_every_key_may_be_left_out(write_csv: Write) -> None:
    assert load(write_csv("# nothing yet\n", "empty.yaml")) == Metadata()


@pytest.mark.parametrize(
    ("text", "line", "place", "says"),
    [
        ('contact: "desk\\e[2J"\n', 1, "contact", "it holds the character \\u001b"),
        ('caveats: ["\\u202eend"]\n', 1, "caveats.0", "it holds the character \\u202e"),
        ("a: 1\n", 1, "a", "not a setting; accepted: supplier, contact"),
        ("claims:\n  record: 3\n", 2, "claims.record", "accepted: records, period, completeness"),
        ("claims:\n  period:\n    to: x\n", 3, "claims.period.to", "accepted: from, until"),
        ("explanations:\n  typ: x\n", 2, "explanations.typ", "'typ' is not a field of police-incident"),
        ("coding_systems:\n  typ: x\n", 2, "coding_systems.typ", "accepted: incident_type, inc"),
        (
            "claims:\n  completeness:\n    typ: 1\n",
            3, "claims.completeness.typ", "'typ' is not a field",
        ),
        (
            "claims:\n  completeness:\n    incident_type: 95\n",
            3, "claims.completeness.incident_type", "give a share from 0 to 1, such as 0.95; given 95",
        ),
        (
            "claims:\n  period: {from: 2026-03-02, until: 2026-03-01}\n",
            2, "claims.period", "ends on 2026-03-01, before it begins",
        ),
        ("caveats: late\n", 1, "caveats", "given 'late'"),
        ("supplier: x\nperiod: {from: 2026-03-02}\n", 2, "period", "not a setting"),
        ("- a\n", 1, "metadata", "valid dictionary"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_line_place_and_what_is_accepted(
    *, write_csv: Write, text: str, line: int, place: str, says: str
) -> None:
    path = write_csv(text, "wrong.yaml")
    with pytest.raises(MetadataError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}:{line}: {place}: ")
    assert says in str(error.value)


def test_what_is_no_yaml_is_refused_with_its_line(write_csv: Write) -> None:
    path = write_csv("supplier: x\ncontact: [\n", "torn.yaml")
    with pytest.raises(MetadataError, match=r"torn.yaml:3: not YAML"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=r"absent\.yaml: the file does not exist"):
        load(tmp_path / "absent.yaml")


def test_the_period_of_a_table_is_stated_and_of_records_it_is_seen(write_csv: Write) -> None:
    path = write_csv("period: {from: 2025-04-01}\n", "table.yaml")
    stated = load_metadata(path, TableMetadata, FIELDS, "the table")
    assert stated.period.begin == date(2025, 4, 1)
    assert stated.period.ends == {"period_from": "2025-04-01", "period_to": None}
    with pytest.raises(MetadataError, match="not a setting"):
        load(path)

"""The description of an export is complete, and is JSON."""

from __future__ import annotations

import json
from datetime import timedelta

from connectors.hub.tables import HubTable
from tests.connectors.hub.exports.conftest import DUTIES, INCIDENT, NOW, MakeExport
from tests.connectors.hub.exports.test_supplies import supplied


def test_it_names_marking_origin_filter_retention_and_duties(
    export_of: MakeExport, incidents: HubTable
) -> None:
    where = "incident_type <> 'x'"
    facts = export_of(incidents, INCIDENT, where=where, since=NOW - timedelta(1)).about.facts()
    assert facts["marking"] == "RESTRICTED"
    assert "Police incident records (guidance 3.2.2)" in facts["content"]
    assert facts["exported_for"] == "Council (council)"
    assert facts["exported_by"].endswith("banes.council")
    assert facts["partnership"] == "Partnership <of> tests & others"
    assert facts["records"] == "1"
    assert facts["filter"] == where
    assert facts["released_since"].endswith(":00:00+00:00")
    assert facts["coordinate_system"].startswith("EPSG:27700")
    until = NOW + timedelta(milliseconds=incidents.topic.retention_ms)
    assert facts["delete_first_record_by"] == facts["delete_file_by"] == until.date().isoformat()
    assert facts["duties"] == DUTIES


def test_the_marking_comes_first(export_of: MakeExport, incidents: HubTable) -> None:
    about = export_of(incidents, INCIDENT).about
    assert next(about.rows()) == ("marking", "RESTRICTED")


def test_it_has_the_guidances_words_for_each_column(
    export_of: MakeExport, incidents: HubTable
) -> None:
    export = export_of(incidents, INCIDENT)
    columns = export.about.document()["columns"]
    assert list(columns) == export.rows.column_names
    assert columns["incident_type"] == "Type of incident"
    assert all(columns.values())


def test_it_warns_of_small_counts_and_of_points(
    export_of: MakeExport, incidents: HubTable, pointless: HubTable
) -> None:
    caveats = " ".join(export_of(incidents, INCIDENT).about.caveats())
    assert "Counts of few people can name somebody" in caveats
    assert "several homes" in caveats
    assert "several homes" not in " ".join(export_of(pointless, {}).about.caveats())


def test_the_suppliers_metadata_are_part_of_it_or_are_said_to_be_closed(
    export_of: MakeExport, incidents: HubTable
) -> None:
    closed = export_of(incidents, INCIDENT).about
    assert "not open to this party" in closed.document()["supplies_note"]
    assert any("not open to this party" in text for _, text in closed.rows())
    statements = supplied("police", ("s", "2026-11-01", False))
    about = export_of(incidents, INCIDENT, statements=statements).about
    assert about.document()["supplies"][0]["coding_systems"] == {"incident_type": "NSIR"}
    assert ("supply of police, records", "12") in list(about.rows())
    json.dumps(about.document())


def test_hostile_metadata_of_a_supplier_are_shown_and_hide_nothing(
    export_of: MakeExport, incidents: HubTable
) -> None:
    statements = supplied("police", ("a\u202eb\x07", "2026-11-01", False))
    about = export_of(incidents, INCIDENT, statements=statements).about
    assert about.document()["supplies"][0]["supply_id"] == "a\\u202eb\\u0007"
    assert all(text.isprintable() for name, text in about.rows())

"""A style has a colour for each frequent type."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from connectors.hub.exports.qgis_style import category, style
from connectors.hub.tables import HubTable
from tests.connectors.hub.exports.conftest import INCIDENT, MakeExport


def test_the_most_frequent_types_have_colours_and_all_others_are_grey(
    export_of: MakeExport, incidents: HubTable
) -> None:
    kinds = [f"type {n:02d}" for n in range(20) for _ in range(20 - n)]
    export = export_of(incidents, *({**INCIDENT, "incident_type": kind} for kind in kinds))
    found = ElementTree.fromstring(style(incidents, export.rows))
    labels = [each.get("label") for each in found.iter("category")]
    assert labels == [*(f"type {n:02d}" for n in range(9)), "other"]
    colours = [o.get("value") for o in found.iter("Option") if o.get("name") == "color"]
    assert len(set(colours)) == len(labels)


def test_a_type_with_signs_of_xml_is_written_as_it_is(
    export_of: MakeExport, incidents: HubTable
) -> None:
    kind = "<b>\"A\" & 'B'</b>"
    export = export_of(incidents, {**INCIDENT, "incident_type": kind})
    found = ElementTree.fromstring(style(incidents, export.rows))
    assert [each.get("value") for each in found.iter("category")] == [kind, ""]


def test_people_are_not_drawn_by_their_ethnic_group(
    incidents: HubTable, pointless: HubTable
) -> None:
    assert category(incidents) == "incident_type"
    assert category(pointless) is None


@pytest.mark.parametrize("number", [0, 3])
def test_a_table_without_types_has_one_symbol(
    export_of: MakeExport, pointless: HubTable, number: int
) -> None:
    export = export_of(pointless, *([{}] * number))
    found = ElementTree.fromstring(style(pointless, export.rows))
    renderer = found.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("type") == "singleSymbol"
    assert len(list(renderer.iter("symbol"))) == 1

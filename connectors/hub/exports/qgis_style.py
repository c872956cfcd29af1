"""A style by which QGIS draws the points of an export: by their type, without labels. Pure.

Source: the form of QGIS 3 (QML), which QGIS reads from the table `layer_styles` of a GeoPackage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import pyarrow as pa
import pyarrow.compute as pc

from connectors.hub.tables import HubTable

_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_COLOURS: Final = (
    "51,34,136", "204,102,119", "17,119,51", "221,204,119", "136,204,238", "170,68,153",
    "68,170,153", "153,153,51", "136,34,85",
)  # fmt: skip
"""Paul Tol's muted scheme, which people with any kind of colour vision can tell apart."""
_GREY: Final = "150,150,150"
_ENDINGS: Final = ("_type", "_category")


def category(table: HubTable) -> str | None:
    """Return the column by which points are drawn: the type of what happened; None if there is none."""
    texts = (column.name for column in table.columns if column.kind == "text")
    return next((name for name in texts if name.endswith(_ENDINGS)), None)


def style(table: HubTable, rows: pa.Table) -> str:
    """Return a style with a colour for each of the most frequent types, and grey for all others."""
    column = category(table)
    document = Element("qgis", version="3.28.0", styleCategories="Symbology|Labeling")
    document.set("labelsEnabled", "0")
    if column is None:
        _renderer(document, "singleSymbol", (_COLOURS[0],))
    else:
        frequent = _frequent(rows.column(column))
        renderer = _renderer(document, "categorizedSymbol", (*_COLOURS[: len(frequent)], _GREY))
        renderer.set("attr", column)
        _categories(renderer, frequent)
    return _DOCTYPE + tostring(document, encoding="unicode")


def _frequent(values: pa.ChunkedArray) -> list[str]:
    counted = pc.value_counts(values.drop_null()).to_pylist()
    counted.sort(key=lambda each: (-each["counts"], each["values"]))
    return [each["values"] for each in counted[: len(_COLOURS)]]


def _renderer(document: Element, kind: str, colours: Sequence[str]) -> Element:
    renderer = SubElement(document, "renderer-v2", type=kind, symbollevels="0", forceraster="0")
    renderer.set("enableorderby", "0")
    symbols = SubElement(renderer, "symbols")
    for number, colour in enumerate(colours):
        symbol = SubElement(symbols, "symbol", name=str(number), type="marker", alpha="0.85")
        _marker(symbol, colour)
    return renderer


def _marker(symbol: Element, colour: str) -> None:
    layer = SubElement(symbol, "layer", attrib={"class": "SimpleMarker", "enabled": "1"})
    options = SubElement(layer, "Option", type="Map")
    for name, value in {
        "name": "circle",
        "color": f"{colour},255",
        "outline_color": "255,255,255,255",
        "outline_width": "0.2",
        "outline_width_unit": "MM",
        "size": "2.2",
        "size_unit": "MM",
    }.items():
        SubElement(options, "Option", type="QString", name=name, value=value)


def _categories(renderer: Element, values: Sequence[str]) -> None:
    listed = SubElement(renderer, "categories")
    # An empty value stands for all values that are not listed.
    for number, value in enumerate((*values, "")):
        one = SubElement(listed, "category", type="string", value=value, label=value or "other")
        one.set("symbol", str(number))
        one.set("render", "true")

"""Read the places that the partnership protects from a CSV file. Messages never have a value of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connectors.alerts.table_rows import CellError, Cells, read_rows
from sanitiser.address.household import household, property_reference
from sanitiser.places.postcodes import normalise
from sanitiser.protected.listed import Place

COLUMNS: Final = ("uprn", "address", "postcode", "easting", "northing")
_UPRN, _ADDRESS, _POSTCODE, _EASTING, _NORTHING = COLUMNS
_WIDEST: Final = {_EASTING: 700_000.0, _NORTHING: 1_300_000.0}
"""The extent of the British National Grid, in metres."""


def read_protected(path: Path) -> list[Place]:
    """Return the places of a CSV file with the column postcode, and any others of `COLUMNS`.

    Raises:
        SourceError: the file has a row that cannot be used, or no rows.
    """
    optional = tuple(name for name in COLUMNS if name != _POSTCODE)
    return read_rows(path, (_POSTCODE,), place_of, optional, others=False)


def place_of(cells: Cells) -> Place:
    """Return the place of a row.

    Raises:
        CellError: a cell cannot be used; the text names its column, and the accepted values.
    """
    uprn, postcode, point = _uprn(cells), _postcode(cells), _point(cells)
    address = cells.get(_ADDRESS)
    home = household(address, postcode) if address and postcode else None
    if address and home is None:
        message = (
            "they do not certainly name one home; accepted: house and street, and the postcode"
        )
        raise CellError(f"{_ADDRESS}, {_POSTCODE}", f"{message}; no address for the whole postcode")
    if uprn is None and postcode is None:
        raise CellError(f"{_UPRN}, {_POSTCODE}", "both are empty; accepted: one of them, or both")
    return Place(uprn, home, postcode, point)


def _uprn(cells: Cells) -> str | None:
    given = cells.get(_UPRN)
    uprn = property_reference(given) if given else None
    if given and uprn is None:
        raise CellError(_UPRN, "not a UPRN; accepted: up to 12 digits")
    return uprn


def _postcode(cells: Cells) -> str | None:
    given = cells[_POSTCODE]
    postcode = normalise(given) if given else None
    if given and postcode is None:
        raise CellError(_POSTCODE, "not a postcode; accepted: a whole postcode, as BA1 1AA")
    return postcode


def _point(cells: Cells) -> tuple[float, float] | None:
    easting, northing = (cells.get(name) for name in (_EASTING, _NORTHING))
    if not easting and not northing:
        return None
    return _metres(_EASTING, easting), _metres(_NORTHING, northing)


def _metres(column: str, given: str | None) -> float:
    try:
        metres = float(given or "")
    except ValueError:
        metres = -1.0
    if not 0.0 < metres < _WIDEST[column]:
        accepted = f"metres of the British National Grid, from 0 to {_WIDEST[column]:.0f}"
        raise CellError(column, f"not a coordinate; accepted: {accepted}, and both coordinates")
    return metres

"""Build the areas of postcodes: ward and LSOA, from the ONS Postcode Directory or a file like it."""

from __future__ import annotations

import csv
import json
import re
from array import array
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sanitiser.build.folders import new_folder
from sanitiser.build.reference_sources import BadReference, open_text
from sanitiser.places.areas import CODES_FILE, KINDS
from sanitiser.places.postcodes import normalise

_POSTCODE: Final = re.compile(r"pcds?|pcd[278s]|postcode")
_AREAS: Final = {
    "ward": re.compile(r"ward|osward|(os)?wd[0-9]{2}cd|admin_ward_code"),
    "lsoa": re.compile(r"lsoa([0-9]{2})?(cd)?"),
}
_ACCEPTED: Final = "pcds or postcode, and osward, wd24cd or ward, or lsoa21cd or lsoa21"


class BuiltAreas(NamedTuple):
    """The number of postcodes, and of areas of each kind in the file."""

    postcodes: int
    areas: dict[str, int]


class _Places(NamedTuple):
    """The positions of the postcode and of the code of each kind in a row."""

    postcode: int
    areas: dict[str, int]


def build_areas(out: Path, source: Path) -> BuiltAreas:
    """Write the areas of the postcodes of a CSV file (also .gz, .xz) to the folder `out`.

    An earlier one is replaced. Of several columns of a kind, such as LSOA of 2011 and of 2021, the one with
    the latest name is used.

    Raises:
        BadReference: names file, line, field, value and what is accepted.
    """
    with open_text(source) as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        places = _places(source, header)
        keys, positions = bytearray(), {kind: array("i") for kind in places.areas}
        codes: dict[str, dict[str, int]] = {kind: {} for kind in places.areas}
        for row in reader:
            keys += _key(source, reader.line_num, row, places, len(header))
            for kind, at in places.areas.items():
                known = codes[kind]
                positions[kind].append(known.setdefault(row[at].strip(), len(known)))
    _write(out, bytes(keys), positions, codes)
    return BuiltAreas(len(keys) // 7, {kind: len(known) for kind, known in codes.items()})


def _places(source: Path, header: list[str]) -> _Places:
    titles = [title.strip().casefold() for title in header]
    postcodes = [at for at, title in enumerate(titles) if _POSTCODE.fullmatch(title)]
    areas = {}
    for kind in KINDS:
        found = [(title, at) for at, title in enumerate(titles) if _AREAS[kind].fullmatch(title)]
        if found:
            areas[kind] = max(found)[1]
    if not postcodes or not areas:
        given = ",".join(header)[:80]
        raise BadReference(f"{source}, line 1, header: {given!r}; accepted: {_ACCEPTED}")
    return _Places(postcodes[-1], areas)


def _key(source: Path, line: int, row: list[str], places: _Places, cells: int) -> bytes:
    if len(row) != cells:
        raise BadReference(f"{source}, line {line}: {len(row)} cells; accepted: {cells}")
    postcode = normalise(row[places.postcode])
    if postcode is None:
        given = row[places.postcode][:80]
        raise BadReference(
            f"{source}, line {line}, postcode: {given!r}; accepted: a postcode, such as BA1 1AA"
        )
    return postcode.replace(" ", "").encode().ljust(7, b"\0")


def _write(
    out: Path, keys: bytes, positions: dict[str, array[int]], codes: dict[str, dict[str, int]]
) -> None:
    ordered, first = np.unique(np.frombuffer(keys, "S7"), return_index=True)
    with new_folder(out) as draft:
        np.save(draft / "keys.npy", ordered)
        for kind, column in positions.items():
            narrow = np.min_scalar_type(max(len(codes[kind]) - 1, 0))
            np.save(draft / f"{kind}.npy", np.array(column, np.int32)[first].astype(narrow))
        text = json.dumps({kind: list(known) for kind, known in codes.items()})
        (draft / CODES_FILE).write_text(text, encoding="utf-8")

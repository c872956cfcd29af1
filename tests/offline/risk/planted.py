"""Leaks that can really happen, each planted behind `ipu sanitise`, in a release that it has made.

A kind has originals, which some of them add to, and a change of the released rows. The benchmark and
the tests count how many kinds `ipu risk` finds, and by which check. Faults of the sanitiser itself are in
`faulty_steps`.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes, token_hex

from connectors.mappings.mapping_file import identity_mapping
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import Point
from offline.risk.intruder import Report, play
from offline.run import Order, sanitise_file
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import Catalogue
from schemas.record_type import DEPERSONALISED_PROFILES
from tests.streams.partnership import POSTCODES

K = 4
Row = dict[str, str]
Spoil = Callable[[list[Row], Order], list[Row] | None]

_STREETS = ("Acacia Avenue", "Park Road", "Tresillian Lane", "Cherry Grove")
_GIVEN = ("Ada", "Ben", "Cleo", "Dev", "Eli", "Flo", "Gus", "Hana", "Ivo", "Joy")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of leak: its dataset and profile, the original that leaks, and the spoilt release.

    `found_by` is the check that has to find it, and the field of the finding.
    """

    name: str
    found_by: tuple[str, str]
    spoil: Spoil
    original: Row | None = None
    dataset: str = "police-incident"
    profile: str = "central"


@dataclass(frozen=True, slots=True)
class Trial:
    """A folder and the means to sanitise and attack a file."""

    folder: Path
    index: PostcodeIndex
    catalogue: Catalogue

    def order(self, dataset: str, profile: str) -> Order:
        """Return an order with a key of its own."""
        mapping = identity_mapping(self.catalogue.record_type(dataset))
        key = ReferenceKey(token_bytes(KEY_BYTES))
        file, out = self.folder / "in.csv", self.folder / "out.csv"
        return Order(file, mapping, profile, out, None, self.index, key, self.catalogue, "police")

    def clean(self, dataset: str, profile: str, rows: int = 300) -> Report:
        """Attack the release of a generated file."""
        made = self.order(dataset, profile)
        write_csv(made.file, GENERATORS[dataset](rows, 7, _points()))
        sanitise_file(made)
        return attack(made)

    def before_and_after(self, kind: Kind) -> tuple[Report, Report]:
        """Attack the release of a kind's originals before and after it is spoilt."""
        made = self.order(kind.dataset, kind.profile)
        write_csv(made.file, originals(kind))
        sanitise_file(made)
        before = attack(made)
        rows = read(made.out)
        write(made.out, kind.spoil(rows, made) or rows)
        return before, attack(made)


def attack(made: Order) -> Report:
    """Attack the release of an order; people who are rare are findings."""
    return play(made.out, made, K, heeded=made.profile != DEPERSONALISED_PROFILES[0])


def is_found(kind: Kind, before: Report, after: Report) -> bool:
    """Return True if nothing is found before, and afterwards the kind by its check."""
    return not before.findings and kind.found_by in {(f.attack, f.field) for f in after.findings}


def originals(kind: Kind) -> list[Row]:
    """Return the originals of a kind: made-up ones, and the one that leaks."""
    return originals_of(kind.dataset, kind.original)


def originals_of(dataset: str, one: Row | None) -> list[Row]:
    """Return made-up originals of a dataset, with one more among them."""
    if dataset == "police-incident":
        made = incidents()
    else:
        made = [dict(row) for row in GENERATORS[dataset](200, 7, _points())]
    if one is not None:
        made.insert(len(made) // 2, {name: one.get(name, "") for name in made[0]})
    return made


def incidents(count: int = 60) -> list[Row]:
    """Return incidents on four streets, each with many houses."""
    return [
        {
            "incident_reference": f"I-{n}",
            "incident_type": "Anti-social behaviour",
            "incident_date": f"2024-05-{n % 28 + 1:02}",
            "incident_time": f"{n % 24:02}:{n:02}",
            "incident_date_to": "",
            "domestic": "false",
            "location_address": f"{n + 1} {_STREETS[n % len(_STREETS)]}",
            "location_postcode": "SW1A 1AA" if n % 2 else "BA1 2ZZ",
            "location_easting": str(654_290 + n) if n % 2 else str(374_980 + n),
            "location_northing": "123450" if n % 2 else "169990",
            "caller_name": f"{_GIVEN[n % 10]} Namedso{chr(97 + n % 26)}",
            "caller_telephone": f"07700 900{n:03}",
            "victim_name": "",
            "victim_date_of_birth": f"19{n % 40 + 50}-03-17",
            "narrative": "Reported by telephone",
        }
        for n in range(count)
    ]


def read(file: Path) -> list[Row]:
    """Return the rows of a release."""
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(file: Path, rows: Sequence[Row]) -> None:
    """Replace a release."""
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _points() -> list[Point]:
    return [Point(postcode, e, n) for postcode, e, n, _ in POSTCODES]


def leaking(**values: str) -> Row:
    """Return the original that leaks: an incident on a day of its own."""
    own = {
        "incident_reference": "I-9000", "incident_type": "Anti-social behaviour",
        "incident_date": "2024-04-30", "incident_time": "21:47", "domestic": "false",
        "location_postcode": "SW1A 1AA", "location_easting": "654301.4",
        "location_northing": "123471.9", "caller_name": "Ada Okonkwo",
        "caller_telephone": "07700 900999", "victim_date_of_birth": "1961-09-08",
    }  # fmt: skip
    return own | values


def _its(rows: Sequence[Row]) -> Row:
    return next(row for row in rows if row["incident_date"] == "2024-04-30")


def _cells(**cells: str) -> Spoil:
    """Put cells into the row of the original that leaks."""
    return lambda rows, _order: _its(rows).update(cells)


def _any(field: str, cell: Callable[[Row], str]) -> Spoil:
    """Put a cell into the first row that has one in that field."""

    def spoil(rows: list[Row], _order: Order) -> None:
        row = next(row for row in rows if row[field])
        row[field] = cell(row)

    return spoil


def _street(
    name: str, address: str, released: str, *, caller: str = "Ada Okonkwo", **own: str
) -> Kind:
    original = leaking(location_address=address, caller_name=caller, **own)
    found_by = ("streets", "location_address")
    return Kind(name, found_by, _cells(location_address=released), original)


TABLE = (
    ("12 Okonkwo Park Road", "Okonkwo Park Road"),
    ("outside Okonkwo Park Road", "Okonkwo Park Road"),
    ("behind The Larches Park Road", "The Larches Park Road"),
    ("Okonkwo Valley Road", "Okonkwo Valley Road"),
    ("Okonkwo Harbour Road", "Okonkwo Harbour Road"),
    ("Okonkwo Village Road", "Okonkwo Village Road"),
    ("Okonkwo Elms Road", "Okonkwo Elms Road"),
    ("Okonkwo Acre Road", "Okonkwo Acre Road"),
    ("Okonkwo Park Road North", "Okonkwo Park Road North"),
    ("Old Okonkwo Park Road", "Old Okonkwo Park Road"),
    ("Okonkwo corner Park Road", "Okonkwo corner Park Road"),
    ("12 Acacia Avenue Okonkwo drive", "Okonkwo drive"),
    ("27 Tresillian Court, end terrace, Bath", "end terrace, Bath"),
    ("MrOkonkwoAcacia Avenue", "MrOkonkwoAcacia Avenue"),
    ("12 Willow Bank, Cherry Grove, Bath", "Willow Bank, Bath"),
    ("Maes-y-Coed Acacia Avenue", "Maes-y-Coed Acacia Avenue"),
    ("AB12 CDE Park Road", "CDE Park Road"),
    ("Mary Green & Acacia Avenue", "Mary Green & Acacia Avenue"),
    ("22 Chesham Gardens, Mary Lane, Bath", "Mary Lane, Bath"),
    ("4 Well Close Walk", "Well Close"),
    ("Buxton Road, High Lane, Stockport", "High Lane, Stockport"),
)
"""Addresses that came out of earlier versions, and what of them was released."""


def street_kind(address: str, released: str) -> Kind:
    """Return the kind of an address of the table; its caller has another name."""
    return _street(f"{address} as {released}", address, released, caller="Ben Namedso")


def _with_key(key: bytes) -> Spoil:
    """Release again with a key that can be guessed."""

    def spoil(_rows: list[Row], order: Order) -> list[Row]:
        sanitise_file(replace(order, key=ReferenceKey(key)))
        return read(order.out)

    return spoil


def _swapped(rows: list[Row], _order: Order) -> None:
    one, other = rows[3], next(r for r in rows if r["incident_date"] != rows[3]["incident_date"])
    one["incident_time"], other["incident_time"] = other["incident_time"], one["incident_time"]
    one["incident_utc"], other["incident_utc"] = other["incident_utc"], one["incident_utc"]


def _excluded_row(row: Row) -> Spoil:
    """Add the row of an original that second may not have; a row of the same place is its form."""

    def spoil(rows: list[Row], _order: Order) -> list[Row]:
        form = next(
            r for r in rows if r["location_postcode"] == "SW1A 1AA" and r["location_address"]
        )
        return [*rows, form | {"record_id": token_hex(16)} | row]

    return spoil


def _in_order(rows: list[Row], _order: Order) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["incident_time"][3:5]))


def _hmac(text: str) -> str:
    return hmac.digest(b"secret", text.encode(), "sha256").hex()[:32]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _rare(rows: list[Row], _order: Order) -> None:
    """Tell everything of the only person of a kind, as if the rule of combinations had not run."""
    row = next(r for r in rows if r["location_postcode"])
    row |= {"suspect_gender": "female", "suspect_age": "0-9", "suspect_ethnicity": "Asian"}


KINDS = (
    _street("a surname within the street", "12 Okonkwo Park Road", "Okonkwo Park Road"),
    _street(
        "a household before the street", "Okonkwo household Acacia Avenue",
        "Okonkwo household Acacia Avenue",
    ),
    _street(
        "a house name before the street", "Rose Cottage Acacia Avenue", "Rose Cottage Acacia Avenue"
    ),
    _street("two fields run together", "MrOkonkwoAcacia Avenue", "MrOkonkwoAcacia Avenue"),
    _street("a vehicle mark in the address", "AB12 CDE Acacia Avenue", "CDE Acacia Avenue"),
    _street("a flat", "Flat B Acacia Avenue", "Flat B Acacia Avenue"),
    _street("a person after the street", "22 Chesham Gardens, Mary Lane", "Mary Lane"),
    _street("a locality that is a house", "5 Acacia Avenue, Okonkwo", "Acacia Avenue, Okonkwo"),
    Kind(
        "a house number", ("residual identifiers", "location_address"),
        _cells(location_address="5 Acacia Avenue"), leaking(location_address="5 Acacia Avenue"),
    ),
    Kind(
        "a street of another postcode beside a substitute", ("places", "location_address"),
        _cells(location_address="Acacia Avenue"),
        leaking(
            location_address="5 Acacia Avenue", location_postcode="BA1 1AA",
            location_easting="", location_northing="",
        ),
    ),
    Kind(
        "a postcode with few households", ("places", "location_postcode"),
        _cells(location_postcode="BA1 1AA"),
        leaking(location_postcode="BA1 1AA", location_easting="", location_northing=""),
    ),
    Kind(
        "the exact point", ("places", "location_easting"),
        _cells(location_easting="654301", location_northing="123472"), leaking(),
    ),
    Kind(
        "a point without its postcode, three metres off", ("places", "location_easting"),
        _cells(location_postcode="", location_easting="654304", location_northing="123472"),
        leaking(),
    ),
    Kind(
        "a centroid that is three metres off", ("places", "location_easting"),
        _cells(location_easting="654315"), leaking(),
    ),
    Kind(
        "the minutes in second", ("forms", "incident_time"),
        _cells(incident_time="21:47:00"), leaking(), profile="second",
    ),
    Kind(
        "an exact age in second", ("forms", "suspect_age"),
        lambda rows, _order: rows[3].update(suspect_age="41"), dataset="police-stop-search", profile="second",
    ),
    Kind(
        "an amount in second", ("forms", "waste_weight"),
        _any("waste_weight", lambda row: row["waste_weight"][0] + "37"),
        dataset="council-asb", profile="second",
    ),
    Kind(
        "a domestic row in second", ("rows of no original", ""),
        _excluded_row({"incident_date": "2024-04-30", "incident_time": "21:00:00"}),
        leaking(domestic="true"), profile="second",
    ),
    Kind(
        "a sexual offence in second", ("rows of no original", ""),
        _excluded_row({
            "offence_code": "19C", "committed_from_date": "2024-04-30",
            "committed_from_time": "21:00:00", "committed_to_date": "", "committed_to_time": "",
            "offence_category": "", "method_of_entry": "", "property_stolen": "",
            "location_address": "", "distraction_burglary": "", "drugs_related": "",
            "alcohol_related": "", "caveats": "",
        }),
        {
            "crime_reference": "C-9000", "offence_code": "19C", "domestic": "false",
            "committed_from_date": "2024-04-30", "committed_from_time": "21:47",
            "location_postcode": "SW1A 1AA",
        },
        dataset="police-crime-offence", profile="second",
    ),
    Kind(
        "the attributes of a rare person", ("people who stand out", "suspect"), _rare,
        dataset="police-stop-search", profile="second",
    ),
    Kind(
        "a caveat with a value", ("forms", "caveats"),
        _cells(caveats="incident_date:after-okonkwo-called"), leaking(),
    ),
    Kind(
        "a ward for a district", ("forms", "location_district"),
        _cells(location_district="Lansdown"), leaking(),
    ),
    Kind(
        "an officer for the agency", ("forms", "source_agency"),
        _cells(source_agency="police, PC Okonkwo"), leaking(),
    ),
    Kind(
        "a plain hash for the id", ("digests", "record_id"),
        _cells(record_id=_sha("I-9000")), leaking(),
    ),
    Kind(
        "a plain hash of the telephone number for the reference", ("digests", "incident_reference"),
        _cells(incident_reference=_sha("07700 900999")), leaking(),
    ),
    Kind(
        "an earlier version of a corrected record", ("rows of no original", "incident_date"),
        lambda rows, _order: [
            *rows,
            _its(rows) | {"record_id": token_hex(16), "incident_date": "2024-04-29",
                          "incident_utc": "2024-04-29T20:47:00+00:00"},
        ],
        leaking(),
    ),
    Kind(
        "the district of an address that was moved", ("places", "location_district"),
        _cells(location_district="E06000022"),
        leaking(
            location_address="5 Acacia Avenue", location_postcode="BA1 1AA",
            location_easting="", location_northing="",
        ),
    ),
    Kind(
        "a caveat on a field that is withheld", ("forms", "caveats"),
        lambda rows, _order: _its(rows).update(caveats="incident_date_to:unreadable"),
        leaking(),
    ),
    Kind(
        "a keyed hash with a word for the reference", ("digests", "incident_reference"),
        _cells(incident_reference=_hmac("I-9000")), leaking(),
    ),
    Kind(
        "the product's digests with a word for the key", ("digests", "incident_reference"),
        _with_key(b"secret".ljust(KEY_BYTES, b"\0")), leaking(),
    ),
    Kind("the product's digests with a key of zeros", ("digests", "record_id"),
         _with_key(bytes(KEY_BYTES)), leaking()),
    Kind("rows in the order of the originals", ("order", ""), _in_order),
    Kind(
        "a row twice under two ids", ("rows of no original", ""),
        lambda rows, _order: [*rows, rows[3] | {"record_id": token_hex(16)}],
    ),
    Kind(
        "a row twice under one id", ("forms", "record_id"),
        lambda rows, _order: [*rows, rows[3]],
    ),
    Kind("cells of two rows swapped", ("rows of no original", "incident_time"), _swapped),
    Kind(
        "free text in a coded field", ("residual identifiers", "incident_type"),
        _cells(incident_type="neighbour at 5 shouting"), leaking(),
    ),
    Kind(
        "a name in the premises", ("residual identifiers", "location_premises"),
        lambda rows, _order: rows[3].update(location_premises="Home of Ada Okonkwo"),
        {
            "crime_reference": "B-9000", "domestic": "false", "incident_date": "2024-04-30",
            "victim_name": "Ada Okonkwo", "location_postcode": "SW1A 1AA",
        },
        dataset="btp-crime",
    ),
    Kind(
        "an NHS number in the premises", ("residual identifiers", "location_premises"),
        lambda rows, _order: rows[3].update(location_premises="Ward 3, 943 476 5919"),
        dataset="btp-crime",
    ),
    Kind(
        "a date of birth for a date", ("rows of no original", "incident_date_to"),
        _cells(incident_date_to="1961-09-08"), leaking(),
    ),
    Kind(
        "a reference in clear", ("forms", "incident_reference"),
        _cells(incident_reference="I-9000"), leaking(),
    ),
    Kind(
        "a column that the profile drops", ("residual identifiers", "caller_telephone"),
        lambda rows, _order: [row | {"caller_telephone": ""} for row in rows],
    ),
)  # fmt: skip

"""Run every attack on a release, and compare with the originals."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.errors import SourceError
from connectors.spreadsheet import unguarded
from offline.risk.digests import digests
from offline.risk.finding import Finding, Hit, gathered
from offline.risk.forms import forms
from offline.risk.linkage import linkage, people_who_stand_out
from offline.risk.matching import Matched, match
from offline.risk.measures import Columns, Risks, risks
from offline.risk.order import order_of_rows
from offline.risk.places import places
from offline.risk.protected import protected_places
from offline.risk.residual import residual_identifiers
from offline.risk.street_list import KnownStreets
from offline.risk.streets import streets
from offline.risk.truth import Originals, Progress, originals
from offline.run import Order
from offline.summary import quantiles
from sanitiser.build.premises_list import PremisesList
from schemas.record_type import RecordType

NAME = "record_id"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of the attacks. `notes` are hits that the guidance itself accepts."""

    rows: int
    originals: int
    findings: Sequence[Finding]
    notes: Sequence[Finding]
    linkage: dict[str, dict[str, Any]]
    risks: Risks | None
    households: Counter[int]
    alike: Counter[int]

    def document(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "rows": self.rows,
            "originals": self.originals,
            "findings": [finding.document() for finding in self.findings],
            "notes": [note.document() for note in self.notes],
            "linkage": self.linkage,
            "risks": self.risks.document() if self.risks else None,
            "households": quantiles(self.households),
            "people_alike": quantiles(self.alike),
        }


def play(
    release: Path,
    order: Order,
    k: int,
    *,
    heeded: bool,
    alike: int | None = None,
    listed: KnownStreets | None = None,
    progress: Progress = lambda *_: None,
    at: datetime | None = None,
) -> Report:
    """Attack `release`, which was made from the order's file for its profile.

    With `heeded`, people who are rare in their area are findings; without it, notes. `k` counts
    households, `alike` people with the same attributes (default: k). `listed` has every street that
    may be released, if it is known. `at` is the instant of the supply (default: now).

    Raises:
        SourceError: one of the files cannot be read, or the release has no column `record_id`.
    """
    rows = _rows(release)
    at = at or datetime.now(UTC)
    known = originals(order, progress, at)
    truths = known.released
    record_type, profile, lists = order.record_type, order.profile, order.catalogue.code_lists
    matched = match(rows, known, record_type, profile, lists)
    of_places, households = places(
        rows, truths, record_type, profile, order.index, k, order.lists.streets
    )
    hits = [
        *residual_identifiers(rows, truths, record_type, profile, lists, _registered(order)),
        *streets(rows, known.every, record_type, profile, order.index, listed),
        *forms(
            rows, record_type, profile, order.supplier, order.index.metadata.districts,
            _caveats(known),
        ),
        *of_places,
        *matched.hits,
        *protected_places(rows, known, matched, order, at, progress),
        *order_of_rows(rows, truths, record_type, profile),
        *digests(rows, known.every, record_type, profile, order.supplier, lists),
    ]  # fmt: skip
    people, counted = people_who_stand_out(rows, truths, record_type, profile, lists, alike or k)
    notes: list[Hit] = [] if heeded else people
    return Report(
        len(rows),
        len(truths),
        gathered([*hits, *(people if heeded else ())]),
        gathered(notes),
        linkage(rows, truths, record_type, profile),
        _risks(rows, known, matched, record_type, profile),
        households,
        counted,
    )


def _registered(order: Order) -> Collection[str]:
    """Return the names of premises of the order's register; none without a register."""
    premises = order.lists.premises
    return frozenset(premises.names) if isinstance(premises, PremisesList) else ()


def _caveats(known: Originals) -> frozenset[str]:
    """Return the caveats that the releases of the originals have."""
    return frozenset(c for truth in known.released for c in truth.cells["caveats"].split(";"))


def _risks(
    rows: Sequence[dict[str, str]],
    known: Originals,
    matched: Matched,
    record_type: RecordType,
    profile: str,
) -> Risks | None:
    pairs = [(rows[row], known.released[at].cells) for row, at in matched.pairs]
    if not pairs:
        return None
    header = frozenset(pairs[0][0]) & frozenset(pairs[0][1])
    places = record_type.released_places(profile)
    of_place = [f"{prefix}{part}" for prefix in places for part in ("address", "postcode")]
    of_time = [n for event in record_type.events for n in (event.date, event.time) if n]
    coded = ("code", "coded-text", "group", "age", "band", "rounded")
    attributes = [
        field.name
        for field in record_type.released(profile)
        if field.name not in of_time
        and (field.treatments[profile].action in coded or field.kind in {"flag", "count"})
    ]
    columns = (of_place, of_time, attributes)
    return risks(pairs, Columns(*([n for n in names if n in header] for names in columns)))


def _rows(release: Path) -> list[dict[str, str]]:
    try:
        with release.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if NAME not in (reader.fieldnames or ()):
                message = (
                    f"{release}: line 1: has no column {NAME!r}, so it is not a release of `ipu`"
                )
                raise SourceError(message)
            rows = [
                {
                    name: unguarded(cell) if isinstance(cell, str) else cell
                    for name, cell in row.items()
                }
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "is not a CSV in UTF-8"
        raise SourceError(f"{release}: {reason}") from None
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise SourceError(f"{release}: row {number} has more or fewer columns than the header")
    return rows

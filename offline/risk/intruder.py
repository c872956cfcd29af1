"""Run every attack on a release, and compare with the originals."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.errors import SourceError
from connectors.spreadsheet import unguarded
from offline.risk.finding import Finding, Hit, gathered
from offline.risk.linkage import linkage, people_who_stand_out
from offline.risk.order import order_and_names
from offline.risk.places import places
from offline.risk.residual import residual_identifiers
from offline.risk.truth import Progress, truths
from offline.run import Order
from offline.summary import quantiles

NAME = "record_id"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of the attacks. `notes` are hits that the guidance itself accepts."""

    rows: int
    originals: int
    findings: Sequence[Finding]
    notes: Sequence[Finding]
    linkage: dict[str, dict[str, Any]]
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
    progress: Progress = lambda *_: None,
    at: datetime | None = None,
) -> Report:
    """Attack `release`, which was made from the order's file for its profile.

    With `heeded`, people who are rare in their area are findings; without it, notes. `k` counts
    households, `alike` people with the same attributes (default: k). `at` is the instant of the
    supply (default: now).

    Raises:
        SourceError: one of the files cannot be read, or the release has no column `record_id`.
    """
    rows = _rows(release)
    known = truths(order, progress, at)
    record_type, profile, lists = order.record_type, order.profile, order.catalogue.code_lists
    hits = list(residual_identifiers(rows, known, record_type, profile, lists))
    of_places, households = places(rows, known, record_type, profile, order.index, k)
    hits += of_places
    hits += order_and_names(rows, known, record_type)
    people, counted = people_who_stand_out(rows, known, record_type, profile, lists, alike or k)
    notes: list[Hit] = [] if heeded else people
    return Report(
        len(rows),
        len(known),
        gathered([*hits, *(people if heeded else ())]),
        gathered(notes),
        linkage(rows, known, record_type, profile),
        households,
        counted,
    )


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

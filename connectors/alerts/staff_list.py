"""A recipient's list of its staff, as digests of names and dates of birth (conflicts of interest)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from connectors.alerts.recipient import Recipient
from connectors.alerts.table_rows import CellError, Cells, read_rows

NAME, BORN = "name", "date_of_birth"

PersonDigest = Callable[[str, date], str | None]
"""A function from name and date of birth to a digest; None if they identify nobody."""


class StaffChange(NamedTuple):
    """The number of entries of the new list, and how many were added and removed."""

    entries: int
    added: int
    removed: int


def read_staff(path: Path, digest: PersonDigest) -> frozenset[str]:
    """Return the digests of a CSV file with the columns name and date_of_birth.

    Raises:
        SourceError: the file has a row that cannot be used, or no rows.
    """
    return frozenset(read_rows(path, (NAME, BORN), lambda cells: _digest(cells, digest)))


def replace_staff(recipient: Recipient, wanted: frozenset[str]) -> StaffChange:
    """Replace the recipient's list. New entries are written before others are removed.

    Raises:
        PublishError: the broker refuses, or does not answer.
        AlertError: the broker refused a message; the command can be repeated.
    """
    topic = recipient.staff
    present: set[str] = set()
    for one in recipient.read(topic):
        present.discard(one.key)
        # An entry that cannot be read protects its person too.
        if one.content is not None or not one.is_readable:
            present.add(one.key)
    added, removed = sorted(wanted - present), sorted(present - wanted)
    entry = recipient.encoder(topic)({"at": datetime.now(UTC)})
    recipient.write(topic, [(digest, entry) for digest in added])
    recipient.write(topic, [(digest, None) for digest in removed])
    return StaffChange(len(wanted), len(added), len(removed))


def _digest(cells: Cells, digest: PersonDigest) -> str:
    found = digest(cells[NAME], born_on(cells[BORN]))
    if found is None:
        raise CellError(
            f"{NAME}, {BORN}",
            "they identify nobody; accepted: a full name, and a date of birth that is not in the future",
        )
    return found


def born_on(text: str) -> date:
    """Return a date of birth.

    Raises:
        CellError: it is not a date as YYYY-MM-DD.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise CellError(BORN, "not a date; accepted: YYYY-MM-DD") from None

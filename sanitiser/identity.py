"""The identity of a record, by which a correction has the name of what it corrects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.record_type import RecordType


class Identity:
    """Gives the texts that identify a record of one type among those of its agency."""

    def __init__(self, record_type: RecordType) -> None:
        """Take the type's own identity and, for records that lack a part of it, all fields."""
        self._own = record_type.identity
        # Most types have one reference, and this is for each release.
        self._single = self._own[0] if len(self._own) == 1 else None
        self._all = tuple((f.name, f.born) for f in record_type.fields)

    def __call__(self, record: Mapping[str, Any]) -> Sequence[str]:
        """Return the record's own identity; where a part of it is not known, all that the record says."""
        if self._single is not None:
            reference = record[self._single]
            if reference is not None:
                return (str(reference),)
        identity = [record[field] for field in self._own]
        if None in identity:
            # Else two admissions of one patient, of unknown dates, would be one record. An age that
            # follows from a date of birth is left out: it changes with the day of the supply.
            identity += [
                None if born and record.get(born) else record.get(name) for name, born in self._all
            ]
        return [str(part) for part in identity]

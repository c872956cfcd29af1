"""Decide which rows of a record type a profile never gets. An unclear row counts as excluded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from schemas.codes import CodeList
from schemas.record_type import RecordType
from schemas.telling import Telling

EXCLUDED = "row-excluded-from"
UNKNOWN = "row-not-known-for"


class RowRule:
    """The rule that keeps rows out of one profile, also rows about which too little is known.

    A row is released if its flag is false, each field that can exclude it was read or is empty, and
    at least one of those fields has a value.
    """

    def __init__(
        self, record_type: RecordType, profile: str, code_lists: Mapping[str, CodeList]
    ) -> None:
        """Compile the flag, the codes of the record type, and the codes that the lists leave out."""
        self._exclusion = record_type.excluded.get(profile)
        self._profile = profile
        self._kinds = _kinds(record_type, profile, code_lists)
        self._applies = self._exclusion is not None or bool(self._kinds)
        self._fields = frozenset(self._kinds) | (
            frozenset(self._exclusion.codes) if self._exclusion else frozenset()
        )

    def __bool__(self) -> bool:
        """Return whether there are rows that the profile never gets."""
        return self._applies

    def __call__(self, record: Mapping[str, Any], unread: Collection[str]) -> str | None:
        """Return the reason code why the profile does not get this row; None if it may have it.

        `unread` names the fields whose values could not be read with certainty.
        """
        if not self._applies:
            return None
        if self._says(record):
            return f"{EXCLUDED}-{self._profile}"
        if self._leaves_open(record, unread):
            return f"{UNKNOWN}-{self._profile}"
        return None

    def _says(self, record: Mapping[str, Any]) -> bool:
        rule = self._exclusion
        if rule is not None and (record.get(rule.flag) is True or rule.telling(record)):
            return True
        for name, telling in self._kinds.items():
            code = record.get(name)
            if code is not None and telling.leaves_out(code):
                return True
        return False

    def _leaves_open(self, record: Mapping[str, Any], unread: Collection[str]) -> bool:
        rule = self._exclusion
        if rule is not None and record.get(rule.flag) is not False:
            return True
        if unread and not self._fields.isdisjoint(unread):
            return True
        if not self._fields:
            return False
        for name in self._fields:  # noqa: SIM110 - a generator takes twice as long, and this is each record
            if record.get(name) is not None:
                return False
        return True


def _kinds(
    record_type: RecordType, profile: str, code_lists: Mapping[str, CodeList]
) -> dict[str, Telling]:
    """Return the code lists' rules of fields with codes that the profile must not get."""
    listed = ((f.name, f.code_list) for f in record_type.fields)
    tellings = {
        name: code_lists[code_list].profiles.get(profile) for name, code_list in listed if code_list
    }
    return {name: telling for name, telling in tellings.items() if telling and telling.left_out}

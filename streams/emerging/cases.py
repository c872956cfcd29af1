"""The cases of released records: a record with a type, one day and a point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from detection.emerging.facts import Case, Stream
from schemas.derive import utc_field_name
from schemas.london import LONDON
from schemas.record_type import ProblemRule, RecordType
from streams.emerging.schedule import EPOCH

_MINUTE_S: Final = 60


class CaseReader:
    """Reads the cases of one stream by the rule of its record type."""

    def __init__(self, record_type: RecordType, rule: ProblemRule, profile: str) -> None:
        """Take the record type, its rule for emerging problems, and the release profile."""
        self.stream = Stream(record_type.dataset, profile)
        self._rule = rule
        self._event = record_type.events[0]
        at, place = self._event.time, rule.place
        is_exact = at is not None and record_type.field(at).treatments[profile].action == "keep"
        self._utc = utc_field_name(at) if at is not None and is_exact else None
        self._easting, self._northing = f"{place}easting", f"{place}northing"
        self._texts = (f"{place}address", f"{place}postcode", f"{place}district")

    def case_of(self, record: Mapping[str, Any]) -> Case | None:
        """Return the case of a released record.

        None if the record has no type or no point, or if its day is not known or is a range of days.
        """
        code, day = record.get(self._rule.type), self._day(record)
        easting, northing = record.get(self._easting), record.get(self._northing)
        if not code or day is None or easting is None or northing is None:
            return None
        minute, hour_only = self._minute(record, day)
        street, postcode, district = (str(record.get(name) or "") for name in self._texts)
        return Case(
            record["record_id"], self.stream, record["source_agency"], code, int(easting),
            int(northing), day.toordinal() - EPOCH, minute, hour_only, street, postcode, district,
        )  # fmt: skip

    def _day(self, record: Mapping[str, Any]) -> date | None:
        day = record.get(self._event.date)
        until = record.get(self._event.until) if self._event.until else None
        return day if isinstance(day, date) and until in (None, day) else None

    def _minute(self, record: Mapping[str, Any], day: date) -> tuple[int | None, bool]:
        """Return the minute of the event since 1970 UTC, if it is known, and True if only its hour is."""
        instant = record.get(self._utc) if self._utc else None
        if isinstance(instant, datetime):
            return _minutes(instant), False
        at = record.get(self._event.time) if self._event.time else None
        if not isinstance(at, time):
            return None, False
        # The second of two equal local times in autumn is at most an hour away.
        return _minutes(datetime.combine(day, at, LONDON)), self._utc is None


def _minutes(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp()) // _MINUTE_S

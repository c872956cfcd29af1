"""The keys and values of the rows of the detector's state.

Each key begins with the letter of its kind. A case has the day of its event; every other row the day of the
batch that wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct
from typing import Any, Final, NamedTuple

from detection.emerging.facts import (
    CaseKey,
    Detection,
    Match,
    Problem,
    PValue,
    SeriesKey,
    Source,
    Stream,
)
from streams.emerging.case_rows import RowError
from streams.state.layout import problems_layout

PROBLEMS: Final = problems_layout()
"""The layout of the state of the detector."""

CASE: Final = b"c"
"""Stream and released id: a case."""
PROBLEM: Final = b"p"
"""Problem: what was last published of it."""
NULL: Final = b"n"
"""Series: its distributions without a problem."""
MARK: Final = b"m"
"""Series: its last evaluation."""
WAITING: Final = b"w"
"""Series that is to be looked at once its distributions are fresh."""
HELD: Final = b"h"
"""Source: it had records while it was held, and its series are to be looked at once it has settled."""
SUPPLIED: Final = b"s"
"""Source: its arrivals and covered days."""
CALIBRATION: Final = b"k"
"""The measured alarms by chance."""

_DIGEST_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_MARK: Final = Struct(">qi")


def case_key(key: CaseKey) -> bytes:
    """Return the key of the row of a case."""
    return CASE + _digest("\0".join((*key.stream, key.record)).encode())


def series_key(kind: bytes, series: SeriesKey) -> bytes:
    """Return the key of a row of a series."""
    return kind + _digest(_json(_series(series)))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A problem, when its first version was made, and the day on which it was closed, or None."""

    problem: Problem
    opened_ms: int
    closed_day: int | None = None

    @property
    def key(self) -> bytes:
        """Return the key of the row."""
        return PROBLEM + self.problem.id

    def to_bytes(self) -> bytes:
        """Return the value of the row."""
        problem = self.problem
        return _json(
            {
                "id": problem.id.hex(),
                "recipient": problem.recipient,
                "detection": _detection(problem.detection),
                "status": problem.status,
                "opened_day": problem.opened_day,
                "seen_day": problem.seen_day,
                "version": problem.version,
                "told": _keys(problem.told),
                "ended": problem.ended,
                "opened_ms": self.opened_ms,
                "closed_day": self.closed_day,
            }
        )

    @classmethod
    def read(cls, value: bytes) -> ProblemRow:
        """Return the row of a value.

        Raises:
            RowError: this version of the layout has not written it.
        """
        row = _read(value)
        try:
            problem = Problem(
                bytes.fromhex(row["id"]), row["recipient"], _read_detection(row["detection"]),
                row["status"], row["opened_day"], row["seen_day"], row["version"],
                frozenset(_read_keys(row["told"])), row["ended"],
            )  # fmt: skip
            return cls(problem, row["opened_ms"], row["closed_day"])
        except (KeyError, TypeError, ValueError) as error:
            raise RowError("not a problem") from error


@dataclass(frozen=True, slots=True)
class NullRow:
    """The distribution of the looks of a series, as bytes of `LookNull`; empty if there is none.

    It was made on `day`, when the series had `cases` cases in the study period. It is not `is_whole` if cases
    of a held source were left out.
    """

    series: SeriesKey
    day: int
    cases: int
    look: bytes
    is_whole: bool = True

    @property
    def key(self) -> bytes:
        """Return the key of the row."""
        return series_key(NULL, self.series)

    def to_bytes(self) -> bytes:
        """Return the value of the row."""
        head = _json([_series(self.series), self.day, self.cases, self.is_whole])
        return _with_head(head, self.look)

    @classmethod
    def read(cls, value: bytes) -> NullRow:
        """Return the row of a value.

        Raises:
            RowError: this version of the layout has not written it.
        """
        head, look = _split(value)
        try:
            series, day, cases, is_whole = _read(head)
            return cls(_read_series(series), day, cases, look, is_whole)
        except (TypeError, ValueError, IndexError) as error:
            raise RowError("not a distribution") from error


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """The measurement for a recipient that ended on `day`, as bytes; empty if it could not be made."""

    recipient: str
    day: int
    measured: bytes

    @property
    def key(self) -> bytes:
        """Return the key of the row."""
        return CALIBRATION + _digest(self.recipient.encode())

    def to_bytes(self) -> bytes:
        """Return the value of the row."""
        return _with_head(_json([self.recipient, self.day]), self.measured)

    @classmethod
    def read(cls, value: bytes) -> CalibrationRow:
        """Return the row of a value.

        Raises:
            RowError: this version of the layout has not written it.
        """
        head, measured = _split(value)
        try:
            recipient, day = _read(head)
        except (TypeError, ValueError) as error:
            raise RowError("not a measurement") from error
        return cls(recipient, day, measured)


class Mark(NamedTuple):
    """The last evaluation of a series.

    `minute` is the minute of its time since 1970 UTC, `weekly` the as-of day of the last weekly detectors.
    """

    minute: int = 0
    weekly: int = 0

    def to_bytes(self) -> bytes:
        """Return the value of the row."""
        return _MARK.pack(*self)

    @classmethod
    def read(cls, value: bytes) -> Mark:
        """Return the mark of a row; of another version of the layout one of no evaluation."""
        return cls(*_MARK.unpack(value)) if len(value) == _MARK.size else cls()


def source_key(kind: bytes, source: Source) -> bytes:
    """Return the key of a row of a source."""
    return kind + _digest("\0".join(source).encode())


def source_bytes(source: Source) -> bytes:
    """Return a source as the value of a row."""
    return _json(list(source))


def read_source(value: bytes) -> Source:
    """Return the source of a row.

    Raises:
        RowError: this version of the layout has not written it.
    """
    try:
        return Source(*_read(value))
    except TypeError as error:
        raise RowError("not a source") from error


def supplied_bytes(source: Source, supplied: bytes) -> bytes:
    """Return what is kept of a source as the value of a row."""
    return _with_head(source_bytes(source), supplied)


def read_supplied(value: bytes) -> tuple[Source, bytes]:
    """Return a source and what is kept of it.

    Raises:
        RowError: this version of the layout has not written it.
    """
    head, supplied = _split(value)
    return read_source(head), supplied


def series_bytes(series: SeriesKey) -> bytes:
    """Return a series as the value of a row."""
    return _json(_series(series))


def read_series(value: bytes) -> SeriesKey:
    """Return the series of a row.

    Raises:
        RowError: this version of the layout has not written it.
    """
    return _read_series(_read(value))


def _with_head(head: bytes, content: bytes) -> bytes:
    """Return a head and a content as one value. The length of the head is first."""
    return len(head).to_bytes(_LENGTH_BYTES) + head + content


def _split(value: bytes) -> tuple[bytes, bytes]:
    """Return the head and the content of a value of `_with_head`."""
    at = _LENGTH_BYTES + int.from_bytes(value[:_LENGTH_BYTES])
    return value[_LENGTH_BYTES:at], value[at:]


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=True).encode()


def _read(value: bytes) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise RowError("not JSON") from error


def _series(series: SeriesKey) -> list[Any]:
    return [series.name, [list(stream) for stream in series.streams], series.is_group]


def _read_series(row: Any) -> SeriesKey:
    try:
        name, streams, is_group = row
        return SeriesKey(name, tuple(Stream(*stream) for stream in streams), is_group)
    except (TypeError, ValueError) as error:
        raise RowError("not a series") from error


def _keys(keys: frozenset[CaseKey]) -> list[list[str]]:
    return [[*key.stream, key.record] for key in sorted(keys)]


def _read_keys(rows: Any) -> tuple[CaseKey, ...]:
    return tuple(CaseKey(Stream(dataset, profile), record) for dataset, profile, record in rows)


def _detection(found: Detection) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "series": _series(found.series),
        "numbers": [
            found.easting, found.northing, found.radius_m, found.first_day, found.last_day,
            found.observed, found.expected, found.statistic,
        ],
        "p": [
            found.p.value, found.p.method, found.p.monte_carlo, found.p.gumbel, found.p.replicates
        ],
        "looked": found.looked,
        "cases": _keys(found.cases),
        "matches": [
            [[[*key.stream, key.record] for key in match.cases], match.confidence]
            for match in found.matches
        ],
        "evidence": dict(found.evidence),
        "area": found.area,
    }  # fmt: skip


def _read_detection(row: Mapping[str, Any]) -> Detection:
    names = (
        "easting", "northing", "radius_m", "first_day", "last_day", "observed", "expected",
        "statistic",
    )  # fmt: skip
    numbers: dict[str, Any] = dict(zip(names, row["numbers"], strict=True))
    return Detection(
        kind=row["kind"],
        series=_read_series(row["series"]),
        p=PValue(*row["p"]),
        looked=row["looked"],
        cases=frozenset(_read_keys(row["cases"])),
        matches=tuple(Match(_read_keys(cases), sure) for cases, sure in row["matches"]),
        evidence=row["evidence"],
        area=row.get("area", ""),
        **numbers,
    )

"""An engine without statistics: four cases of a series at one point within three days are a cluster.

It has the interface of the real one, and undoes by copying. So a test of the agent says what the agent does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detection.emerging.evaluating import Evaluation
from detection.emerging.facts import Case, CaseKey, Detection, Kind, PValue, SeriesKey, Source
from detection.emerging.look_null import LookNull
from detection.emerging.settings import Settings
from detection.scan.p_values import Null

WINDOW = 3
CASES = 4
NULL = Null.of(np.linspace(0.0, 3.0, 99))
LOOK_NULL = LookNull(NULL, 8, 1_000_000, 1_000_000)
Held = Callable[[Source], bool]


@dataclass(frozen=True)
class FakeSnapshot:
    """The clusters of a series as of a day, found already."""

    series: SeriesKey
    as_of: int
    kinds: frozenset[Kind]
    keys: tuple[CaseKey, ...]
    found: tuple[Detection, ...]


class FakeEngine:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.today = 0
        self._cases: dict[CaseKey, Case] = {}
        self._committed: dict[CaseKey, Case] = {}
        self._touched: list[CaseKey] = []

    def advance(self, day: int) -> None:
        self.today = max(self.today, day)

    def put(self, case: Case) -> None:
        self._cases[case.key] = case
        self._touched.append(case.key)

    def remove(self, key: CaseKey) -> None:
        self._cases.pop(key, None)

    def commit(self) -> None:
        self._committed = dict(self._cases)

    def rollback(self) -> None:
        self._cases = dict(self._committed)
        self._touched.clear()

    def series(self) -> Sequence[SeriesKey]:
        return sorted({s for w in self.settings.watches for s in self.series_of(w.recipient)})

    def series_of(self, recipient: str) -> Sequence[SeriesKey]:
        (watch,) = (w for w in self.settings.watches if w.recipient == recipient)
        cases = [c for c in self._cases.values() if c.stream in watch.streams]
        return sorted({SeriesKey(c.type, (c.stream,)) for c in cases})

    def tests(self, recipient: str) -> Mapping[Kind, int]:
        return {"scan": max(1, len(self.series_of(recipient)))}

    def looks(self, nulls: Mapping[SeriesKey, LookNull], held: Held) -> list[Detection]:
        touched, self._touched = self._touched, []
        cases = [self._cases[key] for key in touched if key in self._cases]
        series = {SeriesKey(c.type, (c.stream,)) for c in cases if not held(c.source)}
        found = [self._look(each, self.today, held) for each in sorted(series) if each in nulls]
        return [each for clusters in found for each in clusters]

    def holds(self, series: SeriesKey, null: LookNull, held: Held) -> bool:
        return True

    @property
    def touched(self) -> frozenset[SeriesKey]:
        recent = [self._cases[key] for key in self._touched if key in self._cases]
        return frozenset(SeriesKey(c.type, (c.stream,)) for c in recent if self.today - c.day < 7)

    def has_today(self, series: SeriesKey) -> bool:
        return any(case.day == self.today for case in self._of(series))

    def size(self, series: SeriesKey) -> int:
        return len(self._of(series))

    def look_at(self, series: SeriesKey, null: LookNull, held: Held) -> Detection | None:
        return next(iter(self._look(series, self.today, held)), None)

    def snapshot(
        self, series: SeriesKey, as_of: int, supplied: object, kinds: frozenset[Kind]
    ) -> FakeSnapshot:
        held = supplied.held  # type: ignore[attr-defined]
        found = tuple(self._look(series, as_of, held, looked=False))
        keys = tuple(c.key for c in self._of(series) if not held(c.source))
        return FakeSnapshot(series, as_of, kinds, keys, found)

    def _of(self, series: SeriesKey) -> list[Case]:
        return [
            case
            for case in self._cases.values()
            if (case.type, (case.stream,)) == (series.name, series.streams)
        ]

    def _look(
        self, series: SeriesKey, as_of: int, held: Held, *, looked: bool = True
    ) -> list[Detection]:
        places: dict[tuple[int, int], list[Case]] = {}
        for case in self._of(series):
            if as_of - WINDOW < case.day <= as_of and not held(case.source):
                places.setdefault((case.easting, case.northing), []).append(case)
        return [
            Detection(
                "scan", series, *at, 0.0, min(c.day for c in cases), as_of, len(cases), 0.5,
                float(len(cases)), PValue(1e-9, "gumbel", 0.01, 1e-9, 99), looked,
                frozenset(c.key for c in cases),
            )
            for at, cases in sorted(places.items())
            if len(cases) >= CASES
        ]  # fmt: skip


def fake_evaluate(snapshot: FakeSnapshot, settings: Settings, seed: int) -> Evaluation:
    del settings, seed
    return Evaluation(
        snapshot.series, snapshot.as_of, snapshot.kinds, snapshot.found, NULL, LOOK_NULL
    )

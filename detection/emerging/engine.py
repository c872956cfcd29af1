"""The engine: counts each record at once, and looks at its neighbourhood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from detection.emerging.catalogue import Catalogue
from detection.emerging.facts import Case, CaseKey, Detection, Kind, SeriesKey, Source
from detection.emerging.history import History, Kin
from detection.emerging.look_null import LookNull
from detection.emerging.looking import Level, Look
from detection.emerging.members import Members
from detection.emerging.rate_series import detector_of, tested
from detection.emerging.series import SPARE_DAYS
from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot, Supplied, snapshot_of

__all__ = ["Engine", "Held", "Snapshot", "Supplied"]

Held = Callable[[Source], bool]

_MANY: Final = 50  # one part in 50


class Engine:
    """The counts of all series. `today` is the as-of day of the looks.

    A look leaves out a series without a null, or with more cases than its null holds for.
    """

    def __init__(self, settings: Settings) -> None:
        self.today = 0
        self._settings = settings
        self._catalogue = Catalogue(settings)
        self._history = History()
        self._members: dict[SeriesKey, Members] = {}
        self._changes: list[tuple[CaseKey, Case | None]] = []
        self._touched: dict[SeriesKey, dict[tuple[int, int], set[Source]]] = {}
        self._tests: dict[str, Counter[Kind]] = {}
        self._scans: dict[str, int] = {}
        self._rate_tests: dict[Kin, Counter[Kind]] = {}
        self._levels: dict[SeriesKey, Level] = {}
        self._tests_of = 0

    def advance(self, day: int) -> None:
        """Make `day` the as-of day, if it is later. Cases that are too old leave the counts."""
        if day <= self.today:
            return
        self.today = day
        self._history.advance(day - self._settings.history_days + 1, self._whole_from)
        for members in self._members.values():
            members.advance(day)
        self._members = {key: each for key, each in self._members.items() if not each.is_empty}
        self._forget_tests()

    def case(self, key: CaseKey) -> Case | None:
        """Return the case with this key, if it is not older than the study period."""
        case = self._history.get(key)
        return case if case and case.day >= self._whole_from else None

    def put(self, case: Case) -> None:
        """Count a case, in the place of the case with its key."""
        key = case.key
        old = self._history.get(key)
        if old != case:
            self._changes.append((key, old))
            self._replace(key, old, case)

    def remove(self, key: CaseKey) -> None:
        """Take a case out of the counts. An unknown key changes nothing."""
        old = self._history.get(key)
        if old:
            self._changes.append((key, old))
            self._replace(key, old, None)

    def commit(self) -> None:
        """Keep the changes since the last commit."""
        self._changes.clear()

    def rollback(self) -> None:
        """Undo the changes since the last commit. Looks that were due are not due any more."""
        while self._changes:
            key, before = self._changes.pop()
            self._replace(key, self._history.get(key), before)
        self._touched.clear()

    def series(self) -> Sequence[SeriesKey]:
        """Return the series that have cases."""
        return sorted(key for key, members in self._members.items() if len(members.series))

    def size(self, series: SeriesKey) -> int:
        """Return the number of cases of a series in the study period."""
        members = self._members.get(series)
        return 0 if members is None else len(members.series)

    def has_today(self, series: SeriesKey) -> bool:
        """Return True if a series has cases of the as-of day."""
        members = self._members.get(series)
        return members is not None and members.series.arrived()[0] > 0

    def series_of(self, recipient: str) -> Sequence[SeriesKey]:
        """Return the series of a recipient that have cases."""
        return [key for key in self.series() if self._catalogue.is_of(recipient, key)]

    def tests(self, recipient: str) -> Mapping[Kind, int]:
        """Return the number of tests of each kind for a recipient at one evaluation.

        Those of rates are counted again each day, and when many records were taken in.
        """
        self._check_size()
        known = self._tests.get(recipient)
        if known is None:
            known = self._tests[recipient] = self._count_tests(recipient)
        return known

    @property
    def touched(self) -> frozenset[SeriesKey]:
        """Return the series with recent cases since the last looks."""
        return frozenset(self._touched)

    def looks(self, nulls: Mapping[SeriesKey, LookNull], held: Held) -> list[Detection]:
        """Look at the places of the records since the last call. Return what is at the level of the looks.

        `nulls` are the look nulls. Cases of held sources are left out.
        """
        touched, self._touched = self._touched, {}
        found: list[Detection] = []
        for key, points in touched.items():
            members = self._members.get(key)
            if not members:
                continue
            held_now = _held_of(members, held)
            free = [point for point, sources in points.items() if not sources <= held_now]
            null = nulls.get(key) if free else None
            if null is not None and null.holds(*members.series.arrived(held_now)):
                found += self._look(key, members, null, held_now).at(free)
        return found

    def holds(self, series: SeriesKey, null: LookNull, held: Held) -> bool:
        """Return True if a look null holds for the cases that a series has now."""
        members = self._members.get(series)
        return members is None or null.holds(*members.series.arrived(_held_of(members, held)))

    def look_at(self, series: SeriesKey, null: LookNull, held: Held) -> Detection | None:
        """Look at a whole series. Return its best cluster if that is at the level of the looks.

        There is none if the null does not hold for the cases that the series has now.
        """
        members = self._members.get(series)
        if members is None or not self.holds(series, null, held):
            return None
        first_day = self.today - self._settings.window_days + 1
        cases = list(members.series.cases(first_day, self.today))
        look = self._look(series, members, null, _held_of(members, held))
        return next(iter(look.at((case.easting, case.northing) for case in cases)), None)

    def snapshot(
        self, series: SeriesKey, as_of: int, supplied: Supplied, kinds: frozenset[Kind]
    ) -> Snapshot:
        """Return the series as of a day, without held sources."""
        members = self._members.get(series) or Members(series, self._settings, self.today)
        return snapshot_of(series, members, as_of, supplied, kinds, self._settings, self._history)

    @property
    def _whole_from(self) -> int:
        return self.today - self._settings.study_days + 1 - SPARE_DAYS

    def _replace(self, key: CaseKey, old: Case | None, new: Case | None) -> None:
        if old:
            self._history.remove(key)
            for series in self._catalogue.series_of_case(old):
                self._take_out(series, old)
        if new and new.day > self.today - self._settings.history_days:
            self._history.put(key, new)
            for series in self._catalogue.series_of_case(new):
                self._add(series, new)

    def _add(self, series: SeriesKey, case: Case) -> None:
        members = self._members.get(series)
        if members is None:
            members = self._members[series] = Members(series, self._settings, self.today)
        before = len(members.series)
        self._touch(series, members.put(case))
        self._check_tests(before, len(members.series))

    def _take_out(self, series: SeriesKey, case: Case) -> None:
        members = self._members.get(series)
        if members is None:
            return
        before = len(members.series)
        self._touch(series, members.remove(case))
        self._check_tests(before, len(members.series))
        if members.is_empty:
            del self._members[series]

    def _touch(self, series: SeriesKey, counted: Iterable[Case]) -> None:
        first_day = self.today - self._settings.window_days + 1
        for case in counted:
            if first_day <= case.day <= self.today:
                points = self._touched.setdefault(series, {})
                points.setdefault((case.easting, case.northing), set()).add(case.source)

    def _check_tests(self, before: int, after: int) -> None:
        if (before < self._settings.minimum_cases) != (after < self._settings.minimum_cases):
            self._tests.clear()
            self._scans.clear()
            self._levels.clear()

    def _look(
        self, key: SeriesKey, members: Members, null: LookNull, held: frozenset[Source]
    ) -> Look:
        self._check_size()
        members.series.use_kinds(null.kinds)
        known = self._levels.get(key)
        if known is None or known.look_null is not null:
            known = self._levels[key] = Level.of(null, self._fewest_tests(key), self._settings)
        return Look(key, members, known, held, self._settings)

    def _fewest_tests(self, key: SeriesKey) -> int:
        recipients = [
            each for each in self._catalogue.recipients if self._catalogue.is_of(each, key)
        ]
        return min(map(self._scan_tests, recipients), default=0)

    def _scan_tests(self, recipient: str) -> int:
        known = self._scans.get(recipient)
        if known is None:
            series = self.series_of(recipient)
            known = self._scans[recipient] = sum(map(self._is_tested, series))
        return known

    def _is_tested(self, key: SeriesKey) -> bool:
        return len(self._members[key].series) >= self._settings.minimum_cases

    def _check_size(self) -> None:
        if abs(len(self._history) - self._tests_of) > self._tests_of // _MANY:
            self._forget_tests()

    def _forget_tests(self) -> None:
        self._tests.clear()
        self._scans.clear()
        self._levels.clear()
        self._rate_tests.clear()
        self._tests_of = len(self._history)

    def _count_tests(self, recipient: str) -> Counter[Kind]:
        tests: Counter[Kind] = Counter({"scan": 0, "near-repeat": 0, "farrington": 0, "ears": 0})
        for key in self.series_of(recipient):
            if self._is_tested(key):
                tests["scan"] += 1
                tests["near-repeat"] += 1
            if not key.is_group:
                tests.update(self._count_rates(Kin(key.streams[0], key.name)))
        return tests

    def _count_rates(self, kin: Kin) -> Counter[Kind]:
        known = self._rate_tests.get(kin)
        if known is None:
            found = tested(self._history, kin, self.today, self._settings)
            kinds = (detector_of(self.today - first + 1) for *_, first in found)
            known = self._rate_tests[kin] = Counter[Kind](kinds)
        return known


def _held_of(members: Members, held: Held) -> frozenset[Source]:
    return frozenset(source for source in members.series.sources if held(source))

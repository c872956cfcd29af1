"""The measured rate of false alarms: the problems that are opened in years of permuted replays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from numpy.random import Generator

from detection.emerging.replaying import LEVELS, Recipient, Replay
from detection.emerging.replays import History, Nulls, Tested, make_nulls, permuted
from detection.emerging.settings import Settings

Progress = Callable[[float], None]
"""Is called with the share that is done, 0 to 1."""

NULL_DAYS: Final = 28
"""The days after which the null distributions are computed again. All replays share them."""

_YEAR: Final = 365.0


class TooShortError(ValueError):
    """The history is too short: it has hardly more days than the study period."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The problems that chance alone opened in `years` of replays, by level in days, over all series."""

    years: float
    opened: Mapping[int, int]

    @property
    def levels(self) -> Sequence[int]:
        """Return the levels that were measured, in days, in ascending order."""
        return sorted(self.opened)

    def alarms_per_year(self, level_days: float) -> float:
        """Return the alarms a year at the highest measured level that is not above this one.

        Below the lowest measured level it is that of the lowest one.
        """
        level = max((level for level in self.opened if level <= level_days), default=self.levels[0])
        return self.opened[level] / self.years

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return json.dumps([self.years, sorted(self.opened.items())]).encode()

    @classmethod
    def from_bytes(cls, row: bytes) -> Calibration:
        """Return it from the bytes of `to_bytes`."""
        years, opened = json.loads(row)
        return cls(years, dict(opened))


def calibrate(
    histories: Sequence[History],
    settings: Settings,
    years: float,
    rng: Generator,
    progress: Progress | None = None,
) -> Calibration:
    """Replay at least so many years of one recipient's series, with an evaluation and looks on each day.

    A replay permutes the days of the cases within their strata over the whole history, so that no cluster is
    more than chance. Each replay begins after the first `study_days` of the history. Only the scan is
    measured, whose share of the alarms is `Settings.shares["scan"]`. The same state of `rng` gives the same
    result.
    """
    first, last = _days(histories, settings)
    many = ceil(years * _YEAR / (last - first + 1))
    replays = [
        Replay([permuted(history, rng) for history in histories], settings, rng)
        for _ in range(many)
    ]
    recipients = [Recipient(settings) for _ in replays]
    blocks = range(first, last + 1, NULL_DAYS)
    for number, begin in enumerate(blocks):
        days = range(begin, min(begin + NULL_DAYS, last + 1))
        tested = Tested.of(replays[0].histories, begin, settings)
        nulls = _nulls(tested, days, settings, rng)
        for index, (replay, recipient) in enumerate(zip(replays, recipients, strict=True)):
            replay.run(days, tested, nulls, recipient)
            if progress:
                progress((number + (index + 1) / many) / len(blocks))
    opened = {level: sum(recipient.opened[level] for recipient in recipients) for level in LEVELS}
    return Calibration(many * (last - first + 1) / _YEAR, opened)


def _days(histories: Sequence[History], settings: Settings) -> tuple[int, int]:
    days = [history.day for history in histories if len(history.day)]
    if not days:
        raise TooShortError("there are no cases")
    first = min(int(each.min()) for each in days) + settings.study_days
    last = max(int(each.max()) for each in days)
    if last < first:
        raise TooShortError(
            f"the history has {last - first + settings.study_days + 1} days; "
            f"it must have more than the study period, {settings.study_days}"
        )
    return first, last


def _nulls(
    tested: Tested, days: Sequence[int], settings: Settings, rng: Generator
) -> Sequence[Nulls | None]:
    return [make_nulls(series, days, settings, rng) if series else None for series in tested.series]

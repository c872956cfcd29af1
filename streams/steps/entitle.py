"""Entitle: find the policies under which a record is released, or the reason why it is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sanitiser.key_ring import KeyRing
from streams.steps.sanitise import Policies
from streams.steps.step import Scope, Step, Work

NOT_OPENED = "dataset-not-opened"
REVIEW_OVERDUE = "protocol-review-overdue"
OUTSIDE = "event-outside-the-area"
AGREEMENT_OVER = "agreement-of-the-neighbour-over"
RETIRED = "key-of-its-time-deleted"


def always(_day: date) -> bool:
    """Return True: a core dataset is open on every day."""
    return True


class Entitlement(Step):
    """Finds the region and epoch whose policies apply to a record.

    A record is held if its event is outside every known area; after `released_until`, or after the day of its
    region in `agreed_until`; while its dataset is not open; or if the key of its epoch was deleted.
    """

    takes = frozenset({"region", "day", "today", "record", "unread", "withheld"})
    completes = frozenset({"scope", "place", "by_supply", "withheld", "staying"})
    counts = frozenset({"withheld", "caveats", "held"})

    def __init__(
        self,
        policies: Mapping[Scope, Policies],
        keys: KeyRing,
        is_open: Callable[[date], bool] = always,
        released_until: date = date.max,
        agreed_until: Mapping[str, date] | None = None,
    ) -> None:
        """Take the policies of every scope, and the last days on which they apply."""
        self._policies = policies
        self._keys = keys
        self._has_epochs = len(keys.epochs) > 1
        self._is_open = is_open
        self._released_until = released_until
        self._agreed_until = agreed_until or {}

    def __call__(self, work: Work, /) -> None:
        """Find the scope. If only the review is overdue, the profiles in `staying` keep earlier releases."""
        region, today = work.region, work.today
        epoch = self._keys.at(work.day or today) if self._has_epochs else 0
        work.by_supply = self._has_epochs and work.day is None
        if region is None:
            work.withheld.append(OUTSIDE)
            return
        scope = (region, epoch)
        work.place = (region, self._keys.epochs[epoch].number)
        why = self._kept_back(region, epoch, today)
        if why is not None:
            work.withheld.append(why)
            if why == REVIEW_OVERDUE and scope in self._policies:
                work.staying = self._policies[scope].entitled(work.record, work.unread)
        elif scope in self._policies:
            work.scope = scope

    def _kept_back(self, region: str, epoch: int, today: date) -> str | None:
        """Return the reason to hold a valid record of this region and epoch; None if there is none."""
        if today > self._agreed_until.get(region, date.max):
            return AGREEMENT_OVER
        if not self._is_open(today):
            return NOT_OPENED
        if self._keys.epochs[epoch].key is None:
            return RETIRED
        # Checked last: if only the review is overdue, earlier releases stay.
        return REVIEW_OVERDUE if today > self._released_until else None

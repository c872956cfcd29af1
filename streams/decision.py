"""Decides what becomes of one record: validate → clean → recall → geocode → region → sanitise → withdraw.

Pure: no bytes, no topics, no clock of its own. The worker and the offline commands decide by these same
functions; the worker alone encodes and routes what was decided (`streams.sanitising.pipeline`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sanitiser.key_ring import KeyRing
from sanitiser.places.location import Located
from schemas.record_type import PERSONAL, RecordType
from streams.steps.clean import Cleaned, Cleaner
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.problems import Problem
from streams.steps.recall import Recall
from streams.steps.region import Regions
from streams.steps.route import OWN
from streams.steps.sanitise import Release, Sanitiser
from streams.steps.validate import Validator
from streams.steps.withdraw import TakenBack, Withdrawer

log = logging.getLogger(__name__)

NOT_OPENED = "dataset-not-opened"
TEXT_RESIDUE = "text-beyond-its-codes"
REVIEW_OVERDUE = "protocol-review-overdue"
OUTSIDE = "event-outside-the-area"
AGREEMENT_OVER = "agreement-of-the-neighbour-over"
RETIRED = "key-of-its-time-deleted"
UNPROCESSABLE = Problem(
    "", "unprocessable", None, "a record that the processor can handle; report this one"
)


class Outcome(NamedTuple):
    """The decision on one record. With `faults` it is rejected, and nothing else applies.

    `withheld` are the reasons why something of the record is told to nobody, or not to a profile.
    `excluded` is True if the record has no release and somebody is entitled to other rows of its kind.
    `by_supply` is True if the day of the supply chose the key, for want of an event's day.
    """

    faults: Sequence[Problem] = ()
    record: Mapping[str, Any] = MappingProxyType({})
    caveats: Sequence[str] = ()
    locations: Mapping[str, Located] = MappingProxyType({})
    region: str | None = None
    releases: Sequence[Release] = ()
    taken_back: Sequence[TakenBack] = ()
    withheld: Sequence[str] = ()
    combinations: Sequence[str] = ()
    excluded: bool = False
    by_supply: bool = False


# The releases of one record, why there are no others, and what was generalised in them. A plain tuple,
# since one is made for each record.
_Made = tuple[list[Release], list[str], Sequence[str]]


class Releaser(NamedTuple):
    """Makes the releases of one region's events under the keys of one epoch."""

    sanitise: Sanitiser
    generalise: Generaliser

    def __call__(
        self, agency: str, cleaned: Cleaned, locations: Mapping[str, Located], today: date
    ) -> _Made:
        """Return the releases of one record, why there are no others, and what was generalised in them."""
        record, caveats, _, unread = cleaned
        releases = self.sanitise(agency, record, locations, caveats, unread)
        withheld: list[str] = []
        if len(releases) < len(self.sanitise.profiles):
            withheld = self.sanitise.kept_out(record, unread)
        if not releases:
            return releases, withheld, ()
        residues = self.sanitise.residues(record)
        if residues:
            withheld += [TEXT_RESIDUE] * residues
        if not self.generalise:
            return releases, withheld, ()
        return releases, withheld, self.generalise(releases, record, today.toordinal())


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps for one agency's dataset; `releasers` by region and place of the epoch in `keys`.

    After the days of `personal_until` and `released_until` the protocol's review is overdue, after that of
    `agreed_until` a neighbour's agreement is over.
    """

    agency: str
    record_type: RecordType
    validate: Validator
    clean: Cleaner
    geocode: Geocoder
    region: Regions
    releasers: Mapping[tuple[str, int], Releaser]
    withdraw: Withdrawer
    keys: KeyRing
    recall: Recall
    is_open: Callable[[date], bool] = lambda _day: True
    personal_until: date = date.max
    released_until: date = date.max
    agreed_until: Mapping[str, date] = field(default_factory=dict)

    def cleaned(self, given: Mapping[str, Any], now: datetime) -> Cleaned:
        """Return a record as it is read and cleaned, with every fault; `now` is as `decide` has it."""
        record, problems = self.validate(given, now)
        return self.clean(record, problems, now.date(), self.recall.event_day(record))

    def decide(self, given: Mapping[str, Any], now: datetime) -> Outcome:
        """Return the outcome of a record as it was given; `now` is local time in Europe/London.

        Steps that remember records change their state: an outcome is for one record, once.
        """
        today = now.date()
        cleaned = self.cleaned(given, now)
        if cleaned.faults:
            return Outcome(cleaned.faults)
        record, caveats, _, _ = cleaned
        day = self.recall.remember(record, today)
        locations: Mapping[str, Located] = self.geocode(record)
        for prefix, located in locations.items():
            if located.caveats:
                caveats.extend([prefix + caveat for caveat in located.caveats])
        region = self.region(locations)
        epoch = self.keys.at(day or today)
        by_supply = day is None and len(self.keys.epochs) > 1
        kept_back = self._kept_back(region, epoch, today)
        releaser = None if kept_back else self.releasers.get((region or OWN, epoch))
        place = None if region is None else (region, self.keys.epochs[epoch].number)
        if releaser is None or region is None:
            stays = self._waiting(kept_back, region, epoch, cleaned)
            gone, why = self.withdraw(record, place, (), stays)
            return Outcome(
                (), record, caveats, locations, region, taken_back=gone,
                withheld=[kept_back, *why] if kept_back else why, by_supply=by_supply,
            )  # fmt: skip
        locations = self.region.guarded(locations, region)
        made, withheld, combinations = releaser(self.agency, cleaned, locations, today)
        releases, stays = made, ()
        if today > self.personal_until:
            releases = _without_personal(made, withheld)
            stays = (PERSONAL,) if len(releases) < len(made) else ()
        gone, why = self.withdraw(record, place, releases, stays)
        return Outcome(
            (), record, caveats, locations, region, releases, gone,
            [*withheld, *why] if why else withheld, combinations,
            not releases and self._is_wanted(releaser, today), by_supply,
        )  # fmt: skip

    def erase(self, given: Mapping[str, Any], now: datetime) -> Outcome:
        """Return what is to be taken back of a record: wherever a release of it can be, of every epoch."""
        cleaned = self.cleaned(given, now)
        if cleaned.faults:
            return Outcome(cleaned.faults)
        gone, why = self.withdraw.everything(cleaned.record)
        return Outcome(taken_back=gone, withheld=why)

    def _waiting(
        self, why: str | None, region: str | None, epoch: int, cleaned: Cleaned
    ) -> Sequence[str]:
        """Return the profiles that keep what they have of a record that waits for a review alone."""
        releaser = self.releasers.get((region or OWN, epoch))
        if why != REVIEW_OVERDUE or releaser is None:
            return ()
        return releaser.sanitise.entitled(cleaned.record, cleaned.unread)

    def _is_wanted(self, releaser: Releaser, today: date) -> bool:
        """Return whether somebody is entitled to rows now, other ones than a profile excludes."""
        profiles = releaser.sanitise.profiles
        return any(p != PERSONAL or today <= self.personal_until for p in profiles)

    def _kept_back(self, region: str | None, epoch: int, today: date) -> str | None:
        """Return why a valid record is released to nobody, not even to those entitled to it."""
        if region is None:
            return OUTSIDE
        if today > self.agreed_until.get(region, date.max):
            return AGREEMENT_OVER
        if not self.is_open(today):
            return NOT_OPENED
        if self.keys.epochs[epoch].key is None:
            return RETIRED
        # The last: what waits for a review alone stays where it is.
        return REVIEW_OVERDUE if today > self.released_until else None


def _without_personal(made: list[Release], withheld: list[str]) -> list[Release]:
    """Return the releases of the other profiles; add to `withheld` why there is no personal one."""
    kept = [release for release in made if release.profile != PERSONAL]
    if len(kept) < len(made):
        withheld.append(f"{REVIEW_OVERDUE}-{PERSONAL}")
    return kept


def unprocessable(error: Exception, where: str) -> Outcome:
    """Return the rejection of a record that broke a step.

    Log the place in the code, never the record: an exception's text can quote it.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    log.error(
        "%s at %s on %s; the record was rejected as unprocessable", type(error).__name__, at, where
    )
    return Outcome((UNPROCESSABLE,))

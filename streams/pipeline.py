"""The flow of one record and of one batch: decode → validate → clean → geocode → region → sanitise → route.

Pure: no Kafka client, no Faust, no clock of its own. The same functions run in the worker, offline
and in the benchmarks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from secrets import token_bytes
from typing import Any, NamedTuple

from sanitiser.key_ring import KeyRing
from sanitiser.location import Located
from sanitiser.memory import Memory, kind_of
from sanitiser.rows import EXCLUDED, UNKNOWN
from schemas.london import london_time
from schemas.record_type import PERSONAL, RecordType
from schemas.topics import DAY_MS, StateKind
from streams.chain import Head, Heads
from streams.messages import (
    MARKING_HEADER,
    WRITER_HEADER,
    BatchResult,
    Handling,
    Headers,
    Intake,
    Output,
    Tally,
)
from streams.steps.clean import Cleaned, Cleaner
from streams.steps.decode import Decoder, Undecodable
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.problems import Problem
from streams.steps.recall import Recall
from streams.steps.region import Regions
from streams.steps.route import OWN, Destination, Router
from streams.steps.sanitise import Release, Sanitiser
from streams.steps.validate import Validator
from streams.steps.withdraw import Withdrawer
from streams.trail import Origin, Trail

log = logging.getLogger(__name__)

NOT_OPENED = "dataset-not-opened"
TEXT_RESIDUE = "text-beyond-its-codes"
REVIEW_OVERDUE = "protocol-review-overdue"
OUTSIDE = "event-outside-the-area"
AGREEMENT_OVER = "agreement-of-the-neighbour-over"
RETIRED = "key-of-its-time-deleted"
EPOCH_BY_SUPPLY = "epoch-by-supply"
_WRITER_BYTES = 8
_UNPROCESSABLE = Problem(
    "", "unprocessable", None, "a record that the processor can handle; report this one"
)
_UNREADABLE = "a record batch that a Kafka client can read"


TAKEN_BACK_FROM = "taken-back-from-"
OF_WHOLE_ROWS = (EXCLUDED, UNKNOWN, TAKEN_BACK_FROM)
"""What the reasons begin with that are about a whole row; they go to its supplier alone."""


class DependencyUnavailable(RuntimeError):
    """Something the whole batch needs is away; the batch must be tried again, no record is at fault."""


class Releaser(NamedTuple):
    """What makes the releases of one region's events under the keys of one epoch."""

    sanitise: Sanitiser
    generalise: Generaliser
    withdraw: Withdrawer

    def __call__(
        self,
        agency: str,
        cleaned: Cleaned,
        locations: Mapping[str, Located],
        today: date,
        tally: Tally,
    ) -> list[Release]:
        """Return the releases of one record; count what was generalised in them and who gets none."""
        record, caveats, _, unread = cleaned
        releases = self.sanitise(agency, record, locations, caveats, unread)
        if len(releases) < len(self.sanitise.profiles):
            tally.withheld.update(self.sanitise.kept_out(record, unread))
        if releases and self.generalise:
            tally.combinations.update(self.generalise(releases, record, today.toordinal()))
        residues = self.sanitise.residues(record) if releases else 0
        if residues:
            tally.withheld[TEXT_RESIDUE] += residues
        return releases


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps for one agency's dataset; `releasers` by region and place of the epoch in `keys`.

    After the days of `personal_until` and `released_until` the protocol's review is overdue, after that of
    `agreed_until` a neighbour's agreement is over.
    """

    agency: str
    record_type: RecordType
    supplied: tuple[str, ...]
    decode: Decoder
    validate: Validator
    clean: Cleaner
    geocode: Geocoder
    region: Regions
    releasers: Mapping[tuple[str, int], Releaser]
    keys: KeyRing
    recall: Recall
    route: Router
    is_open: Callable[[date], bool] = lambda _day: True
    personal_until: date = date.max
    released_until: date = date.max
    agreed_until: Mapping[str, date] = field(default_factory=dict)
    flags: frozenset[str] = field(init=False)
    """The flags by which a profile excludes rows."""

    def __post_init__(self) -> None:
        """Gather the flags."""
        flags = frozenset(rule.flag for rule in self.record_type.excluded.values())
        object.__setattr__(self, "flags", flags)

    def process(self, intake: Intake, now: datetime, now_ms: int, tally: Tally) -> list[Output]:
        """The outputs of one record, which has exactly one outcome: released, held, rejected or erased.

        `now` is local time in Europe/London, `now_ms` the same instant since 1970 UTC.
        """
        tally.received += 1
        if intake.unreadable is not None:
            fault = Problem("", "unreadable", intake.unreadable, _UNREADABLE)
            return [self._reject(intake, [fault], tally, whole=False)]
        today = now.date()
        try:
            record, problems = self.validate(self.decode(intake.value), now)
            cleaned = self.clean(record, problems, today, self.recall.event_day(record))
            if cleaned.faults:
                return [self._reject(intake, cleaned.faults, tally)]
            if intake.erases:
                return self._erase(record, now_ms, tally)
            day = self.recall.remember(record, today)
            return self._release(cleaned, day, today, now_ms, tally)
        except Undecodable as undecodable:
            return [self._reject(intake, [undecodable.fault], tally)]
        except DependencyUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop the partition
            _log_without_content(error, intake)
            return [self._reject(intake, [_UNPROCESSABLE], tally)]

    def refuse(self, intake: Intake, tally: Tally, *, whole: bool) -> list[Output]:
        """Return the rejection of a record whose own outputs cannot be written, with its bytes if `whole`."""
        tally.received += 1
        return [self._reject(intake, [_UNPROCESSABLE], tally, whole=whole)]

    def _release(
        self, cleaned: Cleaned, day: date | None, today: date, now_ms: int, tally: Tally
    ) -> list[Output]:
        record, caveats = cleaned.record, cleaned.caveats
        locations: Mapping[str, Located] = self.geocode(record)
        for prefix, located in locations.items():
            if located.caveats:
                caveats.extend([prefix + caveat for caveat in located.caveats])
        region = self.region(locations)
        epoch = self.keys.at(day or today)
        kept_back = self._kept_back(region, epoch, today)
        releaser = None if kept_back else self.releasers.get((region or OWN, epoch))
        if day is None and len(self.keys.epochs) > 1:
            tally.caveats[EPOCH_BY_SUPPLY] += 1
        releases: list[Release] = []
        outputs: list[Output] = []
        if releaser is not None and region is not None:
            locations = self.region.guarded(locations, region)
            made = releaser(self.agency, cleaned, locations, today, tally)
            releases = self._in_force(made, today, tally)
            outputs = self.route.released(releases, now_ms, region)
            taken_back = releaser.withdraw(self.agency, record, made)
            if taken_back:
                outputs += self.route.withdrawn(taken_back, now_ms, region)
                tally.withheld.update([f"{TAKEN_BACK_FROM}{profile}" for profile, _ in taken_back])
        elif kept_back:
            tally.withheld[kept_back] += 1
        self._count(tally, record, caveats)
        _count_places(tally, locations.values())
        if not releases:
            tally.held += 1
            if releaser is not None and self._is_wanted(releaser, today):
                tally.of_rows.held += 1
        tally.released.update([release.profile for release in releases])
        return outputs

    def _erase(self, record: dict[str, Any], now_ms: int, tally: Tally) -> list[Output]:
        """A tombstone wherever a release of the record can stand, under the keys of every epoch."""
        tally.erased += 1
        return [
            output
            for (region, _), releaser in self.releasers.items()
            for output in self.route.withdrawn(
                releaser.sanitise.names(self.agency, record), now_ms, region
            )
        ]

    def _in_force(self, made: list[Release], today: date, tally: Tally) -> list[Release]:
        """Without personal information once the protocol's review is overdue."""
        if today <= self.personal_until:
            return made
        kept = [release for release in made if release.profile != PERSONAL]
        if len(kept) < len(made):
            tally.withheld[f"{REVIEW_OVERDUE}-{PERSONAL}"] += len(made) - len(kept)
        return kept

    def _is_wanted(self, releaser: Releaser, today: date) -> bool:
        """Return whether somebody is entitled to rows now, other ones than a profile excludes."""
        profiles = releaser.sanitise.profiles
        return any(p != PERSONAL or today <= self.personal_until for p in profiles)

    def _kept_back(self, region: str | None, epoch: int, today: date) -> str | None:
        """Why a record that is valid is released to nobody, whoever is entitled to it."""
        if region is None:
            return OUTSIDE
        if today > self.released_until:
            return REVIEW_OVERDUE
        if today > self.agreed_until.get(region, date.max):
            return AGREEMENT_OVER
        if not self.is_open(today):
            return NOT_OPENED
        return RETIRED if self.keys.epochs[epoch].key is None else None

    def _count(self, tally: Tally, record: Mapping[str, Any], caveats: Sequence[str]) -> None:
        tally.accepted += 1
        tally.filled.update([name for name in self.supplied if record[name] is not None])
        if caveats:
            tally.cleaned += 1
            tally.caveats.update(caveats)
            if self.flags:
                self._count_flags(tally, caveats)
        day = record[self.record_type.events[0].date] if self.record_type.events else None
        if day is not None:
            tally.newest_event = max(tally.newest_event, day.isoformat())

    def _count_flags(self, tally: Tally, caveats: Sequence[str]) -> None:
        found = [caveat for caveat in caveats if caveat.partition(":")[0] in self.flags]
        if found:
            tally.of_rows.caveats.update(found)
            tally.of_rows.cleaned += len(found) == len(caveats)

    def _reject(
        self, intake: Intake, faults: Sequence[Problem], tally: Tally, *, whole: bool = True
    ) -> Output:
        tally.rejected += 1
        tally.faults.update([fault.code for fault in faults])
        return self.route.rejected(intake, faults, whole=whole)


class Pipeline:
    """Processes batches that mix topics; every batch makes its outputs and its receipts."""

    def __init__(
        self,
        flows: Mapping[str, Flow],
        receipts: Mapping[str, Destination],
        memory: Memory,
        remembered: Mapping[StateKind | None, Destination],
        trail: Trail,
        clock: Callable[[], float],
        alarmed: Callable[[Tally], bool] = lambda _tally: False,
    ) -> None:
        """Take the flow of each intake topic, the receipts topic of each agency, seconds since 1970.

        What the flows change in `memory` is written to the topic that its kind has in `remembered`, under
        the `writer`'s name; what a batch did is written to the audit by `trail`.
        """
        self.memory = memory
        self.writer = token_bytes(_WRITER_BYTES)
        self._remembered = remembered
        self._trail = trail
        self._flows = flows
        self._receipts = receipts
        self._clock = clock
        self._alarmed = alarmed

    def flow(self, topic: str) -> Flow:
        """The flow of one intake topic."""
        return self._flows[topic]

    @property
    def topics(self) -> dict[str, tuple[str, str]]:
        """Return the agency and the dataset of each intake topic that is processed."""
        flows = self._flows.items()
        return {topic: (flow.agency, flow.record_type.dataset) for topic, flow in flows}

    @property
    def heads(self) -> Heads:
        """The heads of the audit's chains, as far as this process knows them."""
        return self._trail.heads

    def keep(self, changes: Mapping[bytes, bytes]) -> None:
        """Go on from the batch that was processed last: it is committed, with these changes of memory."""
        self.memory.keep(changes)
        self._trail.keep()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Outputs and tallies of a batch; raises only `DependencyUnavailable`."""
        now = self._clock()
        self.memory.begin(int(now * 1000) // DAY_MS)
        now_ms, local = int(now * 1000), london_time(datetime.fromtimestamp(now, UTC))
        tallies: dict[Origin, Tally] = {}
        outputs: list[Output] = []
        ledger = self._trail.ledger()
        for intake in batch:
            flow = self._flows[intake.topic]
            origin = (intake.topic, intake.supply_id)
            tally = tallies.get(origin)
            if tally is None:
                tally = Tally(flow.agency, flow.record_type.dataset, intake.supply_id)
                tallies[origin] = tally
            if handling is Handling.PROCESS:
                made = flow.process(intake, local, now_ms, tally)
            else:
                made = flow.refuse(intake, tally, whole=handling is Handling.REJECT)
            ledger.note(origin, made)
            outputs += made
        # Releases leave in the order of their digests: the order of arrival would join them to originals.
        outputs.sort(key=lambda output: (output.topic, output.key or b""))
        entries, head = self._trail.entries(now_ms, tallies, ledger)
        outputs += entries
        for tally in tallies.values():
            tally.reject_alarm = self._alarmed(tally)
            outputs.append(self._receipt(tally, head))
        changes = self.memory.changes()
        outputs += self._changelog(changes)
        return BatchResult(outputs, tuple(tallies.values()), changes)

    def _changelog(self, changes: Mapping[bytes, bytes]) -> list[Output]:
        return [self._change(name, value) for name, value in changes.items()]

    def _change(self, name: bytes, value: bytes) -> Output:
        topic, encode, marking = self._remembered[kind_of(name)]
        headers: Headers = [(MARKING_HEADER, marking.encode()), (WRITER_HEADER, self.writer)]
        return Output(topic, name, encode({"value": value}), headers)

    def _receipt(self, tally: Tally, head: Head) -> Output:
        """What became of a supply, with the audit's head: its agency can then show that it was changed."""
        topic, encode, _ = self._receipts[tally.agency]
        audit = {
            "audit_chain": head.chain,
            "audit_sequence": head.sequence,
            "audit_hash": head.hash,
        }
        return Output(topic, (tally.supply_id or "").encode(), encode(tally.receipt() | audit))


def _count_places(tally: Tally, places: Iterable[Located]) -> None:
    for located in places:
        tally.geocoded[located.method] += 1
        for reason in located.withheld:
            tally.withheld[reason] += 1


def _log_without_content(error: Exception, intake: Intake) -> None:
    """Say where it failed, never with what: an exception's text can quote a record."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    )
    log.error(
        "%s at %s on %s[%d]@%d; the record was rejected as unprocessable",
        type(error).__name__, where, intake.topic, intake.partition, intake.offset,
    )  # fmt: skip

"""The flow of one record and of one batch: decode → decide (`streams.decision`) → route.

Pure: no Kafka client, no Faust, no clock of its own. The same functions run in the worker and in the
benchmarks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_bytes

from isp.agreement.topics import DAY_MS
from isp.audit.chain import Head, Heads
from sanitiser.memory import Memory, kind_of
from sanitiser.places.location import Located
from sanitiser.rows import EXCLUDED, UNKNOWN
from schemas.london import london_time
from schemas.state import StateKind
from streams.decision import UNPROCESSABLE, Outcome, Steps, unprocessable
from streams.messages import BatchResult, Handling, Intake, Tally
from streams.runtime.processor import Processor
from streams.sanitising.audit_entries import Origin, Trail
from streams.steps.decode import Decoder, Undecodable
from streams.steps.problems import Problem
from streams.steps.route import OWN, Destination, Router
from streams.steps.withdraw import KEY_DELETED
from transport.errors import DependencyUnavailable
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output

log = logging.getLogger(__name__)

EPOCH_BY_SUPPLY = "epoch-by-supply"
_WRITER_BYTES = 8
_UNREADABLE = "a record batch that a Kafka client can read"


TAKEN_BACK_FROM = "taken-back-from-"
OF_WHOLE_ROWS = (EXCLUDED, UNKNOWN, TAKEN_BACK_FROM, KEY_DELETED)
"""What the reasons begin with that are about a whole row; they go to its supplier alone."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Takes the messages of one agency's dataset from bytes to outputs; counts what became of them."""

    steps: Steps
    decode: Decoder
    route: Router
    flags: frozenset[str] = field(init=False)
    """The flags by which a profile excludes rows."""
    supplied: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the flags, and the fields of which it is counted how many are filled."""
        record_type = self.steps.record_type
        flags = frozenset(rule.flag for rule in record_type.excluded.values())
        object.__setattr__(self, "flags", flags)
        object.__setattr__(self, "supplied", tuple(f.name for f in record_type.fields))

    def process(self, intake: Intake, now: datetime, now_ms: int, tally: Tally) -> list[Output]:
        """Return the outputs of one record; it is released, held, rejected or erased, one of these.

        `now` is local time in Europe/London, `now_ms` the same instant since 1970 UTC.
        """
        tally.received += 1
        if intake.unreadable is not None:
            fault = Problem("", "unreadable", intake.unreadable, _UNREADABLE)
            return [self._reject(intake, [fault], tally, whole=False)]
        try:
            given, steps = self.decode(intake.value), self.steps
            outcome = steps.erase(given, now) if intake.erases else steps.decide(given, now)
            outputs = self.route.released(outcome.releases, now_ms, outcome.region or OWN)
            for region, profile, record_id in outcome.taken_back:
                outputs += self.route.withdrawn([(profile, record_id)], now_ms, region)
        except Undecodable as undecodable:
            return [self._reject(intake, [undecodable.fault], tally)]
        except DependencyUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop the partition
            where = f"{intake.topic}[{intake.partition}]@{intake.offset}"
            return [self._reject(intake, unprocessable(error, where).faults, tally)]
        if outcome.faults:
            return [self._reject(intake, outcome.faults, tally)]
        if intake.erases:
            tally.erased += 1
            tally.withheld.update(outcome.withheld)
        else:
            self._count(outcome, tally)
        return outputs

    def refuse(self, intake: Intake, tally: Tally, *, whole: bool) -> list[Output]:
        """Return the rejection of a record whose own outputs cannot be written, with its bytes if `whole`."""
        tally.received += 1
        return [self._reject(intake, [UNPROCESSABLE], tally, whole=whole)]

    def _count(self, outcome: Outcome, tally: Tally) -> None:
        record, caveats = outcome.record, outcome.caveats
        tally.accepted += 1
        tally.filled.update([name for name in self.supplied if record[name] is not None])
        if caveats:
            tally.cleaned += 1
            tally.caveats.update(caveats)
            if self.flags:
                self._count_flags(tally, caveats)
        if outcome.by_supply:
            tally.caveats[EPOCH_BY_SUPPLY] += 1
        _count_places(tally, outcome.locations.values())
        if outcome.withheld:
            tally.withheld.update(outcome.withheld)
        if outcome.combinations:
            tally.combinations.update(outcome.combinations)
        if outcome.taken_back:
            gone = [f"{TAKEN_BACK_FROM}{profile}" for _, profile, _ in outcome.taken_back]
            tally.withheld.update(gone)
        for release in outcome.releases:
            tally.released[release.profile] += 1
        if not outcome.releases:
            tally.held += 1
            tally.of_rows.held += outcome.excluded
        events = self.steps.record_type.events
        day = record[events[0].date] if events else None
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


class Pipeline(Processor):
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
        pausing: Collection[str] = (),
    ) -> None:
        """Take the flow of each intake topic, the receipts topic of each agency, seconds since 1970.

        What the flows change in `memory` is written to the topic that its kind has in `remembered`, under
        the `writer`'s name; what a batch did is written to the audit by `trail`. An alarm pauses the topics
        in `pausing`.
        """
        self.memory = memory
        self.writer = token_bytes(_WRITER_BYTES)
        self._remembered = remembered
        self._trail = trail
        self._flows = flows
        self._receipts = receipts
        self._clock = clock
        self._alarmed = alarmed
        self._pausing = frozenset(pausing)

    def flow(self, topic: str) -> Flow:
        """The flow of one intake topic."""
        return self._flows[topic]

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "pipeline"

    @property
    def topics(self) -> dict[str, tuple[str, str]]:
        """Return the agency and the dataset of each intake topic that is processed."""
        flows = self._flows.items()
        return {topic: (flow.steps.agency, flow.steps.record_type.dataset) for topic, flow in flows}

    @property
    def heads(self) -> Heads:
        """The heads of the audit's chains, as far as this process knows them."""
        return self._trail.heads

    def committed(self, result: BatchResult) -> None:
        """Go on from the batch that was processed last: it is committed."""
        self.memory.keep(result.changes)
        self._trail.keep()
        for tally in result.tallies:
            if tally.reject_alarm:
                log.error(
                    "rejects of %s %s are above the protocol's limit: %s",
                    tally.agency, tally.dataset, dict(tally.faults.most_common(5)),
                )  # fmt: skip

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
                tally = Tally(flow.steps.agency, flow.steps.record_type.dataset, intake.supply_id)
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
        alarmed = set[str]()
        for (topic, _), tally in tallies.items():
            tally.reject_alarm = self._alarmed(tally)
            outputs.append(self._receipt(tally, head))
            if tally.reject_alarm:
                alarmed.add(topic)
        changes = self.memory.changes()
        outputs += self._changelog(changes)
        pauses = self._pausing & alarmed
        return BatchResult(outputs, tuple(tallies.values()), changes, pauses=pauses)

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

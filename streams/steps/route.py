"""Route: make the outputs of a record: its releases, tombstones and facts, or its rejection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from isp.agreement.topics import MAXIMUM_REJECTION_BYTES
from sanitiser.precision import first_millisecond
from schemas.wire import Encode
from streams.messages import Intake, row_of
from streams.steps.problems import Problem
from streams.steps.sanitise import Release
from streams.steps.step import Step, Work
from transport.messages import MARKING_HEADER, Headers, Output

if TYPE_CHECKING:
    from streams.steps.observe import Observed

HOUR_MS = 3_600_000
# Leaves room for the message's frame and headers.
_REJECTION_BYTES = MAXIMUM_REJECTION_BYTES - 65_536
OWN = ""
"""The partnership's own region. The name of any other region is the neighbour's short name."""


class Destination(NamedTuple):
    """A topic, with the encoder of its registered schema and the marking of its messages."""

    topic: str
    encode: Encode
    marking: str


class Router(Step):
    """Makes the outputs of one agency's records: releases, tombstones and facts, or the rejection."""

    takes = frozenset(
        {"intake", "faults", "releases", "taken_back", "observed", "region", "now_ms"}
    )
    completes = frozenset({"outputs"})

    def __init__(
        self,
        releases: Mapping[tuple[str, str], Destination],
        rejected: Destination,
        incidents: Destination | None = None,
        periods: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Take the destinations of each region and entitled profile, of rejections, and of facts.

        `periods` has the least period of dates of each profile whose releases have only week or month.
        """
        self._periods = periods
        self._releases = {at: (*to[:2], _headers(to)) for at, to in releases.items()}
        self._rejected = rejected
        self._rejected_headers = _headers(rejected)
        self._incidents = incidents
        self._incident_headers = _headers(incidents) if incidents else None

    def __call__(self, work: Work, /) -> None:
        """Make the outputs of a record, also if it has faults. Call this after all other steps."""
        if work.faults:
            if work.intake is not None:
                # There are no bytes if the client could not read the message.
                whole = work.intake.unreadable is None
                work.outputs = [self.rejected(work.intake, work.faults, whole=whole)]
            return
        outputs = self.released(work.releases, work.now_ms, work.region or OWN)
        for region, profile, record_id in work.taken_back:
            outputs += self.withdrawn([(profile, record_id)], work.now_ms, region)
        if work.observed is not None:
            outputs += self.noted(work.observed, work.now_ms)
        work.outputs = outputs

    def released(self, releases: Sequence[Release], now_ms: int, region: str = OWN) -> list[Output]:
        """Return an output for each release.

        Its time is the hour, because an exact time identifies the original. If the dates of a profile are
        those of weeks or months, its time is the begin of the week or month.
        """
        outputs = []
        for profile, record in releases:
            topic, encode, headers = self._releases[region, profile]
            key = record["record_id"].encode()
            outputs.append(Output(topic, key, encode(record), headers, self._time(profile, now_ms)))
        return outputs

    def withdrawn(
        self, names: Sequence[tuple[str, str]], now_ms: int, region: str = OWN
    ) -> list[Output]:
        """Return a tombstone for each release to take back, given by profile and `record_id`."""
        outputs = []
        for profile, record_id in names:
            topic, _, headers = self._releases[region, profile]
            time_ms = self._time(profile, now_ms)
            outputs.append(Output(topic, record_id.encode(), None, headers, time_ms))
        return outputs

    def _time(self, profile: str, now_ms: int) -> int:
        period = self._periods.get(profile)
        return now_ms - now_ms % HOUR_MS if period is None else first_millisecond(period, now_ms)

    def noted(self, observed: Observed, now_ms: int) -> list[Output]:
        """Return the message about a record for the alerts agent, if there is one."""
        if self._incidents is None:
            return []
        topic, encode, _ = self._incidents
        value = encode(observed.message)
        return [Output(topic, observed.record, value, self._incident_headers, now_ms)]

    def rejected(self, intake: Intake, faults: Sequence[Problem], *, whole: bool = True) -> Output:
        """Return the rejection: the original bytes with every fault, for the supplier alone.

        The bytes are omitted if not `whole`, or if they would make the message too large.
        """
        rejection = {
            "topic": intake.topic,
            "partition": intake.partition,
            "offset": intake.offset,
            "supply_id": intake.supply_id,
            "row": row_of(intake.row),
            "faults": [fault._asdict() for fault in faults],
            "key": intake.key,
            "original": intake.value,
        }
        if whole:
            value = self._rejected.encode(rejection)
            if len(value) + len(intake.key or b"") <= _REJECTION_BYTES:
                return Output(self._rejected.topic, intake.key, value, self._rejected_headers)
        left_out = {
            "faults": [fault._replace(given=None)._asdict() for fault in faults],
            "key": None,
            "original": None,
            "omitted": True,
        }
        value = self._rejected.encode(rejection | left_out)
        return Output(self._rejected.topic, None, value, self._rejected_headers)


def _headers(destination: Destination) -> Headers:
    return [(MARKING_HEADER, destination.marking.encode())]

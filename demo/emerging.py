"""Plant a spate of fights, and see on which day its recipients are told of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from connectors.account import Account
from connectors.emerging.finding import Finding
from connectors.emerging.picture import Change
from connectors.emerging.recipient import FindingsReader
from connectors.topic_feed import Feed
from demo.alerts import DemoError
from demo.generator.records import typed
from demo.generator.spate import DATASET, Spate
from demo.generator.trouble import Row
from demo.readiness import await_distributions, metrics_of
from demo.sending import send_record
from isp.agreement.topics import Names
from ops.system import System
from sanitiser.places.postcodes import sector_of
from sanitiser.policy import Policy
from schemas.derive import release_schema
from schemas.wire import decoder
from transport.reader import Denied, decoded, read_all

SUPPLIER, RECIPIENT, SECOND = "police", "council", "business"
_BETWEEN_S = 2.0
"""Wait after each record, so that it is seen which one made the difference."""

_PATIENCE_S = 120.0
_GROW_S = 20.0
"""Longest wait for a version with all planted records; one at the edge may be outside the circle."""

NOT_READY = (
    f"after {_PATIENCE_S:.0f} s the detector had not computed yet what chance gives in each series"
)
"""Said if the spate was planted nevertheless."""

_LOOK_S = 0.05

Ids = Mapping[str, Row]
"""The planted records by their released ids."""


class SpateSeen(NamedTuple):
    """The observations of a spate.

    `found` is the first finding that has planted records, `grown` the version after the last record.
    The record that tipped it was number `tipping` of the planted ones, of the day `found_day`, which is day
    `day_number` of the spate; `seconds` are from its publishing to the finding. The second group's recipient
    read `second_records` of the planted records, with so many different weeks and sectors; `second_finer` of
    them have a time, a street, a day that is no Monday, or a whole postcode. `is_ready` is False if the
    detector had not computed what chance gives before the planting.
    """

    history: int
    planted: int
    first_day: date
    found: Finding
    found_day: date
    day_number: int
    tipping: int
    seconds: float
    grown: Finding
    grown_planted: int
    denied: int
    asked: int
    second_records: int
    second_weeks: int
    second_sectors: int
    second_finer: int
    is_ready: bool = True


class Sent(NamedTuple):
    """A record that was published, and when, by the monotonic clock."""

    row: Row
    at: float


@dataclass(slots=True)
class Analyst:
    """A recipient who waits for findings with planted records. `ids` are those of its own streams."""

    feed: Feed
    ids: Ids
    findings: list[Finding] = field(default_factory=list)

    def look(self, seconds: float, least: int = 1) -> Finding | None:
        """Return a finding with at least so many planted records that comes in time, or None."""
        give_up = time.monotonic() + seconds
        while True:
            self.findings += [
                change.finding
                for change in map(Change.of, self.feed.advance(_LOOK_S))
                if change.finding is not None
            ]
            enough = [f for f in self.findings if len(self.planted_in(f)) >= least]
            if enough:
                return enough[0]
            if time.monotonic() >= give_up:
                return None

    def planted_in(self, finding: Finding) -> list[Row]:
        """Return the planted records of a finding."""
        return [self.ids[name] for name in records_of(finding) if name in self.ids]


def try_a_spate(
    system: System, spate: Spate, history: int, policies: Mapping[str, Policy]
) -> SpateSeen:
    """Publish a spate record by record, and read the findings with the logins of their recipients.

    `history` records of the weeks before were supplied already. `policies` are those of the profiles.

    Raises:
        DemoError: no recipient was told in time.
    """
    planted = [row for day in spate.days() for row in day.rows]
    assert system.detector is not None
    port, secrets = system.detector.port, system.stack.secrets
    is_ready = await_distributions(lambda: metrics_of(port, secrets), _PATIENCE_S)
    ids = {name: _ids(system, policy, planted) for name, policy in policies.items()}
    with _reader(system, RECIPIENT).feed() as feed:
        council = Analyst(feed, ids["central"])
        sent, found = _publish_until_found(system, planted, council, is_ready=is_ready)
        tipping = _last_of(sent, council.planted_in(found))
        seconds = time.monotonic() - sent[tipping].at
        for row in planted[len(sent) :]:
            send_record(system, SUPPLIER, DATASET, row)
        council.look(_GROW_S, least=len(planted))
        grown = [finding for finding in council.findings if finding.id == found.id][-1]
    day = date.fromisoformat(planted[tipping]["incident_date"])
    others = [p.id for p in system.protocol.parties if p.id != RECIPIENT]
    second = _read_by_second(system, ids["second"])
    return SpateSeen(
        history, len(planted), spate.first_day, found, day, (day - spate.first_day).days + 1, tipping + 1,
        seconds, grown, len(council.planted_in(grown)),
        sum(_is_denied(system, party) for party in others), len(others),
        len(second), len({record["incident_date"] for record in second}),
        len({record["location_postcode"] for record in second}), sum(map(is_finer, second)), is_ready,
    )  # fmt: skip


def as_emerging(seen: SpateSeen) -> dict[str, Any]:
    """Return the observations for JSON, with the whole messages."""
    whole = {"found": dict(seen.found.message), "grown": dict(seen.grown.message)}
    return {**seen._asdict(), **whole}


def records_of(finding: Finding) -> list[str]:
    """Return the released ids of a finding's records."""
    return [record["record_id"] for record in finding.message["records"]]


def is_finer(record: Mapping[str, Any]) -> bool:
    """Return True if a release has more than a week and a postcode sector."""
    day, postcode = record["incident_date"], record["location_postcode"]
    return (
        record["incident_time"] is not None
        or record["location_address"] is not None
        or (day is not None and day.weekday() > 0)
        or (postcode is not None and postcode != sector_of(postcode))
    )


def _read_by_second(system: System, ids: Ids) -> list[dict[str, Any]]:
    """Return the planted records that the second group's recipient can read, with its own login."""
    topic = Names(system.protocol.prefix).depersonalised("second", DATASET)
    schema = release_schema(system.catalogue.record_type(DATASET), "second")
    partitions = max(s.partitions for s in system.protocol.supplies if s.dataset == DATASET)
    messages = read_all(system.client(SECOND), topic, partitions)
    newest = {record["record_id"]: record for record in decoded(messages, decoder(schema))}
    return [record for name, record in newest.items() if name in ids]


def _publish_until_found(
    system: System, planted: list[Row], council: Analyst, *, is_ready: bool
) -> tuple[list[Sent], Finding]:
    sent: list[Sent] = []
    for row in planted:
        sent.append(Sent(row, send_record(system, SUPPLIER, DATASET, row)))
        found = council.look(_BETWEEN_S)
        if found is not None:
            return sent, found
    found = council.look(_PATIENCE_S)
    if found is None:
        raise DemoError(not_found(is_ready=is_ready))
    return sent, found


def not_found(*, is_ready: bool) -> str:
    """Return the message for a spate that was not found."""
    message = f"no finding of the planted fights came within {_PATIENCE_S:.0f} s"
    return f"{message}{'' if is_ready else f'; {NOT_READY}'}; see logs/detector-0.log"


def _last_of(sent: list[Sent], rows: list[Row]) -> int:
    """Return the place of the last record that is in a finding, among those that were sent."""
    references = {row["incident_reference"] for row in rows}
    return max(at for at, one in enumerate(sent) if one.row["incident_reference"] in references)


def _ids(system: System, policy: Policy, rows: Iterable[Row]) -> dict[str, Row]:
    kept = [row for row in rows if row["incident_reference"]]
    records: Iterable[dict[str, Any]] = typed(kept, system.catalogue.record_type(DATASET))
    ids = (policy.record_id(SUPPLIER, record) for record in records)
    return dict(zip(ids, kept, strict=True))


def _reader(system: System, party: str) -> FindingsReader:
    account = Account(system.protocol.prefix, party, system.client(party))
    return FindingsReader(account, system.protocol, system.catalogue, party)


def _is_denied(system: System, party: str) -> bool:
    topic = _reader(system, RECIPIENT).topic
    try:
        list(read_all(system.client(party), topic.name, topic.partitions))
    except Denied:
        return True
    return False

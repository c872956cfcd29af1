"""The topics of a protocol, derived from the protocol and the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from isp.agreement.alerts import DomesticAlerts
from isp.agreement.law import load_law
from isp.agreement.marking import Marking, marking
from isp.agreement.protocol import Protocol
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema, intake_schema, release_schema
from schemas.marked import marked
from schemas.record_type import PERSONAL
from schemas.state import RENEWAL_DAYS, STATE_KINDS, STATE_TOMBSTONE_DAYS, StateKind, StateOwner

DAY_MS = 86_400_000
MAXIMUM_MESSAGE_BYTES = 230_000
"""Largest record batch of any topic, in bytes. The broker's limit on requests is only a little larger.

The limit is small because the broker creates an object for each part of a request; a part can be one byte.
"""

OWN_BATCH = {"message.max.bytes": MAXIMUM_MESSAGE_BYTES, "batch.size": MAXIMUM_MESSAGE_BYTES}
"""Settings of a client that writes only to topics of the processor; the default of both is 1 MB."""

MAXIMUM_INTAKE_BYTES = 65_536
"""Largest record batch of a topic that a partner writes to, in bytes, both uncompressed and compressed.

The broker decompresses a whole batch at once, and 64 kB of gzip can be 66 MB.
"""

PARTNER_BATCH_BYTES = MAXIMUM_INTAKE_BYTES - 1_024
"""`batch.size` of a client that writes to such a topic; it leaves room for the header of the batch."""

MAXIMUM_RECORD_BYTES = MAXIMUM_INTAKE_BYTES // 2
"""Largest intake record that is accepted, in bytes. A larger one is rejected as oversized."""

MAXIMUM_TABLE_BYTES = 8 * 1024 * 1024
"""Largest aggregate table, in bytes. A table that does not fit into one message is sent in several."""

MAXIMUM_REJECTION_BYTES = 3 * MAXIMUM_INTAKE_BYTES
"""Largest rejection, in bytes. A larger one would hold the record's topic position instead of its bytes.

The topic accepts larger batches, because the worker writes many rejections in one batch.
"""

MAXIMUM_LETTER_BYTES = 16_384
"""Largest message with a letter about a case, in bytes: text (`isp.cases.letters`), signature and header."""

_PERSONAL = frozenset({
    "intake", "rejected", "personal", "letters", "inbox", "disclosed", "alerts", "staff",
})  # fmt: skip

RELEASES = frozenset({"depersonalised", "personal", "neighbour"})
"""Families of the topics to which records are released."""

_NEWEST_ALONE = RELEASES | {"inbox", "disclosed", "alerts", "deliveries", "findings"}

_ON_ALERTS = frozenset({"acknowledgements", "staff", "deliveries"})
"""Families of the topics to which the recipients of alerts write."""

_FROM_PARTNERS = _ON_ALERTS | {"intake", "supplies", "letters", "aggregate"}

_RECEIVED = {
    # Retention counts from the broker's time of receipt, not from a time that the supplier may set.
    "message.timestamp.type": "LogAppendTime",
}

_DISCLOSED = "disclosed"
"""Part of the name of each case's topic, before the id of the case."""

TOMBSTONE_DAYS = 28

STATE_SLACK_DAYS = 7
"""Days for which the topics of state are retained after the state no longer counts.

So the broker deletes no state that still counts. Two workers agree on it if their clocks differ by less.
"""

_OF_RELEASES = {
    # Only the newest version is kept: corrected and withdrawn records are deleted within a day.
    "cleanup.policy": "compact,delete",
    "max.compaction.lag.ms": str(DAY_MS),
}

_OF_BUSY = {
    # The smallest size that Kafka allows. Kafka compacts only older segments, not the active one.
    "segment.bytes": "1048576",
    # Transaction markers are kept for this time. No key is ever deleted here.
    "delete.retention.ms": "60000",
}

_OF_STATE = {
    # A worker reads the whole topic at each start. With the default of 1 GB, several days would stay
    # uncompacted. Retention deletes whole segments, so small segments are also deleted closer to their time.
    "segment.bytes": str(16 * 1024 * 1024),
    "max.compaction.lag.ms": str(DAY_MS),
    # With the default, the marker of each transaction would stay for a day. No key is ever deleted here.
    "delete.retention.ms": "60000",
}

_OF_DELETIONS = {
    # For stores on disk of workers that are stopped. An older store is built again from the changelog.
    "delete.retention.ms": str(STATE_TOMBSTONE_DAYS * DAY_MS),
}

Family = Literal[
    "intake", "rejected", "depersonalised", "personal", "neighbour", "supplies", "receipts",
    "aggregate", "internal", "audit", "letters", "inbox", "disclosed",
    "alerts", "acknowledgements", "staff", "deliveries", "findings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its owner, marking, retention and the schema of its values.

    A `lasting` topic keeps the newest value of each key for ever, without regard to its retention. A `busy`
    topic is written with each batch and has few keys, so it is compacted in small segments and stays short.
    In a topic of state that `deletes` the owner deletes keys.
    """

    name: str
    family: Family
    owner: str
    marking: str
    retention_ms: int
    partitions: int
    maximum_bytes: int
    schema: AvroSchema
    dataset: str | None = None
    agency: str | None = None
    profile: str | None = None
    neighbour: str | None = None
    lasting: bool = False
    busy: bool = False
    deletes: bool = False

    @property
    def config(self) -> dict[str, str]:
        """Return the topic's settings by Kafka's names."""
        config = {
            "cleanup.policy": self._cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.maximum_bytes),
        }
        if self.family in _FROM_PARTNERS:
            config |= self._unpacked
        if self.family == "intake" or self.family in _ON_ALERTS:
            config |= _RECEIVED
        if self.family in _NEWEST_ALONE:
            return config | _OF_RELEASES | {"delete.retention.ms": str(self.tombstones_ms)}
        if self.lasting:
            # Only the newest version is kept, so the personal data of a closed case are deleted.
            config |= {"max.compaction.lag.ms": str(DAY_MS)}
            if self.family == "staff":
                config |= {"delete.retention.ms": str(self.tombstones_ms)}
            return config | (_OF_BUSY if self.busy else {})
        if self.deletes:
            return config | _OF_STATE | _OF_DELETIONS
        if self.family == "internal":
            return config | _OF_STATE
        return config

    @property
    def _cleanup(self) -> str:
        if self.lasting:
            return "compact"
        return "compact,delete" if self.family == "internal" else "delete"

    @property
    def _unpacked(self) -> dict[str, str]:
        """Return settings with which the broker decompresses partners' batches, up to the limit."""
        # Without the second setting, the broker allocates the length that a compressed record states.
        return {
            "compression.type": "uncompressed",
            "max.decompressed.message.bytes": str(self.maximum_bytes),
        }

    @property
    def tombstones_ms(self) -> int:
        """Return the time in milliseconds for which tombstones are kept, for readers that were stopped."""
        return min(self.retention_ms, TOMBSTONE_DAYS * DAY_MS)

    @property
    def subject(self) -> str:
        """Return the registry subject of the values."""
        return f"{self.name}-value"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of topics and principals under one partnership's prefix."""

    prefix: str

    def intake(self, agency: str, dataset: str) -> str:
        """Return the topic of an agency's original records."""
        return f"{self.prefix}.intake.{agency}.{dataset}"

    def rejected(self, agency: str, dataset: str) -> str:
        """Return the topic of an agency's rejected records."""
        return f"{self.prefix}.rejected.{agency}.{dataset}"

    def depersonalised(self, profile: str, dataset: str) -> str:
        """Return the topic of one dataset's releases in one profile."""
        return f"{self.prefix}.depersonalised.{profile}.{dataset}"

    def released(self, profile: str, dataset: str, neighbour: str | None = None) -> str:
        """Return the topic of one dataset's releases in one profile, of this area or a neighbour's."""
        if neighbour is not None:
            return f"{self.prefix}.neighbour.{neighbour}.{profile}.{dataset}"
        if profile == PERSONAL:
            return f"{self.prefix}.personal.{dataset}"
        return self.depersonalised(profile, dataset)

    def aggregate(self, source: str) -> str:
        """Return the topic of the tables of one aggregate source (guidance 3.3)."""
        return f"{self.prefix}.aggregate.{source}"

    def supplies(self, agency: str, dataset: str) -> str:
        """Return the topic of the metadata of an agency's supplies of one dataset (guidance 3.4)."""
        return f"{self.prefix}.supplies.{agency}.{dataset}"

    def receipts(self, agency: str) -> str:
        """Return the topic of the receipts for an agency's records."""
        return f"{self.prefix}.receipts.{agency}"

    def letters(self, party: str) -> str:
        """Return the topic of the letters that a party's officers write about cases."""
        return f"{self.prefix}.letters.{party}"

    def inbox(self, party: str) -> str:
        """Return the topic with the states of a party's cases, as recipient or supplier."""
        return f"{self.prefix}.inbox.{party}"

    def disclosed(self, case: str) -> str:
        """Return the topic of the records disclosed in one case, for its recipient only."""
        return f"{self.all_disclosed}.{case}"

    def alerts(self, party: str) -> str:
        """Return the topic of one recipient's domestic alerts."""
        return f"{self.prefix}.alerts.domestic.{party}"

    def conflict_alerts(self, party: str) -> str:
        """Return the topic of alerts about a recipient's own staff, for its conflict officer only."""
        return f"{self.prefix}.alerts.conflict.{party}"

    def alerts_emerging(self, party: str) -> str:
        """Return the topic of findings about emerging problems for a recipient."""
        return f"{self.prefix}.alerts.emerging.{party}"

    def acknowledgements(self, party: str) -> str:
        """Return the topic of a recipient's acknowledgements of alerts."""
        return f"{self.prefix}.acknowledgements.{party}"

    def staff(self, party: str) -> str:
        """Return the topic of the digests of a recipient's staff."""
        return f"{self.prefix}.staff.{party}"

    def deliveries(self, party: str) -> str:
        """Return the topic of the deliveries of alerts to a recipient's webhook."""
        return f"{self.prefix}.deliveries.{party}"

    def principal(self, party: str) -> str:
        """Return the SCRAM user name of a party or of a component."""
        return f"{self.prefix}.{party}"

    def owns(self, name: str) -> bool:
        """Return True if a topic or principal, known or not, belongs to this partnership by its name."""
        return name.startswith(self.beginning)

    def party_of(self, principal: str) -> str | None:
        """Return the party or component of a SCRAM user name, or None for another partnership's."""
        return principal.removeprefix(self.beginning) if self.owns(principal) else None

    def case_of(self, topic: str) -> str | None:
        """Return the id of the case of a topic, whether or not the case exists; None for other topics."""
        begin = self.every_disclosed
        return topic.removeprefix(begin) if topic.startswith(begin) else None

    def without_case(self, topic: str) -> str:
        """Return the name of a topic for those who must not know cases: one name for the topics of all."""
        return topic if self.case_of(topic) is None else self.all_disclosed

    @property
    def beginning(self) -> str:
        """Return the prefix of the name of each topic and principal, for a prefixed ACL."""
        return f"{self.prefix}."

    @property
    def every_disclosed(self) -> str:
        """Return the prefix of the name of each case's topic, for a prefixed ACL."""
        return f"{self.all_disclosed}."

    @property
    def audit(self) -> str:
        """Return the topic of the audit: the actions, the actors, and the suppliers of the records."""
        return f"{self.prefix}.audit"

    @property
    def audit_heads(self) -> str:
        """Return the topic of the head (the last entry) of each audit chain."""
        return f"{self.prefix}.internal.audit-heads"

    @property
    def in_force(self) -> str:
        """Return the topic of the protocol in force."""
        return f"{self.prefix}.internal.protocol"

    def state(self, kind: StateKind) -> str:
        """Return the topic of one kind of an agent's state."""
        return f"{self.prefix}.internal.state.{kind}"

    @property
    def schemas(self) -> str:
        """Return the topic of the schemas by id, which every principal may read."""
        return f"{self.prefix}.schemas"

    @property
    def memory(self) -> str:
        """Return the topic of state without a kind; in earlier releases it held all kinds."""
        return f"{self.prefix}.internal.memory"

    @property
    def all_disclosed(self) -> str:
        """Return the common name of all cases' topics; no topic has this name."""
        return f"{self.prefix}.{_DISCLOSED}"

    @property
    def cases(self) -> str:
        """Return the topic of the present state of each case and consent."""
        return f"{self.prefix}.internal.cases"

    @property
    def incidents(self) -> str:
        """Return the topic of the facts of records that domestic alerts use."""
        return f"{self.prefix}.internal.incidents"

    @property
    def prepared(self) -> str:
        """Return the topic of the requests for cases that are prepared from alerts."""
        return f"{self.prefix}.internal.prepared"

    @property
    def alert_orders(self) -> str:
        """Return the topic of the operator's orders to the alerts agent."""
        return f"{self.prefix}.internal.alert-orders"

    def conflict_officer(self, party: str) -> str:
        """Return the SCRAM user name of a recipient's conflict officer."""
        return self.principal(f"conflict.{party}")

    @property
    def alerter(self) -> str:
        """Return the SCRAM user name of the alerts agent."""
        return self.principal("alerter")

    @property
    def detector(self) -> str:
        """Return the SCRAM user name of the detector of emerging problems."""
        return self.principal("detector")

    @property
    def hub(self) -> str:
        """Return the SCRAM user name of the information hub, which stores releases."""
        return self.principal("hub")

    @property
    def discloser(self) -> str:
        """Return the SCRAM user name of the discloser, which reads letters and releases to cases."""
        return self.principal("discloser")

    @property
    def worker(self) -> str:
        """Return the SCRAM user name of the stream worker; it is the prefix of its group and ids too."""
        return self.principal("worker")

    @property
    def recorder(self) -> str:
        """Return the SCRAM user name of the recorder, which writes the audit entries of no batch."""
        return self.principal("recorder")

    @property
    def auditor(self) -> str:
        """Return the SCRAM user name of the auditor, who reads the audit."""
        return self.principal("auditor")


def marking_of(protocol: Protocol, *, personal: bool) -> Marking:
    """Return the marking of a protocol's information, personal or not. Errors as `marking.marking`."""
    return marking(load_law().laws[protocol.law], protocol.marking, personal=personal)


def topics(protocol: Protocol, catalogue: Catalogue) -> tuple[Topic, ...]:
    """Return all topics of the protocol, in the order of their names."""
    return tuple(sorted(_topics(protocol, catalogue), key=lambda topic: topic.name))


def stored(
    protocol: Protocol, catalogue: Catalogue, closed: frozenset[str] = frozenset()
) -> tuple[Topic, ...]:
    """Return the topics that the hub stores; none without a hub, none of `closed` datasets.

    These are the releases, the metadata of the supplies that they were made from, and the tables that need no
    processing. Metadata are stored only where a release tells them to its readers (`tells_supplies`).
    """
    hub = protocol.hub
    if hub is None:
        return ()
    open_topics = [t for t in topics(protocol, catalogue) if t.dataset not in closed]
    releases = [
        t for t in open_topics if t.family in RELEASES and (hub.personal or t.profile != PERSONAL)
    ]
    told = {t.dataset for t in releases if tells_supplies(t.profile, t.neighbour)}
    about = [t for t in open_topics if t.family == "supplies" and t.dataset in told]
    tables = [t for t in open_topics if t.family == "aggregate"]
    return (*releases, *about, *tables)


def tells_supplies(profile: str | None, neighbour: str | None) -> bool:
    """Return True if the readers of a release may read the metadata of its supplies (guidance 3.4).

    A supply has the number of its records. It would show how many records the second profile or a neighbour
    does not get.
    """
    return profile != "second" and neighbour is None


def state_days(protocol: Protocol, owner: StateOwner = "worker") -> dict[StateKind, int]:
    """Return the days for which each kind of an agent's state counts. Without an agent there is no kind."""
    match owner:
        case "worker":
            return _worker_days(protocol)
        case "alerter":
            return _alerter_days(protocol)
    return _detector_days(protocol)


def _detector_days(protocol: Protocol) -> dict[StateKind, int]:
    """Return the days for which a case counts; no longer than releases are retained."""
    emerging = protocol.emerging_problems
    if emerging is None:
        return {}
    days = min(emerging.history_days, protocol.retention.depersonalised_days)
    return dict.fromkeys(STATE_KINDS["detector"], days)


def _alerter_days(protocol: Protocol) -> dict[StateKind, int]:
    """Return the days for which an event counts.

    An alert can change until `alert_days` after its event, and depends on the events of `history_days` before
    it, or of the days of a level.
    """
    domestic = protocol.alerts.domestic
    if domestic is None:
        return {}
    before = max(domestic.history_days, *(level.days for level in domestic.levels))
    return dict.fromkeys(STATE_KINDS["alerter"], before + domestic.alert_days)


def _worker_days(protocol: Protocol) -> dict[StateKind, int]:
    """Return the days for which each kind of the workers' state counts.

    State counts at least as long as the releases that it protects. An entry protects the newest release that
    used it. If it is used `RENEWAL_DAYS` or more after it was written, it is written again. As many days are
    added again: the broker deletes releases by whole segments, so they can be read after their retention.
    """
    releases, window = (
        protocol.retention.releases_days,
        protocol.sanitising.combinations.window_days,
    )
    longest = 2 * RENEWAL_DAYS + releases
    return {
        "withdrawals": longest,
        "dates-ages": longest,
        "combinations": max(longest, 2 * RENEWAL_DAYS + window),
    }


def disclosed_topic(protocol: Protocol, catalogue: Catalogue, case: str, days: int) -> Topic:
    """Return the topic of one case; it exists as long as the case, and `topics` does not contain it."""
    name = Names(protocol.prefix).disclosed(case)
    marking = marking_of(protocol, personal=True).text
    return Topic(
        name, "disclosed", "discloser", marking, days * DAY_MS, partitions=1,
        maximum_bytes=MAXIMUM_MESSAGE_BYTES, schema=marked(catalogue.system["disclosed"], marking),
    )  # fmt: skip


def disclosed_form(protocol: Protocol, catalogue: Catalogue) -> Topic:
    """Return a pattern for the topics of cases, with their common subject; no topic has its name."""
    form = disclosed_topic(protocol, catalogue, "", 1)
    return replace(form, name=Names(protocol.prefix).all_disclosed)


def _topics(protocol: Protocol, catalogue: Catalogue) -> Iterator[Topic]:
    names, keep = Names(protocol.prefix), protocol.retention
    own = {
        names.cases, names.incidents, names.state("incidents"), names.prepared, names.alert_orders,
    }  # fmt: skip

    def topic(
        name: str, family: Family, owner: str, days: int, schema: AvroSchema, **more: Any
    ) -> Topic:
        options = {"partitions": 1, "maximum_bytes": MAXIMUM_MESSAGE_BYTES, **more}
        personal = family in _PERSONAL or more.get("profile") == PERSONAL or name in own
        text = marking_of(protocol, personal=personal).text
        options["schema"] = marked(schema, text)
        return Topic(name, family, owner, text, days * DAY_MS, **options)

    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        about = {"agency": agency, "dataset": dataset}
        yield topic(
            names.intake(agency, dataset), "intake", agency, keep.intake_days,
            intake_schema(catalogue.record_type(dataset)), partitions=supply.partitions,
            maximum_bytes=MAXIMUM_INTAKE_BYTES, **about,
        )  # fmt: skip
        yield topic(
            names.rejected(agency, dataset), "rejected", agency, keep.rejected_days,
            catalogue.system["rejection"], **about,
        )  # fmt: skip
        yield topic(
            names.supplies(agency, dataset), "supplies", agency, keep.supplies_days,
            catalogue.system["supply"], maximum_bytes=MAXIMUM_INTAKE_BYTES, **about,
        )  # fmt: skip
    for agency in sorted({s.agency for s in protocol.supplies}):
        yield topic(
            names.receipts(agency), "receipts", agency, keep.receipts_days,
            catalogue.system["receipt"], agency=agency,
        )  # fmt: skip
    for dataset, profile, neighbour in _releases(protocol):
        yield topic(
            names.released(profile, dataset, neighbour), _family(profile, neighbour), "worker",
            keep.personal_days if profile == PERSONAL else keep.depersonalised_days,
            release_schema(catalogue.record_type(dataset), profile),
            partitions=max(s.partitions for s in protocol.supplies if s.dataset == dataset),
            dataset=dataset, profile=profile, neighbour=neighbour,
        )  # fmt: skip
    kept = state_days(protocol)
    for kind, days in kept.items():
        yield topic(
            names.state(kind), "internal", "worker", days + STATE_SLACK_DAYS,
            catalogue.system["memory"],
        )  # fmt: skip
    for owner, kind, days in _dated_state(protocol):
        yield topic(
            names.state(kind), "internal", owner, days + STATE_SLACK_DAYS,
            catalogue.system["memory"], deletes=True,
        )  # fmt: skip
    yield topic(
        names.memory, "internal", "worker", max(kept.values()) + STATE_SLACK_DAYS,
        catalogue.system["memory"],
    )  # fmt: skip
    yield topic(names.audit, "audit", "worker", keep.audit_days, catalogue.system["audit"])
    yield topic(
        names.in_force, "internal", "operator", keep.audit_days,
        catalogue.system["protocol-in-force"], lasting=True,
    )  # fmt: skip
    yield topic(
        names.schemas, "internal", "operator", keep.audit_days,
        catalogue.system["registered-schema"], lasting=True,
    )  # fmt: skip
    yield topic(
        names.audit_heads, "internal", "recorder", keep.audit_days,
        catalogue.system["audit-head"], lasting=True, busy=True,
    )  # fmt: skip
    for party in protocol.correspondents:
        yield topic(
            names.letters(party.id), "letters", party.id, keep.letters_days,
            catalogue.system["letter"], agency=party.id, maximum_bytes=MAXIMUM_LETTER_BYTES,
        )  # fmt: skip
        yield topic(
            names.inbox(party.id), "inbox", "discloser", keep.audit_days,
            catalogue.system["case"], agency=party.id,
        )  # fmt: skip
    yield topic(
        names.cases, "internal", "discloser", keep.audit_days, catalogue.system["case"],
        lasting=True,
    )  # fmt: skip
    if protocol.domestic_alerts is not None:
        yield from _alert_topics(protocol, protocol.domestic_alerts, catalogue, topic)
    yield from _finding_topics(protocol, catalogue, topic)
    for agreement in protocol.aggregates:
        source = catalogue.aggregates[agreement.source]
        yield Topic(
            names.aggregate(source.id), "aggregate", agreement.agency, source.marking,
            keep.supplies_days * DAY_MS, partitions=1, maximum_bytes=MAXIMUM_INTAKE_BYTES,
            schema=marked(catalogue.system["aggregate"], source.marking), agency=agreement.agency,
        )  # fmt: skip


def _alert_topics(
    protocol: Protocol,
    domestic: DomesticAlerts,
    catalogue: Catalogue,
    topic: Callable[..., Topic],
) -> Iterator[Topic]:
    """Yield the topics of domestic alerts. The alerts agent reads partition 0 of each of its inputs.

    One decision needs the household, the victim and the pair, so its inputs have one partition.
    """
    names, system = Names(protocol.prefix), catalogue.system
    kept, audited = domestic.alert_days, protocol.retention.audit_days
    # The original record is retained as long. A correction or an erasure has the same key.
    yield topic(
        names.incidents, "internal", "worker", protocol.retention.intake_days, system["incident"]
    )
    yield topic(names.prepared, "internal", "alerter", kept, system["prepared"])
    yield topic(
        names.alert_orders, "internal", "recorder", audited, system["alert-order"], lasting=True
    )
    for recipient in domestic.recipients:
        party, small = recipient.party, {"maximum_bytes": MAXIMUM_INTAKE_BYTES}
        yield topic(names.alerts(party), "alerts", "alerter", kept, system["alert"])
        if recipient.conflict_officer is not None:
            yield topic(names.conflict_alerts(party), "alerts", "alerter", kept, system["alert"])
        yield topic(
            names.acknowledgements(party), "acknowledgements", party, kept,
            system["acknowledgement"], **small,
        )  # fmt: skip
        yield topic(
            names.staff(party), "staff", party, audited, system["staff"], lasting=True, **small
        )
        yield topic(names.deliveries(party), "deliveries", party, kept, system["delivery"], **small)


def _finding_topics(
    protocol: Protocol, catalogue: Catalogue, topic: Callable[..., Topic]
) -> Iterator[Topic]:
    """Yield the topics of findings. A finding is made of depersonalised releases, and marked like them."""
    names, emerging = Names(protocol.prefix), protocol.emerging_problems
    if emerging is None:
        return
    for recipient in emerging.recipients:
        yield topic(
            names.alerts_emerging(recipient.party), "findings", "detector", emerging.keep_days,
            catalogue.system["finding"],
        )  # fmt: skip


def _dated_state(protocol: Protocol) -> Iterator[tuple[StateOwner, StateKind, int]]:
    """Yield owner, kind and days of the state whose entries have the days of their events."""
    owners: tuple[StateOwner, ...] = ("alerter", "detector")
    for owner in owners:
        for kind, days in state_days(protocol, owner).items():
            yield owner, kind, days


def _releases(protocol: Protocol) -> Iterator[tuple[str, str, str | None]]:
    """Yield dataset, profile and neighbour of each release that a party receives."""
    regions = (None, *(n.short_name for n in protocol.neighbours))
    for dataset in sorted({s.dataset for s in protocol.supplies}):
        for region in regions:
            for profile in protocol.profiles_of(dataset, region):
                yield dataset, profile, region


def _family(profile: str, neighbour: str | None) -> Family:
    if neighbour is not None:
        return "neighbour"
    return "personal" if profile == PERSONAL else "depersonalised"

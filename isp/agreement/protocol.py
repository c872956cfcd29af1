"""The Information Sharing Protocol (ISP) as a file: its parties, their supplies and their entitlements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from isp.agreement.alert_findings import Around, alert_findings
from isp.agreement.alerts import AlertRecipient, Alerts, DomesticAlerts
from isp.agreement.emerging import EmergingProblems
from isp.agreement.emerging_findings import Sharing, emerging_findings
from isp.agreement.hub import Hub
from isp.agreement.names import Name
from isp.agreement.officer import Officer
from isp.agreement.second import DAYS_OF, SecondProfile
from schemas.formats import FORMAT, Format, Signed
from schemas.plain_text import Visible, VisibleText, lines
from schemas.positions import Finding, YamlPath
from schemas.record_type import COARSEST, DEPERSONALISED_PROFILES

District = Annotated[str, Field(pattern=r"^[EW]\d{8}$")]
Profile = Literal["central", "second", "personal"]
Post = Literal["liaison_officer", "deputy", "approver", "duty_officer", "caldicott_guardian"]
"""Posts that have a key. The first three sign for a party; the other two act only in cases."""
_LIAISON: Post = "liaison_officer"

EXERCISE = "EXERCISE, agreed by nobody"
"""Mark in each listing of a protocol that was signed only to try it out."""


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hexadecimal."""
Kind = Literal[
    "police-force", "police-authority", "council", "fire-and-rescue", "primary-care-trust",
    "local-health-board", "probation-trust", "strategic-health-authority", "nhs-trust", "mental-health-trust",
    "ambulance-service", "youth-offending-service", "drug-and-alcohol-action-team",
    "criminal-justice-board", "crown-prosecution-service", "courts-service", "prison-service",
    "young-offender-institution", "housing-association", "victim-support", "voluntary-agency",
    "transport-police", "transport-provider", "environment-agency", "business", "community-group", "school",
]  # fmt: skip
"""Agencies that the guidance names as signatories (2.2.4) or as sources of a dataset (3.2), and schools.

Schools receive alerts (Operation Encompass; Domestic Abuse Act 2021, section 49A).
"""
HEALTH = frozenset({
    "primary-care-trust", "local-health-board", "strategic-health-authority", "nhs-trust",
    "mental-health-trust", "ambulance-service", "drug-and-alcohol-action-team",
})  # fmt: skip
"""Kinds whose use of personal information the Caldicott principles govern (guidance 2.4.2.2)."""

COMPONENTS = ("worker", "recorder", "auditor", "discloser", "alerter", "detector", "hub")
"""Principals that are not parties: workers, the audit's writer and reader, cases, alerts, problems, hub.

No party may have such an id in any protocol, because reads by processes are not audited. The alerter has a
login only if the protocol has domestic alerts, the detector only if it has emerging problems, and the hub
only if the protocol has a hub.
"""

PROCESSES = frozenset(COMPONENTS) - {"auditor"}
"""Components that no person uses to read. Their reads are not audited; the auditor's reads are."""

RELEVANT_AUTHORITIES = frozenset({
    "police-force", "police-authority", "council", "probation-trust", "fire-and-rescue", "primary-care-trust",
    "local-health-board", "strategic-health-authority", "nhs-trust", "mental-health-trust",
    "ambulance-service", "housing-association", "transport-provider",
})  # fmt: skip
"""Kinds of agency that can be relevant authorities by law (guidance 2.2.3).

Ambulance and mental health services are NHS trusts, a housing association can be a registered social
landlord, and of the transport providers Transport for London is one.
"""

NEVER_RESPONSIBLE = frozenset({"school"})
"""Kinds that the law never makes a responsible authority; the governing body of a school co-operates."""

WIDEST_MARGIN = 500
"""Metres beyond the area that need no agreement of a neighbour, because boundaries run through streets."""

MINIMUM_HOUSEHOLDS = 4
"""Appendix 1: "if the postcode contains fewer than four households"."""

MINIMUM_ALIKE = 4
"""Lowest number of people with the same attributes in a small area; the same number as for households."""


class ProtocolError(ValueError):
    """The protocol must not be applied; the text holds each finding with file, line, place and reason."""


class Status(StrEnum):
    """Statutory status of a party (guidance 2.2.1, 2.2.2)."""

    RESPONSIBLE_AUTHORITY = "responsible-authority"
    CO_OPERATING_BODY = "co-operating-body"
    INVITED = "invited"


class Partnership(Signed):
    """The Community Safety Partnership; `short_name` is the first part of the name of each topic.

    `area` holds its districts (GSS codes). An event at most `margin_metres` from the nearest of their
    postcodes counts as inside the area, because boundaries run through streets and map points are rounded.
    """

    name: Visible
    short_name: Name
    area: Annotated[tuple[District, ...], Field(min_length=1)]
    margin_metres: Annotated[int, Field(ge=0, le=10_000)] = 500


class Agreement(Signed):
    """Another partnership's agreement to the sharing, with its last day (guidance 2.2.4).

    `protocol` names the protocol and section of the agreement; `liaison_officer` signs for that partnership.
    """

    protocol: Annotated[str, Field(min_length=1), AfterValidator(lines)]
    agreed_on: date
    until: date
    liaison_officer: Officer


class Neighbour(Signed):
    """A partnership whose agencies may receive records of events in its area (guidance 2.2.4).

    `conditions` names the provisions of both protocols. Without the `agreement` of the other partnership no
    record is shared.
    """

    short_name: Name
    name: Visible
    area: Annotated[tuple[District, ...], Field(min_length=1)]
    conditions: Annotated[str, Field(min_length=1), AfterValidator(lines)]
    agreement: Agreement | None = None


class Party(Signed):
    """A signatory. Status, relevant authority and group are separate (guidance 2.2.1–2.2.3).

    `notification` is its registration with the Information Commissioner (2.4.2.5). The `caldicott_guardian`
    is consulted before health data are shared (2.4.2.2). A party that is not a responsible authority may name
    an `approver` instead of officer and deputy. The `duty_officer` decides on a disclosure when a life is at
    risk; another officer reviews the decision.
    """

    id: Name
    name: Visible
    kind: Kind
    status: Status
    relevant_authority: bool
    group: Literal["central", "second"]
    liaison_officer: Officer | None = None
    deputy: Officer | None = None
    approver: Officer | None = None
    caldicott_guardian: Officer | None = None
    duty_officer: Officer | None = None
    notification: Annotated[str, Field(pattern=r"^Z[A-Z0-9]\d{6}$")] | None = None

    @property
    def posts(self) -> dict[Post, Officer]:
        """Return the posts of the party that may sign for it.

        For a responsible authority only its liaison officer or the deputy may sign (guidance 2.2.1).
        """
        named: dict[Post, Officer | None] = {
            "liaison_officer": self.liaison_officer,
            "deputy": self.deputy,
        }
        if self.status is not Status.RESPONSIBLE_AUTHORITY:
            named["approver"] = self.approver
        return {post: officer for post, officer in named.items() if officer is not None}

    @property
    def officers(self) -> dict[Post, Officer]:
        """Return all posts of the party: those that sign for it, and those that act only in cases."""
        more: dict[Post, Officer | None] = {
            "duty_officer": self.duty_officer,
            "caldicott_guardian": self.caldicott_guardian,
        }
        return self.posts | {post: officer for post, officer in more.items() if officer is not None}


class RejectLimit(Signed):
    """The limit for rejected records: the `share` of the last `window` records of a dataset that alarms.

    With `pause` the intake stops too.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.2
    window: Annotated[int, Field(ge=20)] = 500
    pause: bool = False


class SupplyAgreement(Signed):
    """One agency's duty to supply one dataset."""

    agency: Name
    dataset: str
    purpose: VisibleText
    legal_basis: str
    partitions: Annotated[int, Field(ge=1, le=64)] = 4
    reject_limit: RejectLimit = RejectLimit()


class Entitlement(Signed):
    """One party's right to receive datasets in one release profile, of this area or a neighbour's.

    With a `neighbour` the records are those of events in that partnership's area. Personal information needs
    `conditions` in addition to the `legal_basis`; both are ids of schemas/law.yaml.
    """

    party: Name
    profile: Profile
    datasets: tuple[str, ...]
    purpose: VisibleText
    legal_basis: str
    conditions: tuple[str, ...] = ()
    neighbour: Name | None = None


class Opening(Signed):
    """A stated requirement for a peripheral dataset, and the period of its sharing (guidance 3.1.2)."""

    dataset: str
    requirement: Annotated[str, Field(min_length=1), AfterValidator(lines)]
    begin: Annotated[date, Field(alias="from")]
    until: date

    def holds(self, day: date) -> bool:
        """Return True if `day` (Europe/London) is in the period, including its first and last day."""
        return self.begin <= day <= self.until


class AggregateAgreement(Signed):
    """One agency's aggregate table (guidance 3.3). A public table goes to all parties: name no recipients."""

    agency: Name
    source: str
    recipients: tuple[Name, ...] = ()
    purpose: VisibleText
    legal_basis: str


class Combinations(Signed):
    """The rule for rare combinations of a person's attributes in a small area.

    A combination is rare if fewer than `minimum_alike` people with it were seen in the area within
    `window_days`. Profile `second` always generalises a rare combination, profile `central` only with
    `central`. Both count it.
    """

    minimum_alike: Annotated[int, Field(ge=MINIMUM_ALIKE)] = MINIMUM_ALIKE
    window_days: Annotated[int, Field(ge=28, le=3_660)] = 365
    central: bool = False

    def applies_to(self, profile: str) -> bool:
        """Return True if the profile generalises rare combinations."""
        return profile == "second" or (profile == "central" and self.central)


class Sanitising(Signed):
    """The settings of Appendix 1; `minimum_households` may be raised, never lowered.

    `scrubbed_texts` names free-text fields, such as `police-crime-offence.method_of_entry`. Profile `central`
    gets the scrubbed text of these fields in addition to their codes. `second` makes the releases of profile
    `second` coarser.
    """

    minimum_households: Annotated[int, Field(ge=MINIMUM_HOUSEHOLDS)] = MINIMUM_HOUSEHOLDS
    substitute_limit_metres: Annotated[int, Field(ge=1, le=20_000)] = 2_000
    combinations: Combinations = Combinations()
    scrubbed_texts: tuple[str, ...] = ()
    second: SecondProfile = SecondProfile()

    def households_of(self, profile: str) -> int:
        """Return the least number of households of a place in the releases of a profile."""
        own = self.second.minimum_households if profile == COARSEST else None
        return self.minimum_households if own is None else own


class Quotas(Signed):
    """The limits on each party's use of the broker, so that no party slows down the others.

    `request_percent` is per cent of one request thread's time.
    """

    publish_bytes_per_second: Annotated[int, Field(ge=65_536)] = 50_000_000
    read_bytes_per_second: Annotated[int, Field(ge=65_536)] = 100_000_000
    request_percent: Annotated[int, Field(ge=5, le=1_000)] = 200


class CaseLimits(Signed):
    """The limits on each party's requests and letters, so that no other party gets too many.

    `undecided` limits its requests that wait for a decision, `requests_a_day` those of the last 24 hours.
    `letters_a_minute` of its letters are read per minute; the others wait. `prepared` limits the requests
    that are prepared from alerts for a recipient and wait for the decision of one supplier.
    """

    undecided: Annotated[int, Field(ge=1, le=1_000)] = 50
    requests_a_day: Annotated[int, Field(ge=1, le=10_000)] = 100
    letters_a_minute: Annotated[int, Field(ge=10, le=6_000)] = 60
    prepared: Annotated[int, Field(ge=1, le=10_000)] = 200


_Days = Annotated[int, Field(ge=1, le=36_525)]
"""A number of days, at most a hundred years. Kafka counts the time in milliseconds."""


class Retention(Signed):
    """The retention of each family of topics, in days."""

    intake_days: _Days
    rejected_days: _Days
    depersonalised_days: _Days
    personal_days: _Days = 28
    supplies_days: _Days
    receipts_days: _Days
    audit_days: _Days = 2_555
    letters_days: _Days = 28

    @property
    def releases_days(self) -> int:
        """Return the longest retention of a release, in days."""
        return max(self.depersonalised_days, self.personal_days)


class Protocol(Signed):
    """One partnership's protocol, after a check that its parts are consistent.

    `review` is the day on which the review is due. Warnings begin `review_warning_days` before it. After it
    no personal information is released, and after `review_grace_days` more no record at all. `law` names the
    law in schemas/law.yaml to which the bases, conditions and marking belong.

    `number` counts the partnership's protocols, and `follows` is the digest of the previous one. An
    `exercise` is signed only to try it out. `rekeyed` names parties whose keys the authorities replaced
    because the party had lost all of them.
    """

    format: Format = FORMAT
    number: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    follows: Digest | None = None
    exercise: bool = False
    rekeyed: tuple[Name, ...] = ()
    partnership: Partnership
    review: Annotated[date, Field(lt=date(2200, 1, 1))]
    review_warning_days: Annotated[int, Field(ge=7, le=366)] = 42
    review_grace_days: Annotated[int, Field(ge=0, le=92)] = 28
    law: str = "guidance-2010"
    marking: str = "RESTRICTED"
    parties: tuple[Party, ...]
    supplies: tuple[SupplyAgreement, ...]
    receives: tuple[Entitlement, ...]
    openings: tuple[Opening, ...] = ()
    aggregates: tuple[AggregateAgreement, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    sanitising: Sanitising = Sanitising()
    quotas: Quotas = Quotas()
    cases: CaseLimits = CaseLimits()
    alerts: Alerts = Alerts()
    hub: Hub | None = None
    retention: Retention

    @property
    def prefix(self) -> str:
        """Return the first part of the name of each topic and principal."""
        return self.partnership.short_name

    @property
    def title(self) -> str:
        """Return the partnership's name for listings, with a mark if the protocol is an exercise."""
        name = self.partnership.name
        return f"{name} [{EXERCISE}]" if self.exercise else name

    def last_day(self, profile: Profile) -> date:
        """Return the last day (Europe/London) of releases in the profile without a review."""
        grace = 0 if profile == "personal" else self.review_grace_days
        return self.review + timedelta(days=grace)

    def party(self, party_id: str) -> Party:
        """Return the party with this id.

        Raises:
            ProtocolError: there is no such party; the text names all parties.
        """
        for party in self.parties:
            if party.id == party_id:
                return party
        known = ", ".join(p.id for p in self.parties)
        raise ProtocolError(f"{party_id!r} is not a party of the protocol; accepted: {known}")

    @property
    def signatories(self) -> dict[str, dict[Post, Officer]]:
        """Return the posts that sign, by party id, or by short name for neighbours with an agreement."""
        agreed = {
            n.short_name: {_LIAISON: n.agreement.liaison_officer}
            for n in self.neighbours
            if n.agreement is not None
        }
        return {p.id: p.posts for p in self.parties} | agreed

    @property
    def officers(self) -> dict[str, dict[Post, Officer]]:
        """Return all posts that may have a key, by party id, or by short name for neighbours."""
        return self.signatories | {p.id: p.officers for p in self.parties}

    @property
    def correspondents(self) -> tuple[Party, ...]:
        """Return the parties that take part in cases: suppliers, and parties of the central group."""
        supplying = {s.agency for s in self.supplies}
        return tuple(p for p in self.parties if p.group == "central" or p.id in supplying)

    @property
    def domestic_alerts(self) -> DomesticAlerts | None:
        """Return the settings of domestic alerts, or None if the protocol has no domestic alerts."""
        return self.alerts.domestic

    @property
    def alert_recipients(self) -> tuple[AlertRecipient, ...]:
        """Return the recipients of domestic alerts; there are none without domestic alerts."""
        return () if self.alerts.domestic is None else self.alerts.domestic.recipients

    @property
    def emerging_problems(self) -> EmergingProblems | None:
        """Return the settings of the detection of emerging problems, or None if there is none."""
        return self.alerts.emerging

    @property
    def watched_profiles(self) -> tuple[str, ...]:
        """Return the profiles from which emerging problems are detected, from the fullest to the coarsest.

        Dates of weeks and points of sectors have no clusters but those that the rounding makes.
        """
        coarse = {COARSEST} if self.sanitising.second.is_coarse else set[str]()
        return tuple(p for p in DEPERSONALISED_PROFILES if p not in coarse)

    @property
    def components(self) -> tuple[str, ...]:
        """Return the components that have a login under this protocol."""
        absent = {"alerter"} if self.alerts.domestic is None else set()
        absent |= {"detector"} if self.alerts.emerging is None else set()
        absent |= {"hub"} if self.hub is None else set()
        return tuple(name for name in COMPONENTS if name not in absent)

    def profiles_of(self, dataset: str, neighbour: str | None = None) -> tuple[str, ...]:
        """Return the release profiles in which a party receives `dataset`, of this area or a neighbour's."""
        entitled = {
            e.profile for e in self.receives if dataset in e.datasets and e.neighbour == neighbour
        }
        return tuple(sorted(entitled))

    def recipients(
        self, dataset: str, profile: str, neighbour: str | None = None
    ) -> tuple[str, ...]:
        """Return the parties that receive `dataset` in one profile, of this area or a neighbour's."""
        entitled = {
            e.party
            for e in self.receives
            if dataset in e.datasets and (e.profile, e.neighbour) == (profile, neighbour)
        }
        return tuple(sorted(entitled))

    def is_opened(self, dataset: str, day: date) -> bool:
        """Return True if a requirement for the peripheral `dataset` is stated for `day`."""
        return any(o.dataset == dataset and o.holds(day) for o in self.openings)

    @model_validator(mode="after")
    def _is_consistent(self) -> Protocol:
        findings = list(protocol_findings(self))
        if findings:
            # With the places, so that the reader of a file can name the line of each finding.
            text = "; ".join(finding.message for finding in findings)
            raise PydanticCustomError(INCONSISTENT, "{text}", {"text": text, "findings": findings})
        return self


INCONSISTENT = "inconsistent_protocol"
"""Type of the error whose context holds the `findings` across several fields, each with its place."""


def protocol_findings(protocol: Protocol) -> Iterator[Finding]:
    """Yield each inconsistency in a protocol, with its place."""
    yield from _succession_findings(protocol)
    yield from _words_findings(protocol)
    yield from _party_findings(protocol)
    yield from _supply_findings(protocol)
    yield from _entitlement_findings(protocol)
    yield from _opening_findings(protocol)
    yield from _aggregate_findings(protocol)
    yield from _neighbour_findings(protocol)
    yield from _area_findings(protocol)
    yield from _retention_findings(protocol)
    yield from _second_findings(protocol)
    if protocol.alerts.domestic is not None:
        groups = {party.id: party.group for party in protocol.parties}
        supplied = {(supply.agency, supply.dataset) for supply in protocol.supplies}
        yield from alert_findings(protocol.alerts.domestic, Around(groups, supplied))
    if protocol.alerts.emerging is not None:
        yield from emerging_findings(protocol.alerts.emerging, _sharing(protocol))


def _sharing(protocol: Protocol) -> Sharing:
    """Return what the detection of emerging problems depends on."""
    received: dict[str, set[str]] = {party.id: set() for party in protocol.parties}
    for entitlement in protocol.receives:
        is_watched = entitlement.profile in protocol.watched_profiles
        if entitlement.neighbour is None and is_watched and entitlement.party in received:
            received[entitlement.party].update(entitlement.datasets)
    supplied = {supply.dataset for supply in protocol.supplies}
    is_coarse = protocol.sanitising.second.is_coarse
    return Sharing(supplied, received, protocol.retention.depersonalised_days, is_coarse)


def _succession_findings(protocol: Protocol) -> Iterator[Finding]:
    if protocol.number > 1 and protocol.follows is None:
        message = (
            f"number {protocol.number} needs the digest of the previous protocol under `follows`; "
            "`ipu isp follow` writes both lines"
        )
        yield Finding(("number",), message)
    if protocol.rekeyed and protocol.follows is None:
        yield Finding(("rekeyed",), "a first protocol cannot replace keys; remove the entry")
    for i, name in enumerate(protocol.rekeyed):
        if name not in protocol.officers:
            message = f"{name!r} is not a party; accepted: {', '.join(protocol.officers)}"
            yield Finding(("rekeyed", i), message)
    for i, party in enumerate(protocol.parties):
        for post, officer in party.officers.items():
            yield from _replacing_findings(("parties", i, post), officer)
    for i, neighbour in enumerate(protocol.neighbours):
        if neighbour.agreement is not None:
            place = ("neighbours", i, "agreement", _LIAISON)
            yield from _replacing_findings(place, neighbour.agreement.liaison_officer)


def _replacing_findings(place: YamlPath, officer: Officer) -> Iterator[Finding]:
    if officer.replaces is not None and officer.replaces == (officer.key or officer.replaces):
        message = "must name the previous key, and `key` must name a different new key"
        yield Finding((*place, "replaces"), message)


def _words_findings(protocol: Protocol) -> Iterator[Finding]:
    """Yield a finding for each name, purpose, post or contact that is blank."""
    agreements: dict[str, Sequence[SupplyAgreement | Entitlement | AggregateAgreement]] = {
        "supplies": protocol.supplies,
        "receives": protocol.receives,
        "aggregates": protocol.aggregates,
    }
    for part, listed in agreements.items():
        for i, agreement in enumerate(listed):
            if not agreement.purpose.strip():
                yield Finding((part, i, "purpose"), "is blank; state the purpose of the sharing")
    for i, party in enumerate(protocol.parties):
        if not party.name.strip():
            yield Finding(("parties", i, "name"), "is blank; give the name of the party")
        for post, officer in party.officers.items():
            yield from _officer_findings(("parties", i, post), officer)
    for i, neighbour in enumerate(protocol.neighbours):
        if neighbour.agreement is not None:
            place = ("neighbours", i, "agreement", _LIAISON)
            yield from _officer_findings(place, neighbour.agreement.liaison_officer)


def _officer_findings(place: YamlPath, officer: Officer) -> Iterator[Finding]:
    if not officer.post.strip():
        yield Finding((*place, "post"), "is blank; give the title of the post")
    if not officer.contact.strip():
        yield Finding((*place, "contact"), "is blank; give the mailbox of the post")


def _party_findings(protocol: Protocol) -> Iterator[Finding]:
    ids = [p.id for p in protocol.parties]
    sharing = {s.agency for s in protocol.supplies}
    sharing |= {e.party for e in protocol.receives if e.profile == "personal"}
    sharing |= {recipient.party for recipient in protocol.alert_recipients}
    keys = [o.key for named in protocol.officers.values() for o in named.values() if o.key]
    for i, party in enumerate(protocol.parties):
        place = ("parties", i)
        if ids.index(party.id) < i:
            yield Finding((*place, "id"), f"the party id {party.id!r} is used twice")
        if party.id in COMPONENTS:
            message = f"the party id {party.id!r} is the name of a component of the processor"
            yield Finding((*place, "id"), message)
        for post, officer in party.officers.items():
            if officer.key is not None and keys.count(officer.key) > 1:
                message = f"the key {officer.key} is used for several posts; each needs its own"
                yield Finding((*place, post, "key"), message)
        if party.relevant_authority and party.kind not in RELEVANT_AUTHORITIES:
            accepted = ", ".join(sorted(RELEVANT_AUTHORITIES))
            message = (
                f"a {party.kind} is not a relevant authority (guidance 2.2.3); accepted: {accepted}"
            )
            yield Finding((*place, "relevant_authority"), message)
        if party.kind in NEVER_RESPONSIBLE and party.status is Status.RESPONSIBLE_AUTHORITY:
            accepted = ", ".join(s for s in Status if s is not Status.RESPONSIBLE_AUTHORITY)
            message = f"a {party.kind} is not a responsible authority (guidance 2.2.1); accepted: {accepted}"
            yield Finding((*place, "status"), message)
        for lacking in _lacking(party, shares=party.id in sharing):
            yield Finding(place, f"{party.id!r}: {lacking}")


def _lacking(party: Party, *, shares: bool) -> Iterator[str]:
    """Yield each entry that the guidance requires and that the party does not have."""
    if party.status is Status.RESPONSIBLE_AUTHORITY:
        if party.liaison_officer is None or party.deputy is None:
            yield "a responsible authority needs a liaison officer and a deputy (guidance 2.2.1)"
    elif party.liaison_officer is None and party.approver is None:
        yield "name a liaison officer, or an approver who is responsible for the sharing"
    if party.kind in HEALTH and party.caldicott_guardian is None:
        yield "a health or social care organisation needs a Caldicott Guardian (guidance 2.4.2.2)"
    if shares and party.notification is None:
        yield "a party that shares personal data needs a notification (guidance 2.4.2.5)"


def _supply_findings(protocol: Protocol) -> Iterator[Finding]:
    ids = {p.id for p in protocol.parties}
    supplied = [(s.agency, s.dataset) for s in protocol.supplies]
    for i, supply in enumerate(protocol.supplies):
        if supplied.index((supply.agency, supply.dataset)) < i:
            message = (
                f"{supply.agency!r} has an earlier entry for {supply.dataset!r}; remove one of them"
            )
            yield Finding(("supplies", i), message)
        if supply.agency not in ids:
            yield Finding(("supplies", i, "agency"), f"{supply.agency!r} is not a party")


def _entitlement_findings(protocol: Protocol) -> Iterator[Finding]:
    groups = {p.id: p.group for p in protocol.parties}
    named = {n.short_name for n in protocol.neighbours}
    for i, entitlement in enumerate(protocol.receives):
        party, neighbour = entitlement.party, entitlement.neighbour
        if party not in groups:
            yield Finding(("receives", i, "party"), f"{party!r} is not a party")
        elif groups[party] == "second" and entitlement.profile != "second":
            message = f"{party!r} is in the second group; accepted: profile 'second'"
            yield Finding(("receives", i, "profile"), message)
        if neighbour is not None and neighbour not in named:
            message = f"{neighbour!r} is not a neighbour; accepted: {', '.join(sorted(named))}"
            yield Finding(("receives", i, "neighbour"), message)


def _opening_findings(protocol: Protocol) -> Iterator[Finding]:
    for i, opening in enumerate(protocol.openings):
        if opening.until < opening.begin:
            message = f"{opening.dataset!r} ends on {opening.until}, before it begins"
            yield Finding(("openings", i, "until"), message)


def _aggregate_findings(protocol: Protocol) -> Iterator[Finding]:
    ids = {p.id for p in protocol.parties}
    sources = [a.source for a in protocol.aggregates]
    for i, aggregate in enumerate(protocol.aggregates):
        if sources.index(aggregate.source) < i:
            message = f"the source {aggregate.source!r} is used twice; only one agency publishes it"
            yield Finding(("aggregates", i, "source"), message)
        if aggregate.agency not in ids:
            yield Finding(("aggregates", i, "agency"), f"{aggregate.agency!r} is not a party")
        for j, party in enumerate(aggregate.recipients):
            if party not in ids:
                yield Finding(("aggregates", i, "recipients", j), f"{party!r} is not a party")


def _neighbour_findings(protocol: Protocol) -> Iterator[Finding]:
    names, ids = [n.short_name for n in protocol.neighbours], {p.id for p in protocol.parties}
    for i, neighbour in enumerate(protocol.neighbours):
        name, agreement = neighbour.short_name, neighbour.agreement
        if names.index(name) < i:
            yield Finding(("neighbours", i, "short_name"), f"the neighbour {name!r} is named twice")
        if name in ids:
            message = f"the neighbour {name!r} has the id of a party; use another name"
            yield Finding(("neighbours", i, "short_name"), message)
        if agreement is None:
            message = (
                f"{name!r}: records of its area are shared only with its agreement (guidance 2.2.4); "
                "name its protocol and section under `agreement`"
            )
            yield Finding(("neighbours", i), message)
        elif agreement.until < agreement.agreed_on:
            message = f"{agreement.until} is before the day of the agreement, {agreement.agreed_on}"
            yield Finding(("neighbours", i, "agreement", "until"), message)


def _area_findings(protocol: Protocol) -> Iterator[Finding]:
    seen = dict.fromkeys(protocol.partnership.area, "the partnership")
    for i, neighbour in enumerate(protocol.neighbours):
        for j, district in enumerate(neighbour.area):
            if district in seen:
                message = (
                    f"the district {district} is in more than one area; it belongs to "
                    f"{seen[district]} already"
                )
                yield Finding(("neighbours", i, "area", j), message)
            seen.setdefault(district, repr(neighbour.short_name))
    own = protocol.partnership.area
    for i, district in enumerate(own):
        if own.index(district) < i:
            yield Finding(("partnership", "area", i), f"the district {district} is named twice")
    margin = protocol.partnership.margin_metres
    if margin > WIDEST_MARGIN and not protocol.neighbours:
        message = (
            f"{margin} m reach into a neighbour's area, which needs an agreement (guidance 2.2.4); "
            f"accepted: 0 to {WIDEST_MARGIN}, or more with the neighbours and their agreements"
        )
        yield Finding(("partnership", "margin_metres"), message)


def _retention_findings(protocol: Protocol) -> Iterator[Finding]:
    keep = protocol.retention
    if keep.audit_days < keep.releases_days:
        message = (
            f"{keep.audit_days} days: releases are kept {keep.releases_days} days; the audit must be "
            "kept at least as long"
        )
        yield Finding(("retention", "audit_days"), message)


def _second_findings(protocol: Protocol) -> Iterator[Finding]:
    sanitising, kept = protocol.sanitising, protocol.retention.depersonalised_days
    second, place = sanitising.second, ("sanitising", "second")
    own, least = second.minimum_households, sanitising.minimum_households
    if own is not None and own < least:
        message = f"{own} is fewer than `sanitising.minimum_households`; accepted: {least} or more"
        yield Finding((*place, "minimum_households"), message)
    # The time of a message is the begin of its period, and the broker keeps it from then on.
    days = 0 if second.period is None else 2 * DAYS_OF[second.period]
    if kept < days:
        message = (
            f"releases are retained {kept} days (`retention.depersonalised_days`), which needs at least "
            f"{days} days with the period {second.period!r}"
        )
        yield Finding((*place, "period"), message)

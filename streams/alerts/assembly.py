"""Assembles the alerts agent of a protocol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from detection.domestic.facts import Source
from isp.agreement.alerts import DomesticAlerts
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, state_days, topics
from isp.audit.chain import Heads
from isp.keys.case_keys import CaseKeys
from isp.keys.errors import SecretError
from isp.signing.signatures import content_digest
from sanitiser.incidents.digests import Digests
from sanitiser.key_ring import KeyRing
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.state import StateKind
from streams.alerts.alert_messages import AlertMessages
from streams.alerts.alerter import Alerter
from streams.alerts.conflicts import Forgotten, PlaceKinds, StaffLists
from streams.alerts.coverage import Coverage
from streams.alerts.deadlines import Deadlines
from streams.alerts.deciding import Deciding
from streams.alerts.documents import DocumentWriter
from streams.alerts.events import ALERT_BYTES
from streams.alerts.inputs import STAFF, Inputs
from streams.alerts.parts import Parts
from streams.alerts.raising import Raising
from streams.alerts.recipients import Recipients, audiences, settings_of
from streams.alerts.renewing import Renewing
from streams.alerts.requesting import Requesting
from streams.alerts.requests import RequestMaker, SubjectReader
from streams.alerts.subjects import SubjectDigests
from streams.alerts.visibility import Visibility
from streams.audit import AuditWriter, SlotChain
from streams.state.dated import DatedStore
from streams.steps.route import Destination
from streams.wire import Wire

_ID_DIGITS = 2 * ALERT_BYTES


class NoAlerts(ValueError):
    """The protocol has no domestic alerts."""


def alert_days(protocol: Protocol) -> dict[StateKind, int]:
    """Return the days for which the state of the alerts agent counts, by its kind."""
    return state_days(protocol, "alerter")


def build_alerter(
    protocol: Protocol,
    catalogue: Catalogue,
    wire: Wire,
    keys: KeyRing,
    case_keys: CaseKeys,
    store: DatedStore,
    clock: Callable[[], float],
    slot: str,
) -> Alerter:
    """Return the alerts agent of a protocol. `store` has the layout `streams.alerts.rows.ALERTS`.

    `slot` is part of the name of its audit chain.

    Raises:
        NoAlerts: the protocol has no domestic alerts.
    """
    domestic = protocol.alerts.domestic
    if domestic is None:
        raise NoAlerts("the protocol has no `alerts.domestic`; nothing to do")
    names, lasting, heads = Names(protocol.prefix), keys.lasting, Heads()
    destinations = {
        topic.name: Destination(topic.name, wire.encoder(topic), topic.marking)
        for topic in topics(protocol, catalogue)
        if topic.family in {"alerts", "internal", "audit"}
    }
    chain = SlotChain(heads, None, names.alerter, slot)
    audit_writer = AuditWriter(
        destinations[names.audit], destinations[names.audit_heads], heads, chain.committed_head
    )
    parts = _parts(protocol, domestic, catalogue, wire, lasting, case_keys, store, destinations)
    return Alerter(parts, store, audit_writer, clock)


def _parts(
    protocol: Protocol,
    domestic: DomesticAlerts,
    catalogue: Catalogue,
    wire: Wire,
    lasting: ReferenceKey,
    case_keys: CaseKeys,
    store: DatedStore,
    destinations: dict[str, Destination],
) -> Parts:
    names, digests = Names(protocol.prefix), Digests(lasting)
    inputs = Inputs(protocol, catalogue, wire.decoder_for)
    subjects = SubjectDigests(digests, protocol, catalogue)
    visibility, staff = (
        Visibility(protocol, catalogue, subjects),
        StaffLists(digests, inputs.parties(STAFF)),
    )
    ids, case_key = alert_ids(lasting), _case_key(case_keys)

    def has_key(case: str) -> bool:
        return case_key(case) is not None

    writer = DocumentWriter(catalogue, digests.contact)
    requesting = Requesting(
        store,
        visibility.cases,
        RequestMaker(protocol, catalogue, lasting),
        SubjectReader(digests.subjects, subjects),
        domestic.levels,
    )
    settings = settings_of(domestic)
    sources = tuple(
        Source(supply.agency, supply.dataset)
        for supply in protocol.supplies
        if supply.dataset in domestic.datasets
    )
    coverage = Coverage(store, sources, domestic.history_days)
    deciding = Deciding(
        recipients=Recipients(protocol, domestic, visibility, staff, writer, ids, has_key),
        audiences=audiences(protocol),
        visibility=visibility,
        requesting=requesting,
        raising=Raising(lasting),
        deadlines=Deadlines(domestic),
        coverage=coverage,
        ids=ids,
        has_key=has_key,
        alert_days=domestic.alert_days,
    )
    orders = lasting.for_purpose("incidents", "order")
    (kind,) = state_days(protocol, "alerter")
    return Parts(
        inputs=inputs,
        settings=settings,
        deciding=deciding,
        coverage=coverage,
        visibility=visibility,
        staff=staff,
        places=PlaceKinds(),
        forgotten=Forgotten(),
        requesting=requesting,
        renewing=Renewing(store, bytes.fromhex(content_digest(protocol))),
        messages=AlertMessages(destinations, case_key),
        has_key=has_key,
        order_subject=lambda digest: orders.digest(digest.hex()),
        is_over=_is_over(protocol),
        incident_topic=names.incidents,
        prepared=destinations[names.prepared],
        state=destinations[names.state(kind)],
        principal=names.alerter,
        principal_of=names.principal,
    )


def alert_ids(lasting: ReferenceKey) -> Callable[[str, bytes], tuple[str, str]]:
    """Return a function that returns the ids of an alert and of its event, for one audience.

    Two recipients cannot join their alerts by them.
    """
    of_alert = lasting.for_purpose("incidents", "alert")
    of_event = lasting.for_purpose("incidents", "event")

    def ids(audience: str, event: bytes) -> tuple[str, str]:
        alert = of_alert.digest(audience, event.hex())[:_ID_DIGITS]
        return alert, of_event.digest(audience, event.hex())[:_ID_DIGITS]

    return ids


def _case_key(case_keys: CaseKeys) -> Callable[[str], bytes | None]:
    """Return a function that returns the key of a case, or None if it cannot be read."""

    def case_key(case: str) -> bytes | None:
        try:
            return case_keys.read(case)
        except (OSError, SecretError, ValueError):
            return None

    return case_key


def _is_over(protocol: Protocol) -> Callable[[datetime], bool]:
    last = protocol.last_day("central")
    return lambda now: london_time(now).date() > last

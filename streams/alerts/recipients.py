"""The recipients of alerts, and the kind of alert that each of them gets of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from detection.domestic.facts import Event, Source
from detection.domestic.history import history
from detection.domestic.levels import Fired, every_source, levels
from detection.domestic.memory import Memory
from detection.domestic.settings import LevelRule, Settings
from detection.domestic.times import when
from isp.agreement.alerts import AlertRecipient, AlertTerms, DomesticAlerts, School
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from schemas.london import end_of_day, london_time
from streams.alerts.conflicts import StaffLists
from streams.alerts.deadlines import Deadlines
from streams.alerts.documents import Content, Covered, DocumentWriter, depersonalised
from streams.alerts.visibility import About, Match, Sight, Visibility, about

OFFICER = "conflict."
"""The name of a conflict officer as an audience begins with this."""

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000


class Audience(NamedTuple):
    """Those who may read one topic of alerts: a recipient, or its conflict officer."""

    name: str
    party: str
    topic: str
    sealing_key: str | None = None

    @property
    def is_officer(self) -> bool:
        """Return True for a conflict officer."""
        return self.sealing_key is not None


class Told(NamedTuple):
    """The alert that an audience is to have of an event; none without `content`.

    An `is_conflict` recipient has nothing because of a conflict of interest. `schools` are those of the
    event's children.
    """

    audience: Audience
    content: Content | None = None
    is_conflict: bool = False
    schools: tuple[School, ...] = ()


class Open(NamedTuple):
    """A recipient that may have a prepared request about an event, and the suppliers that approved a case."""

    party: str
    terms: AlertTerms
    approved: frozenset[str]


class Decided(NamedTuple):
    """The decision about one event: what each audience is to have, and who may have a prepared request."""

    told: tuple[Told, ...] = ()
    fired: tuple[Fired, ...] = ()
    about: About | None = None
    open: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True)
class _Recipient:
    """A recipient of alerts. A school gets alerts about its own children alone."""

    own: AlertRecipient
    audience: Audience
    officer: Audience | None
    central: frozenset[str]
    is_school: bool


def settings_of(domestic: DomesticAlerts) -> Settings:
    """Return the engine's settings."""
    rules = tuple(
        LevelRule(level.name, level.rule, level.days, level.events, level.grades)
        for level in domestic.levels
    )
    return Settings(
        domestic.same_event_hours, domestic.history_days, domestic.alert_days, levels=rules
    )


def audiences(protocol: Protocol) -> tuple[Audience, ...]:
    """Return all audiences of the protocol's alerts."""
    found = [_recipient(own, protocol) for own in protocol.alert_recipients]
    officers = (r.officer for r in found if r.officer is not None)
    return (*(r.audience for r in found), *officers)


class Recipients:
    """Decides what each audience is to have of an event. All that is known now decides, and the time."""

    def __init__(
        self,
        protocol: Protocol,
        domestic: DomesticAlerts,
        visibility: Visibility,
        staff: StaffLists,
        writer: DocumentWriter,
        ids: Callable[[str, bytes], tuple[str, str]],
        has_key: Callable[[str], bool],
    ) -> None:
        """Take what decides.

        `ids` returns the ids of the alert and the event for an audience. `has_key` says whether the key of a
        case can be read.
        """
        self._protocol = protocol
        self._domestic = domestic
        self._settings = settings_of(domestic)
        self._recipients = [_recipient(own, protocol) for own in domestic.recipients]
        self._deadlines = Deadlines(domestic)
        self._visibility = visibility
        self._staff = staff
        self._writer = writer
        self._ids = ids
        self._has_key = has_key

    def decide(
        self,
        event: Event,
        memory: Memory,
        covered: Callable[[Sight], Mapping[Source, Covered]],
        now: datetime,
    ) -> Decided:
        """Return what each audience is to have of an event now; nothing once the days of grace are over."""
        today = london_time(now).date()
        fired = levels(event, memory, self._settings)
        if not fired or today > self._protocol.last_day("central"):
            return Decided()
        found, told, may_ask = about(event, memory), list[Told](), list[Open]()
        for recipient in self._recipients:
            schools = self._deadlines.schools_of(event, recipient.own.party)
            if recipient.is_school and not schools:
                continue
            sight = self._sight(found, event, recipient.own.party, now)
            each, ask = self._told(recipient, event, found, fired, sight, memory, covered, schools)
            told += each
            if ask and recipient.own.terms and today <= self._protocol.last_day("personal"):
                approved = frozenset(m.case.supplier for m in sight.matches)
                may_ask.append(Open(recipient.own.party, recipient.own.terms, approved))
        return Decided(tuple(told), fired, found, tuple(may_ask))

    def _told(
        self,
        recipient: _Recipient,
        event: Event,
        found: About,
        fired: Sequence[Fired],
        sight: Sight,
        memory: Memory,
        covered: Callable[[Sight], Mapping[Source, Covered]],
        schools: tuple[School, ...],
    ) -> tuple[list[Told], bool]:
        """Return what a recipient and its officer are to have, and whether a request may be prepared."""
        party, people = recipient.own.party, found.people
        content = self._depersonalised(recipient, event, fired, memory)
        to_officer = content
        if _is_about_the_event(sight, event):
            past = history(event, memory, self._settings, sight.sees)
            people |= past.people
            if self._staff.has_any(party):
                # Also of history that is not told: the victim of an event may be known to the staff by an
                # earlier one, of which the recipient has nothing.
                people |= history(event, memory, self._settings, every_source).people
            seen = levels(event, memory, self._settings, sight.sees)
            more = {"late": self._is_late(event), "is_escalating": self._is_escalating(fired)}

            def personal(audience: Audience) -> Content:
                ids = self._ids(audience.name, event.id)
                return self._writer.personal(
                    ids, event, seen, past, sight, covered(sight), **more
                )  # fmt: skip

            content = personal(recipient.audience)
            to_officer = personal(recipient.officer) if recipient.officer else None
        if not self._staff.names_any(party, people):
            return [Told(recipient.audience, content, schools=schools)], True
        nothing = Told(recipient.audience, is_conflict=True)
        if recipient.officer is None:
            return [nothing], False
        return [nothing, Told(recipient.officer, to_officer)], False

    def _depersonalised(
        self,
        recipient: _Recipient,
        event: Event,
        fired: Sequence[Fired],
        memory: Memory,
    ) -> Content | None:
        if not recipient.own.depersonalised or recipient.is_school:
            return None
        places = {h for fact in event.facts for h in fact.households}
        homes = {same for place in places for same in memory.same_household(place)}
        has_area = all(memory.place_kind(home) != "refuge" for home in homes)
        late = self._is_late(event)
        return depersonalised(event, fired, recipient.central, late=late, has_area=has_area)

    def _sight(self, found: About, event: Event, party: str, now: datetime) -> Sight:
        """Return what the recipient may see; a case whose key is lost shows nothing.

        The cases that are about a record of the event come first.
        """
        sight = self._visibility.sight(found, party, now)
        kept = [match for match in sight.matches if self._has_key(match.case.case)]
        kept.sort(key=lambda match: not _has_dataset(match, event))
        return sight._replace(matches=tuple(kept))

    def _is_late(self, event: Event) -> bool:
        """Return True if the first record was supplied later after the event than the protocol allows.

        An event without a time ends with its last day in Europe/London.
        """
        facts = [fact for fact in event.facts if fact.kind == "event"]
        time = when(facts)
        ended_ms = _end_ms(time.until_day) if time.minute is None else time.minute * _MINUTE_MS
        supplied_ms = min(fact.supplied_ms for fact in facts)
        return supplied_ms > ended_ms + self._domestic.late_hours * _HOUR_MS

    def _is_escalating(self, fired: Sequence[Fired]) -> bool:
        return any(self._domestic.levels[each.index].rule == "repeat" for each in fired)


def _recipient(own: AlertRecipient, protocol: Protocol) -> _Recipient:
    names, party = Names(protocol.prefix), own.party
    central = frozenset(
        dataset
        for e in protocol.receives
        if (e.party, e.profile, e.neighbour) == (party, "central", None)
        for dataset in e.datasets
    )
    officer = None
    if own.conflict_officer is not None:
        key = own.conflict_officer.sealing_key
        officer = Audience(OFFICER + party, party, names.conflict_alerts(party), key)
    is_school = protocol.party(party).kind == "school"
    return _Recipient(own, Audience(party, party, names.alerts(party)), officer, central, is_school)


def _end_ms(day: int) -> int:
    """Return when a day (since 1970) ends in Europe/London, in milliseconds since 1970 UTC."""
    return int(end_of_day(date(1970, 1, 1) + timedelta(days=day))) * 1_000


def _has_dataset(match: Match, event: Event) -> bool:
    return any(match.fields(fact.source) is not None for fact in event.facts)


def _is_about_the_event(sight: Sight, event: Event) -> bool:
    """Return True if a case has a dataset of one of the event's records, by the case's supplier."""
    return bool(sight.matches) and _has_dataset(sight.matches[0], event)

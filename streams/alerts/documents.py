"""The content of an alert: the personal document, and the depersonalised alert without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from detection.domestic.facts import Event, Fact, Source
from detection.domestic.history import Count, History, Referral
from detection.domestic.levels import Fired
from detection.domestic.times import When, when
from sanitiser.incidents.digests import NotOfThisRecordError, Sealed
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.record_type import DomesticRule
from streams.alerts.visibility import Sight

_EPOCH: Final = date(1970, 1, 1)
_NOTHING: Final = "none recorded here"
_CONTACT: Final = ("number", "times", "no_voicemail", "no_letter")
_RISK: Final = ("tool", "grade", "date", "grader")


class Covered(NamedTuple):
    """The first and the last day that the records of a source cover."""

    first: int
    last: int


class Content(NamedTuple):
    """The content of an alert. `document` is the personal content, or None if it is depersonalised.

    `stable` is the part of the document whose change makes a new version.
    """

    rank: int
    level: str
    reasons: tuple[str, ...]
    late: bool
    type: str = ""
    hour: str = ""
    area: str = ""
    case: str | None = None
    document: Mapping[str, Any] | None = None

    @property
    def is_personal(self) -> bool:
        """Return True if the content is personal."""
        return self.document is not None

    @property
    def stable(self) -> Mapping[str, Any] | None:
        """Return the document without the days that each supply extends."""
        return {k: v for k, v in (self.document or {}).items() if k != "covered"}


def iso_day(day: int) -> str:
    """Return a day in the form of ISO 8601."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def day_in_london(milliseconds: int) -> int:
    """Return the day of an instant in Europe/London, counted since 1970."""
    return (_local(milliseconds // 60_000).date() - _EPOCH).days


def _local(minute: int) -> datetime:
    return london_time(datetime.fromtimestamp(minute * 60, UTC))


def depersonalised(
    event: Event, fired: Sequence[Fired], datasets: frozenset[str], *, late: bool, has_area: bool
) -> Content | None:
    """Return the alert for a recipient of these datasets in profile central; None if it receives no source.

    Type, hour and district are of sources that the recipient receives. A refuge has no area.
    """
    facts = [f for f in event.facts if f.kind == "event" and f.source.dataset in datasets]
    if not facts:
        return None
    districts = sorted({fact.district for fact in facts if fact.district}) if has_area else []
    return Content(
        *_level(fired),
        reasons=tuple(dict.fromkeys(each.plain for each in fired)),
        late=late,
        type=facts[0].type,
        hour=_hour([f for f in facts if f.is_dated]),
        area=districts[0] if len(districts) == 1 else "",
    )


def _level(fired: Sequence[Fired]) -> tuple[int, str]:
    return fired[0].index, fired[0].name


def _hour(facts: Sequence[Fact]) -> str:
    """Return the hour in Europe/London, or the day without it; empty if the day is not certain."""
    if not facts:
        return ""
    time = when(facts)
    if time.minute is not None:
        return _local(time.minute).strftime("%Y-%m-%dT%H")
    return iso_day(time.day) if time.day == time.until_day else ""


class DocumentWriter:
    """Writes personal documents: of each source, only the fields that the recipient may see."""

    def __init__(self, catalogue: Catalogue, contacts: Sealed) -> None:
        """Take the declarations of fields, and the cipher of safe contacts."""
        self._rules: dict[str, DomesticRule | None] = {}
        self._catalogue = catalogue
        self._contacts = contacts

    def personal(
        self,
        ids: tuple[str, str],
        event: Event,
        fired: Sequence[Fired],
        history: History,
        sight: Sight,
        covered: Mapping[Source, Covered],
        *,
        late: bool,
        is_escalating: bool,
    ) -> Content:
        """Return the personal content; `ids` are those of the alert and, opaque, of the event.

        The first match of the sight is the case under whose key it is encrypted.
        """
        match = sight.matches[0]
        seen = [fact for fact in event.facts if sight.sees(fact.source)]
        reasons = tuple(dict.fromkeys(each.reason for each in fired))
        document = {
            "alert": ids[0],
            "event": ids[1],
            "case": match.case.case,
            "matched": match.matched,
            **_time(seen),
            "sources": list(_sources(seen)),
            "level": fired[0].name,
            "reasons": list(reasons),
            "standing": _standing(history, is_escalating=is_escalating),
            "history": _history(history),
            "referral": self._referral(history.referral, sight),
            "children": self._children(seen, sight),
            "flags": sorted(set(self._flags(seen, sight))),
            "contact": self._contact(seen, sight),
            "covered": [
                {"agency": s.agency, "dataset": s.dataset, "from": iso_day(c.first), "to": iso_day(c.last)}
                for s, c in sorted(covered.items())
            ],
            "late": late,
        }  # fmt: skip
        plain = tuple(dict.fromkeys(each.plain for each in fired))
        # What is outside the encrypted part says no more than a depersonalised alert.
        return Content(
            *_level(fired), reasons=plain, late=late, case=match.case.case, document=document
        )

    def _rule(self, source: Source) -> DomesticRule | None:
        if source.dataset not in self._rules:
            known = source.dataset in self._catalogue.record_types
            found = self._catalogue.record_type(source.dataset).domestic if known else None
            self._rules[source.dataset] = found
        return self._rules[source.dataset]

    def _children(self, facts: Iterable[Fact], sight: Sight) -> int | None:
        told = [
            fact.children
            for fact in facts
            if (rule := self._rule(fact.source)) is not None
            and sight.tells(fact.source, rule.children_count)
            and fact.children is not None
        ]
        return max(told, default=None)

    def _flags(self, facts: Iterable[Fact], sight: Sight) -> Iterator[str]:
        for fact in facts:
            rule = self._rule(fact.source)
            if rule is not None:
                fields = {
                    "weapon": rule.weapon,
                    "order-or-bail": rule.order,
                    "children": rule.children,
                }
                yield from (f for f in fact.flags if sight.tells(fact.source, fields[f]))

    def _contact(self, facts: Sequence[Fact], sight: Sight) -> dict[str, Any] | None:
        """Return the newest safe contact of the victim that may be told."""
        for fact in sorted(facts, key=lambda f: f.supplied_ms, reverse=True):
            rule = self._rule(fact.source)
            if fact.contact is None or rule is None or rule.contact is None:
                continue
            found = self._decrypted(fact)
            approved = [n for n in _CONTACT if sight.tells(fact.source, f"{rule.contact}{n}")]
            told = {name: found[name] for name in approved if found.get(name) is not None}
            if told:
                return told
        return None

    def _decrypted(self, fact: Fact) -> Mapping[str, Any]:
        try:
            found = self._contacts.decrypt(fact.record, fact.contact or b"")
        except NotOfThisRecordError:
            return {}
        return found if isinstance(found, dict) else {}

    def _referral(self, referral: Referral | None, sight: Sight) -> dict[str, Any] | None:
        if referral is None:
            return None
        told: dict[str, Any] = {"date": iso_day(referral.day)}
        rule, risk = self._rule(referral.source), referral.risk
        if rule is None or rule.risk is None or risk is None:
            return told
        day = None if risk.day is None else iso_day(risk.day)
        values = dict(zip(_RISK, (risk.tool, risk.grade, day, risk.grader), strict=True))
        names = {"date": "graded_on"}
        return told | {
            names.get(part, part): value
            for part, value in values.items()
            if value is not None and sight.tells(referral.source, f"{rule.risk}{part}")
        }


def _time(seen: Sequence[Fact]) -> dict[str, Any]:
    """Return type, day and time of the event by the records that the recipient may see."""
    facts = [fact for fact in seen if fact.kind == "event"]
    if not facts:
        return {}
    dated = [fact for fact in facts if fact.is_dated]
    time = when(dated) if dated else None
    return {"type": facts[0].type} | (_day_and_time(time) if time else {})


def _day_and_time(time: When) -> dict[str, Any]:
    if time.minute is not None:
        local = _local(time.minute)
        return {"day": local.date().isoformat(), "time": local.strftime("%H:%M")}
    until = {} if time.day == time.until_day else {"until_day": iso_day(time.until_day)}
    return {"day": iso_day(time.day), **until}


def _sources(seen: Iterable[Fact]) -> Iterator[dict[str, str]]:
    first: dict[Source, int] = {}
    for fact in seen:
        first[fact.source] = min(first.get(fact.source, fact.supplied_ms), fact.supplied_ms)
    for source, supplied_ms in sorted(first.items()):
        supplied = datetime.fromtimestamp(supplied_ms // 1_000, UTC)
        yield {**source._asdict(), "supplied": supplied.isoformat()}


def _standing(history: History, *, is_escalating: bool) -> str:
    """Return the standing of the event, from the history that is shown; no person gets a label."""
    counts = (history.household, history.victim, history.same_direction, history.other_direction)
    if any(count.count for count in counts):
        return "escalating" if is_escalating else "repeat"
    return _NOTHING if history.is_empty else "first"


def _history(history: History) -> dict[str, Any]:
    return {
        "household": _count(history.household),
        "victim": _count(history.victim),
        "pair": {
            "same_direction": _count(history.same_direction),
            "other_direction": _count(history.other_direction),
        },
        "suspect_with_others": {"count": history.suspect_with_others},
    }


def _count(count: Count) -> dict[str, Any]:
    told: dict[str, Any] = {"count": count.count, "dates": [iso_day(day) for day in count.days]}
    if not count.is_exact:
        told["is_exact"] = False
    return told | {"days_since_last": count.days_since_last}

"""Check of the domestic alerts of a protocol: recipients, levels, schools and keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from isp.agreement.alerts import AlertRecipient, DomesticAlerts, Level, School
from schemas.positions import Finding, YamlPath

_PLACE: YamlPath = ("alerts", "domestic")

LONGEST_CLOSURE_DAYS = 92
"""Longest closure of a school. A longer one is a mistake, and would postpone deadlines for as long."""


class Around(NamedTuple):
    """The rest of the protocol: the group of each party by id, all `(agency, dataset)` that are supplied."""

    groups: Mapping[str, str]
    supplied: Collection[tuple[str, str]]


def alert_findings(domestic: DomesticAlerts, around: Around) -> Iterator[Finding]:
    """Yield each inconsistency of domestic alerts, with its place and the accepted values."""
    yield from _dataset_findings(domestic, around)
    yield from _recipient_findings(domestic, around)
    yield from _key_findings(domestic)
    yield from _level_findings(domestic)
    yield from _school_findings(domestic)


def _dataset_findings(domestic: DomesticAlerts, around: Around) -> Iterator[Finding]:
    accepted = sorted({dataset for _, dataset in around.supplied})
    for i, dataset in enumerate(domestic.datasets):
        place = (*_PLACE, "datasets", i)
        if dataset not in accepted:
            yield Finding(
                place, f"nobody supplies {dataset!r}; accepted: {', '.join(accepted) or 'none'}"
            )
        if domestic.datasets.index(dataset) < i:
            yield Finding(place, f"{dataset!r} is named twice; remove one of them")


def _recipient_findings(domestic: DomesticAlerts, around: Around) -> Iterator[Finding]:
    named = [recipient.party for recipient in domestic.recipients]
    central = ", ".join(party for party, group in around.groups.items() if group == "central")
    for i, recipient in enumerate(domestic.recipients):
        place, party = (*_PLACE, "recipients", i), recipient.party
        if party not in around.groups:
            yield Finding((*place, "party"), f"{party!r} is not a party; accepted: {central}")
        elif around.groups[party] != "central":
            message = (
                f"{party!r} is in the second group, which gets no information about domestic events "
                f"(guidance 2.2.4); accepted: {central}"
            )
            yield Finding((*place, "party"), message)
        if named.index(party) < i:
            message = f"{party!r} has an earlier entry; give each recipient one entry"
            yield Finding((*place, "party"), message)
        yield from _words_findings(place, recipient)


def _words_findings(place: YamlPath, recipient: AlertRecipient) -> Iterator[Finding]:
    terms, officer = recipient.terms, recipient.conflict_officer
    if terms is not None:
        if not terms.purpose.strip():
            message = "is blank; state the purpose of the disclosure"
            yield Finding((*place, "terms", "purpose"), message)
        for j, question in enumerate(terms.questions):
            if not question.strip():
                message = "is blank; state what the recipient needs to know"
                yield Finding((*place, "terms", "questions", j), message)
    if officer is None:
        return
    of_officer = (*place, "conflict_officer")
    if not officer.post.strip():
        yield Finding((*of_officer, "post"), "is blank; give the title of the post")
    if not officer.contact.strip():
        yield Finding((*of_officer, "contact"), "is blank; give the mailbox of the post")
    for name in ("key", "replaces"):
        if getattr(officer, name) is not None:
            message = "a conflict officer signs nothing; remove the entry"
            yield Finding((*of_officer, name), message)


def _key_findings(domestic: DomesticAlerts) -> Iterator[Finding]:
    """Yield a finding for each sealing key that is in use already, such as the key of the terms."""
    seen: dict[str, str] = {}
    for i, recipient in enumerate(domestic.recipients):
        parts = {"terms": recipient.terms, "conflict_officer": recipient.conflict_officer}
        for name, part in parts.items():
            if part is None:
                continue
            if part.sealing_key in seen:
                message = (
                    f"{part.sealing_key} is the sealing key of {seen[part.sealing_key]} already; the "
                    "terms and the conflict officer of each recipient need keys of their own"
                )
                yield Finding((*_PLACE, "recipients", i, name, "sealing_key"), message)
            seen.setdefault(part.sealing_key, f"the {name} of {recipient.party!r}")


def _level_findings(domestic: DomesticAlerts) -> Iterator[Finding]:
    names = [level.name for level in domestic.levels]
    last = len(domestic.levels) - 1
    for i, level in enumerate(domestic.levels):
        place = (*_PLACE, "levels", i)
        if names.index(level.name) < i:
            yield Finding((*place, "name"), f"the level {level.name!r} is named twice")
        if level.rule == "any" and i < last:
            message = "`any` applies to every event, so no later level is reached; put it last"
            yield Finding((*place, "rule"), message)
        if level.rule != "any" and i == last:
            message = (
                f"the last level must apply to every event; accepted: any (given: {level.rule})"
            )
            yield Finding((*place, "rule"), message)
        if level.rule == "graded" and not level.grades:
            yield Finding((*place, "grades"), "is empty; name the grades of the level")
    longest = _longest(domestic.levels)
    if longest is not None and longest.days > domestic.history_days:
        message = (
            f"{domestic.history_days} days are shorter than the {longest.days} days of the level "
            f"{longest.name!r}; accepted: {longest.days} or more"
        )
        yield Finding((*_PLACE, "history_days"), message)


def _longest(levels: Collection[Level]) -> Level | None:
    """Return the level that looks furthest back, or None if no level looks back."""
    back = [level for level in levels if level.rule != "any"]
    return max(back, key=lambda level: level.days, default=None)


def _school_findings(domestic: DomesticAlerts) -> Iterator[Finding]:
    recipients = [recipient.party for recipient in domestic.recipients]
    accepted = ", ".join(recipients)
    numbers = [school.urn for school in domestic.schools]
    for i, school in enumerate(domestic.schools):
        place = (*_PLACE, "schools", i)
        if numbers.index(school.urn) < i:
            yield Finding((*place, "urn"), f"the school {school.urn} is named twice")
        if school.party not in recipients:
            message = f"{school.party!r} is not a recipient of alerts; accepted: {accepted}"
            yield Finding((*place, "party"), message)
        yield from _closure_findings(place, school)
    if domestic.home_educated is not None and domestic.home_educated not in recipients:
        message = f"{domestic.home_educated!r} is not a recipient of alerts; accepted: {accepted}"
        yield Finding((*_PLACE, "home_educated"), message)


def _closure_findings(place: YamlPath, school: School) -> Iterator[Finding]:
    for j, closure in enumerate(school.closed):
        days = (closure.until - closure.begin).days + 1
        if days < 1:
            message = f"{closure.until} is before the first day, {closure.begin}"
            yield Finding((*place, "closed", j, "until"), message)
        elif days > LONGEST_CLOSURE_DAYS:
            message = (
                f"the closure has {days} days; accepted: at most {LONGEST_CLOSURE_DAYS}. If the school "
                "has closed for good, remove its entry"
            )
            yield Finding((*place, "closed", j, "until"), message)

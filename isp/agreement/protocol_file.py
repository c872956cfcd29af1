"""Reader of protocol files, with a check against the catalogue; each finding has its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from isp.agreement.emerging_findings import type_findings
from isp.agreement.law import load_law
from isp.agreement.protocol import INCONSISTENT, Protocol, ProtocolError
from isp.agreement.protocol_law import law_findings
from isp.agreement.review_date import review_notice
from schemas.catalogue import Catalogue
from schemas.domestic_rule import EVENT
from schemas.explained import explained, problems_of
from schemas.positions import Finding, YamlPath, located, settings_at
from schemas.record_type import Status as RecordStatus
from schemas.scrubbed import PROFILE, scrubbable
from schemas.yaml_file import parse_yaml, read_content, read_yaml


def load_protocol(path: Path, catalogue: Catalogue) -> Protocol:
    """Read a protocol file and check it against the record types and sources of the catalogue.

    Raises:
        ProtocolError: one line per finding, each with file, line, place and the accepted values.
    """
    return parse_protocol(read_content(path, ProtocolError), path, catalogue)


def parse_protocol(content: bytes, path: Path, catalogue: Catalogue) -> Protocol:
    """Parse the content of a protocol file; `path` is for messages. Errors as `load_protocol`."""
    document = parse_yaml(content, path, ProtocolError)
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError as error:
        findings = list(_explained(error))
        raise ProtocolError(located(findings, path, document, "protocol")) from None
    _raise_findings(list(_findings(protocol, catalogue)), path, document)
    return protocol


def _explained(error: ValidationError) -> Iterator[Finding]:
    """Yield the findings of the model's errors; findings across several fields have their own places."""
    for problem in problems_of(error):
        if problem["type"] == INCONSISTENT:
            yield from problem["ctx"]["findings"]
        elif not problem["loc"]:
            accepted = ", ".join(settings_at(Protocol, ("",)))
            yield Finding((), f"is not a protocol; accepted: {accepted}")
        else:
            yield explained(problem, Protocol)


def overdue_review(path: Path, protocol: Protocol, day: date) -> list[str]:
    """Return a finding with its line for an overdue review, and for each agreement not valid on `day`."""
    notice, found = review_notice(protocol, day), list[Finding]()
    if notice is not None and day > protocol.review:
        found.append(Finding(("review",), notice))
    for i, neighbour in enumerate(protocol.neighbours):
        if neighbour.agreement is not None and day < neighbour.agreement.agreed_on:
            message = f"{neighbour.agreement.agreed_on} is in the future"
            found.append(Finding(("neighbours", i, "agreement", "agreed_on"), message))
        if neighbour.agreement is not None and day > neighbour.agreement.until:
            message = f"{neighbour.short_name!r} agreed until {neighbour.agreement.until}"
            message += "; no record of its area is released any more"
            found.append(Finding(("neighbours", i, "agreement", "until"), message))
    document = read_yaml(path, ProtocolError) if found else None
    return [located([finding], path, document, "protocol") for finding in found]


def _raise_findings(findings: list[Finding], path: Path, document: Any) -> None:
    if findings:
        raise ProtocolError(located(findings, path, document, "protocol"))


def _findings(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    unknown = list(_unknown_datasets(protocol, catalogue))
    yield from unknown
    if not unknown:
        yield from _suppliers(protocol, catalogue)
        yield from _profiles(protocol, catalogue)
        yield from _openings(protocol, catalogue)
        yield from law_findings(protocol, catalogue, load_law())
        yield from _sources_of_alerts(protocol, catalogue)
        if protocol.emerging_problems is not None:
            yield from type_findings(protocol.emerging_problems, catalogue)
    yield from _aggregates(protocol, catalogue)
    yield from _scrubbed_texts(protocol, catalogue)


def _unknown_datasets(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    named: list[tuple[YamlPath, str]] = [
        (("supplies", i, "dataset"), s.dataset) for i, s in enumerate(protocol.supplies)
    ]
    named += [
        (("receives", i, "datasets", j), dataset)
        for i, e in enumerate(protocol.receives)
        for j, dataset in enumerate(e.datasets)
    ]
    named += [
        (("alerts", "domestic", "datasets", i), dataset)
        for i, dataset in enumerate(_datasets_of_alerts(protocol))
    ]
    emerging = protocol.emerging_problems
    named += [
        (("alerts", "emerging", "datasets", i), dataset)
        for i, dataset in enumerate(() if emerging is None else emerging.datasets)
    ]
    named += [(("openings", i, "dataset"), o.dataset) for i, o in enumerate(protocol.openings)]
    accepted = ", ".join(sorted(catalogue.record_types))
    for place, dataset in named:
        if dataset not in catalogue.record_types:
            yield Finding(place, f"dataset {dataset!r} is unknown; accepted: {accepted}")


def _suppliers(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    kinds = {p.id: p.kind for p in protocol.parties}
    for i, supply in enumerate(protocol.supplies):
        accepted = catalogue.record_type(supply.dataset).suppliers
        if kinds[supply.agency] not in accepted:
            yield Finding(
                ("supplies", i, "agency"),
                f"{supply.agency!r} is a {kinds[supply.agency]}; {supply.dataset} is supplied by "
                f"{' or '.join(accepted)} (guidance 3.2)",
            )


def _profiles(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    for i, entitlement in enumerate(protocol.receives):
        for j, dataset in enumerate(entitlement.datasets):
            record_type = catalogue.record_type(dataset)
            if entitlement.profile not in record_type.profiles:
                yield Finding(
                    ("receives", i, "datasets", j),
                    f"{dataset} has no release in the profile {entitlement.profile!r}; accepted: "
                    f"{', '.join(record_type.profiles)}",
                )


def _openings(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    for i, opening in enumerate(protocol.openings):
        record_type = catalogue.record_type(opening.dataset)
        if record_type.status is RecordStatus.CASE_BY_CASE:
            message = f"{opening.dataset} is shared case by case, so it needs no opening (3.1.1.1)"
            yield Finding(("openings", i, "dataset"), message)
        elif record_type.core:
            message = (
                f"{opening.dataset} is core, so it is always shared and needs no opening (Table 1)"
            )
            yield Finding(("openings", i, "dataset"), message)


def _datasets_of_alerts(protocol: Protocol) -> tuple[str, ...]:
    return () if protocol.domestic_alerts is None else protocol.domestic_alerts.datasets


def _sources_of_alerts(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield a finding for each dataset of alerts that has no facts for them.

    A peripheral dataset needs no opening here, as in other entries: its records are used while it is open.
    """
    known = {t.dataset: t.domestic for t in catalogue.record_types.values() if t.domestic}
    for i, dataset in enumerate(_datasets_of_alerts(protocol)):
        if dataset not in known:
            message = (
                f"{dataset} has no facts of domestic events; accepted: {', '.join(sorted(known))}"
            )
            yield Finding(("alerts", "domestic", "datasets", i), message)
    chosen = [known[d] for d in _datasets_of_alerts(protocol) if d in known]
    if chosen and not any(rule.kind == EVENT for rule in chosen):
        accepted = ", ".join(sorted(d for d, rule in known.items() if rule.kind == EVENT))
        message = f"no dataset has events, so no alert is ever raised; add one of: {accepted}"
        yield Finding(("alerts", "domestic", "datasets"), message)


def _scrubbed_texts(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    accepted = [
        f"{dataset}.{field.name}"
        for dataset, record_type in sorted(catalogue.record_types.items())
        if PROFILE in protocol.profiles_of(dataset)
        for field in scrubbable(record_type, PROFILE)
    ]
    for i, text in enumerate(protocol.sanitising.scrubbed_texts):
        if text not in accepted:
            message = f"{text!r} may not be scrubbed; accepted: {', '.join(accepted)}"
            yield Finding(("sanitising", "scrubbed_texts", i), message)


def _aggregates(protocol: Protocol, catalogue: Catalogue) -> Iterator[Finding]:
    accepted = ", ".join(sorted(catalogue.aggregates))
    for i, agreement in enumerate(protocol.aggregates):
        source = catalogue.aggregates.get(agreement.source)
        if source is None:
            message = f"source {agreement.source!r} is unknown; accepted: {accepted}"
            yield Finding(("aggregates", i, "source"), message)
        elif source.restricted and not agreement.recipients:
            message = f"{source.id} is RESTRICTED (guidance {source.guidance}): name its recipients"
            yield Finding(("aggregates", i, "source"), message)
        elif not source.restricted and agreement.recipients:
            message = f"{source.id} is public and goes to every party: name no recipients"
            yield Finding(("aggregates", i, "recipients"), message)

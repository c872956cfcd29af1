"""Check of the emerging problems of a protocol: datasets, recipients, groups and periods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from isp.agreement.emerging import EmergingProblems, ProblemGroup
from schemas.catalogue import Catalogue
from schemas.positions import Finding, YamlPath

_PLACE: YamlPath = ("alerts", "emerging")


class Sharing(NamedTuple):
    """The rest of the protocol.

    `supplied` are all datasets that somebody supplies. `received` has the datasets that each party receives
    of this area in a depersonalised profile from which problems can be detected. Depersonalised releases are
    retained for `retained_days`. `is_coarse` is True if this leaves out profile `second`, because its dates
    or places are coarser than findings need.
    """

    supplied: Collection[str]
    received: Mapping[str, Collection[str]]
    retained_days: int
    is_coarse: bool = False


def emerging_findings(emerging: EmergingProblems, sharing: Sharing) -> Iterator[Finding]:
    """Yield each inconsistency of emerging problems, with its place and the accepted values."""
    yield from _dataset_findings(emerging, sharing)
    yield from _recipient_findings(emerging, sharing)
    yield from _group_findings(emerging)
    yield from _period_findings(emerging, sharing)
    yield from _twice("evaluations", emerging.evaluations, "the time {}")


def type_findings(emerging: EmergingProblems, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield a finding for each dataset without events at a place, unknown code and name of a type.

    All datasets are in the catalogue.
    """
    codes = _codes(catalogue)
    for i, dataset in enumerate(emerging.datasets):
        if dataset not in codes:
            message = f"{dataset} has no dated events at a place; accepted: {_shown(codes)}"
            yield Finding((*_PLACE, "datasets", i), message)
    used = {dataset: codes[dataset] for dataset in emerging.datasets if dataset in codes}
    for i, group in enumerate(emerging.groups):
        place = (*_PLACE, "groups", i)
        yield from _code_findings((*place, "types"), group, used)
        for dataset in (d for d, known in used.items() if group.name in known):
            message = (
                f"{group.name!r} is a type of {dataset} already; give the group a name of its own"
            )
            yield Finding((*place, "name"), message)


def _code_findings(
    place: YamlPath, group: ProblemGroup, used: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    for dataset, types in group.types.items():
        for j, code in enumerate(types):
            if dataset in used and code not in used[dataset]:
                message = f"{code!r} is not a type of {dataset}; accepted: {_shown(used[dataset])}"
                yield Finding((*place, dataset, j), message)


def _codes(catalogue: Catalogue) -> dict[str, Collection[str]]:
    """Return the codes of the types of events, for each dataset that has dated events at a place."""
    fields = {t.dataset: t.field(t.problem.type) for t in catalogue if t.problem is not None}
    return {
        dataset: catalogue.code_lists[str(field.code_list)].spellings.keys()
        for dataset, field in fields.items()
    }


def _dataset_findings(emerging: EmergingProblems, sharing: Sharing) -> Iterator[Finding]:
    for i, dataset in enumerate(emerging.datasets):
        if dataset not in sharing.supplied:
            message = f"nobody supplies {dataset!r}; accepted: {_shown(sharing.supplied)}"
            yield Finding((*_PLACE, "datasets", i), message)
    yield from _twice("datasets", emerging.datasets, "the dataset {!r}")


def _recipient_findings(emerging: EmergingProblems, sharing: Sharing) -> Iterator[Finding]:
    used = {*emerging.datasets}
    accepted = [p for p, received in sharing.received.items() if not used.isdisjoint(received)]
    for i, recipient in enumerate(emerging.recipients):
        place, party = (*_PLACE, "recipients", i, "party"), recipient.party
        if party not in sharing.received:
            yield Finding(place, f"{party!r} is not a party; accepted: {_shown(accepted)}")
        elif party not in accepted:
            coarse = ""
            if sharing.is_coarse:
                coarse = " other than 'second', which is too coarse by `sanitising.second`"
            message = (
                f"{party!r} receives none of these datasets in a depersonalised profile{coarse}, so it would "
                f"get no finding; accepted: {_shown(accepted)}"
            )
            yield Finding(place, message)
    named = [recipient.party for recipient in emerging.recipients]
    yield from _twice("recipients", named, "the recipient {!r}", "party")


def _group_findings(emerging: EmergingProblems) -> Iterator[Finding]:
    named = [group.name for group in emerging.groups]
    yield from _twice("groups", named, "the group {!r}", "name")
    for i, group in enumerate(emerging.groups):
        for dataset, types in group.types.items():
            place = (*_PLACE, "groups", i, "types", dataset)
            if dataset not in emerging.datasets:
                message = f"{dataset!r} is not used; accepted: {_shown(emerging.datasets)}"
                yield Finding(place, message)
            for j, code in enumerate(types):
                if types.index(code) < j:
                    message = f"the type {code!r} is named twice; remove one of them"
                    yield Finding((*place, j), message)


def _period_findings(emerging: EmergingProblems, sharing: Sharing) -> Iterator[Finding]:
    study, keep = emerging.study_days, emerging.keep_days
    # The study period has the days of the window too; the other half says what is expected.
    for name in ("window_days", "near_repeat_days"):
        days = getattr(emerging, name)
        if 2 * days >= study:
            message = (
                f"{days} days are not less than half of the {study} days of `study_days`; accepted: 1 to "
                f"{(study - 1) // 2}"
            )
            yield Finding((*_PLACE, name), message)
    if emerging.history_days < study:
        message = (
            f"{emerging.history_days} days are shorter than the {study} days of `study_days`; accepted: "
            f"{study} or more"
        )
        yield Finding((*_PLACE, "history_days"), message)
    if study > sharing.retained_days:
        message = (
            f"{study} days are longer than releases are retained (`retention.depersonalised_days`); "
            f"accepted: at most {sharing.retained_days}"
        )
        yield Finding((*_PLACE, "study_days"), message)
    if emerging.close_days > keep:
        message = (
            f"{emerging.close_days} days are longer than findings are retained (`keep_days`), so nobody "
            f"would read of the end of a problem; accepted: at most {keep}"
        )
        yield Finding((*_PLACE, "close_days"), message)


def _twice(part: str, values: Sequence[object], words: str, *below: str) -> Iterator[Finding]:
    """Yield a finding for each value that a list has already."""
    for i, value in enumerate(values):
        if values.index(value) < i:
            message = f"{words.format(value)} is named twice; remove one of them"
            yield Finding((*_PLACE, part, i, *below), message)


def _shown(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"

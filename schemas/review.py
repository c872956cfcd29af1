"""The reviewed protection of the declarations, and each later change that protects less."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.codes import CodeList
from schemas.declaration import is_no_looser, parse_treatment
from schemas.record_type import COARSEST, RecordType, Sensitivity

REVIEWED_FILE = SCHEMA_FOLDER / "reviewed.json"
Reviewed = Mapping[str, Any]


def snapshot(catalogue: Catalogue) -> dict[str, Any]:
    """Return all parts of the declarations that protect people, for review as a diff."""
    types = {r.dataset: _of(r) for r in sorted(catalogue, key=lambda r: r.dataset)}
    return types | {_CODE_LISTS: _told(catalogue.code_lists)}


def as_text(reviewed: Reviewed) -> str:
    """Return the snapshot as the text of the committed file: one line per field."""
    parts = []
    for dataset, about in reviewed.items():
        if dataset == _CODE_LISTS:
            lists = [f"  {json.dumps(n)}: {json.dumps(told)}" for n, told in about.items()]
            parts.append("\n".join([f"{json.dumps(dataset)}: {{", ",\n".join(lists), "}"]))
            continue
        head = [f"  {json.dumps(k)}: {json.dumps(v)}," for k, v in about.items() if k != "fields"]
        fields = [f"    {json.dumps(n)}: {json.dumps(f)}" for n, f in about["fields"].items()]
        body = ",\n".join(fields)
        parts.append(
            "\n".join([f"{json.dumps(dataset)}: {{", *head, f'  "fields": {{\n{body}\n  }}}}'])
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def loosened(reviewed: Reviewed, catalogue: Catalogue) -> list[str]:
    """Return each way in which the declarations protect less than the reviewed ones."""
    found = [finding for record_type in catalogue for finding in _loosened(reviewed, record_type)]
    return found + list(_newly_told(reviewed.get(_CODE_LISTS, {}), _told(catalogue.code_lists)))


_ONLY = "only"
_NOT_DOMESTIC = "not_domestic"
_CODE_LISTS = "code lists"


def _told(code_lists: Mapping[str, CodeList]) -> dict[str, dict[str, Any]]:
    """Return, by list, the codes that the coarsest profile gets, and those that it gets as another code."""
    return {
        name: {
            "told": [
                c for c in listed.spellings if not telling.leaves_out(c) and c not in telling.merged
            ],
            "merged": dict(telling.merged),
        }
        for name, listed in sorted(code_lists.items())
        if (telling := listed.profiles.get(COARSEST)) is not None
    }


def _newly_told(before: Reviewed, now: Reviewed) -> Iterator[str]:
    for name, listed in now.items():
        reviewed = before.get(name, {"told": [], "merged": {}})
        for code in listed["told"]:
            if code not in reviewed["told"]:
                yield f"{name}: {COARSEST} gets {code}, which was not reviewed"
        for code, into in listed["merged"].items():
            if code not in reviewed["told"] and reviewed["merged"].get(code) != into:
                yield f"{name}: {COARSEST} gets {code} as {into}, which was not reviewed"


def _of(record_type: RecordType) -> dict[str, Any]:
    return {
        "information": record_type.information.value,
        "profiles": list(record_type.profiles),
        "status": record_type.status.value,
        "excluded": {
            profile: {"flag": rule.flag, "codes": {f: sorted(c) for f, c in rule.codes.items()}}
            for profile, rule in record_type.excluded.items()
        },
        **({_NOT_DOMESTIC: record_type.not_domestic} if record_type.not_domestic else {}),
        "fields": {
            f.name: {
                "sensitivity": f.sensitivity.value,
                **{profile: str(treatment) for profile, treatment in f.treatments.items()},
                **({_ONLY: {n: sorted(codes) for n, codes in f.only.items()}} if f.only else {}),
            }
            for f in record_type.fields
        },
    }


def _loosened(reviewed: Reviewed, record_type: RecordType) -> Iterator[str]:
    dataset, now = record_type.dataset, _of(record_type)
    before = reviewed.get(dataset)
    if before is None:
        yield f"{dataset}: the record type was not reviewed"
        return
    if _rank(now["information"]) < _rank(before["information"]):
        yield f"{dataset}: information fell from {before['information']} to {now['information']}"
    for profile in sorted(set(now["profiles"]) - set(before["profiles"])):
        yield f"{dataset}: the profile {profile} was not reviewed"
    if before["status"] == "peripheral" != now["status"]:
        yield f"{dataset}: the dataset is shared without an opening"
    if now.get(_NOT_DOMESTIC) != before.get(_NOT_DOMESTIC) and _NOT_DOMESTIC in now:
        yield f"{dataset}: the reason why no row is domestic was not reviewed"
    yield from _readmitted(dataset, before["excluded"], now["excluded"])
    for name, field in now["fields"].items():
        yield from _field(f"{dataset}.{name}", before["fields"].get(name), field)


def _readmitted(dataset: str, before: Reviewed, now: Reviewed) -> Iterator[str]:
    for profile, rule in before.items():
        kept = now.get(profile)
        if kept is None or kept["flag"] != rule["flag"]:
            yield f"{dataset}: {profile} gets rows that {rule['flag']} excluded"
            continue
        for field, codes in rule["codes"].items():
            for code in sorted(set(codes) - set(kept["codes"].get(field, ()))):
                yield f"{dataset}: {profile} gets rows where {field} is {code}"


def _field(where: str, before: Reviewed | None, now: Reviewed) -> Iterator[str]:
    if before is None:
        yield f"{where}: the field was not reviewed"
        return
    if _rank(now["sensitivity"]) < _rank(before["sensitivity"]):
        yield f"{where}: sensitivity fell from {before['sensitivity']} to {now['sensitivity']}"
    for field, codes in before.get(_ONLY, {}).items():
        if not set(now.get(_ONLY, {}).get(field, [*codes, ""])) <= set(codes):
            yield f"{where}: is released for codes of {field} that were not reviewed"
    for profile in (name for name in now if name not in {"sensitivity", _ONLY}):
        given, reviewed = now[profile], before.get(profile, "drop")
        if not is_no_looser(parse_treatment(given, where), parse_treatment(reviewed, where)):
            yield f"{where}: {profile} has the treatment {given!r}, but {reviewed!r} was reviewed"


def _rank(sensitivity: str) -> int:
    return Sensitivity(sensitivity).rank

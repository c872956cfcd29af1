"""The content of an alert as lines of text. Pure.

Known parts come first, in the order in which a duty officer reads them. Parts that this release does not know
are shown too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.plain_text import visible

_LABELS: Final = {
    "level": "level",
    "reasons": "why",
    "standing": "standing",
    "type": "type of event",
    "day": "day",
    "time": "time",
    "hour": "hour",
    "area": "postcode district",
    "matched": "matched by",
    "contact": "safe contact of the victim",
    "children": "children",
    "flags": "flags",
    "history": "earlier events",
    "household": "at the household",
    "victim": "of the victim",
    "pair": "of these two people",
    "same_direction": "in the same roles",
    "other_direction": "with the roles swapped",
    "suspect_with_others": "of the suspect with others",
    "count": "number",
    "dates": "dates",
    "days_since_last": "days since the last",
    "referral": "referral to a MARAC",
    "graded_on": "graded on",
    "no_voicemail": "no voicemail",
    "no_letter": "no letter",
    "sources": "sources",
    "covered": "covered",
    "late": "supplied late",
    "case": "case",
}

_IDS: Final = frozenset({"alert", "event"})
_INDENT: Final = "  "


def content_lines(content: Mapping[str, Any]) -> list[str]:
    """Return the lines of a content; a character that could control a terminal is an escape."""
    order = {name: place for place, name in enumerate(_LABELS)}
    names = sorted(content.keys() - _IDS, key=lambda name: (order.get(name, len(order)), name))
    return [
        text for name in names for text in _part(_LABELS.get(name, str(name)), content[name], "")
    ]


def _part(label: str, value: Any, indent: str) -> Iterator[str]:
    begin = visible(f"{indent}{label}")
    if isinstance(value, Mapping):
        yield f"{begin}:"
        for name, inner in value.items():
            yield from _part(_LABELS.get(str(name), str(name)), inner, indent + _INDENT)
    elif _is_list(value) and (_has_parts(value) or _is_sentences(value)):
        yield f"{begin}:"
        for each in value:
            yield visible(f"{indent}{_INDENT}{_one(each)}")
    else:
        yield f"{begin}: {visible(_one(value))}"


def _one(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_LABELS.get(str(name), name)} {_one(v)}" for name, v in value.items())
    if _is_list(value):
        return ", ".join(map(_one, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none recorded here" if value is None else str(value)


def _has_parts(values: Sequence[Any]) -> bool:
    return any(isinstance(each, Mapping) for each in values)


def _is_sentences(values: Sequence[Any]) -> bool:
    """Return True for several texts with spaces, which are not readable on one line."""
    return len(values) > 1 and all(" " in str(each) for each in values)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)

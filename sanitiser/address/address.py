"""Split an address and release its street and town (guidance, Appendix 1).

Flat, house number, house name, organisation and all other words next to the street are removed. The
street is found by its thoroughfare word. If this is not certain, the whole address is withheld.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sanitiser.address.guard import SEVERAL, doubt, is_run_together
from sanitiser.address.listed import find_listed
from sanitiser.address.numbered import is_behind_a_house_number
from sanitiser.address.segments import (
    JOINED,
    Segment,
    Street,
    is_first,
    is_ordinal,
    is_thoroughfare,
    key_of,
    leftover,
    may_be_somebody,
    read_segment,
)
from sanitiser.address.words import localities, settlements, words
from sanitiser.places.postcodes import FORM, INWARD, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sanitiser.address.listed import Streets

NOT_LISTED: Final = "street-not-listed"
SEVERAL_POSTCODES: Final = "several-postcodes"

_CACHED: Final = 65_536
_LONGEST: Final = 500
"""Longest address that is split, in characters; postal addresses are much shorter."""
_HOUSE_NUMBER: Final = re.compile(r"\A[1-9]\d{0,2}(?=\s+[A-Za-z])", re.ASCII)
_NUMBER_ALONE: Final = re.compile(r"(?!(?:19|20)\d\d)\d{1,4}[A-Za-z]?", re.ASCII)
_POSTCODE: Final = re.compile(rf"\b({FORM}\s*{INWARD})\b", re.IGNORECASE | re.ASCII)
_OUTWARD_AT_END: Final = re.compile(rf"(?:^|[\s,]){FORM}[\s,.]*$", re.IGNORECASE | re.ASCII)
_BRACKETED: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_RANGE: Final = re.compile(
    r"(\d[A-Za-z]?)\s+[-\u2013\u2014]\s*(?=\d)|(\d[A-Za-z]?)[-\u2013\u2014]\s+(?=\d)"
)
_SEPARATOR: Final = re.compile(r"[,;:\n\r\t|]+|\s{2,}|\s[-\u2013\u2014]+\s|\.\s*,")
_JUNCTIONS: Final = frozenset(
    {"junction", "junc", "jct", "jctn", "jcn", "jn", "j/w", "jw", "corner"}
)
_BEGIN_OF_WORD: Final = re.compile(r"(?<![^\W_])(?!(?<=['’])s\b)[^\W\d_]")
"""Not the s of Okonkwo's or the letters of 1st."""
_BETWEEN_WORDS: Final = re.compile(r"(?<=[^\W\d_]{2})/(?=[^\W\d_]{2})")
_RELEASABLE: Final = re.compile(r"[A-Za-z0-9\u00c0-\u024f\u1e00-\u1eff ,.'\u2019&/-]+")


class SplitAddress(NamedTuple):
    """The parts of an address, and a reason code if its street may not be released.

    `street` and `locality` are as written. `locality` is everything after the street and may have
    any content; `towns` are the known settlements in it. `postcode` is canonical, and None if the
    address has none or several different ones. `alone` means that a house number is directly before
    the street, and that nothing else in the address can be a street. `listed` are the names of the street
    in a list; two at a junction, none without a list or if the list does not have it nearby.
    """

    street: str | None
    locality: str | None
    towns: tuple[str, ...]
    postcode: str | None
    certain: bool
    reason: str | None
    alone: bool = False
    listed: tuple[str, ...] = ()


def split(address: str) -> SplitAddress:
    """Split an address into street and locality; `certain` means that no other words are left."""
    if len(address) > _LONGEST:
        return SplitAddress(None, None, (), None, certain=False, reason="too-long")
    return _split(_with_one_number(address))


def split_by_list(address: str, streets: Streets) -> SplitAddress:
    """Split an address by evidence: `streets` are the listed ones around the record's postcode.

    The street is in the list's own spelling. A street that the list does not have counts as certain
    only if a house number is directly before it, and nothing else in the address can be a street.
    """
    if len(address) > _LONGEST:
        return split(address)
    return _split_by_list(_with_one_number(address), streets)


def _with_one_number(address: str) -> str:
    """Return the address with its first number as 1, so that houses of a street are split once."""
    return _HOUSE_NUMBER.sub("1", address, count=1)


@lru_cache(maxsize=_CACHED)
def _split_by_list(address: str, streets: Streets) -> SplitAddress:
    parts, postcode, several = _read(address)
    segments = [_BETWEEN_WORDS.sub(" / ", part).split() for part in parts]
    found = find_listed(segments, streets)
    if found.segment is None or found.end is None:
        unlisted = _split(address)
        reason = unlisted.reason or found.reason or (None if unlisted.alone else NOT_LISTED)
        street = unlisted.street and _capitalised(unlisted.street)
        towns = tuple(map(_capitalised, unlisted.towns))
        return unlisted._replace(street=street, towns=towns, certain=reason is None, reason=reason)
    behind = [
        tuple(segments[found.segment][found.end :]),
        *map(tuple, segments[found.segment + 1 :]),
    ]
    localities = [(tokens, tuple(map(key_of, tokens))) for tokens in behind]
    reason = SEVERAL_POSTCODES if several else None
    locality = ", ".join(" ".join(tokens) for tokens in behind if tokens) or None
    towns = tuple(map(_capitalised, _towns(localities)))
    return SplitAddress(
        found.street, locality, towns, postcode, reason is None, reason, listed=found.names
    )


def _capitalised(name: str) -> str:
    """Return a name in one spelling, because its capitals as typed show who typed it."""
    return _BEGIN_OF_WORD.sub(lambda match: match[0].upper(), name.lower())


def _read(address: str) -> tuple[list[str], str | None, bool]:
    """Return the parts of an address between separators, its only postcode, and whether it has several."""
    plain = address if address.isascii() else unicodedata.normalize("NFKC", address)
    text, postcodes = _without_postcodes(plain)
    postcode = next(iter(postcodes)) if len(postcodes) == 1 else None
    return _parts(text), postcode, len(postcodes) > 1


@lru_cache(maxsize=_CACHED)
def _split(address: str) -> SplitAddress:
    parts, postcode, several = _read(address)
    junction = None if several else _at_junction(parts, postcode)
    if junction is not None:
        return junction
    segments = [read_segment(part, first=at == 0) for at, part in enumerate(parts)]
    at = _street_at(segments)
    if at is None:
        return SplitAddress(None, None, (), postcode, certain=False, reason="no-street")
    segment = segments[at]
    street = segment.street
    assert street is not None
    localities = [
        (segment.tokens[street.end :], segment.keys[street.end :]),
        *((s.tokens, s.keys) for s in segments[at + 1 :]),
    ]
    named = slice(street.start, street.end)
    ends = frozenset(key for key in segment.keys if is_thoroughfare(key))
    guarded = doubt(segment.tokens[named], segment.keys[named], is_thoroughfare=ends)
    reason = (
        guarded
        or (None if street.numbered else is_run_together(segment.tokens[: street.start]))
        or _doubt(segments, at)
        or _leftover(segment.keys[street.start : street.end], localities)
    )
    if several:
        reason = SEVERAL_POSTCODES
    name = " ".join(segment.tokens[street.start : street.end]).rstrip(".")
    locality = ", ".join(" ".join(tokens) for tokens, _ in localities if tokens) or None
    alone = (
        sum(s.street is not None for s in segments) == 1
        and is_behind_a_house_number(segments, at, street)
        and not _has_brackets_before(address, segment.tokens[street.start])
    )
    return SplitAddress(
        name, locality, _towns(localities), postcode, reason is None, reason, alone=alone
    )


def _has_brackets_before(address: str, word: str) -> bool:
    """Return True if words in brackets, which no segment has, may be before a word."""
    before = address.partition(word)[0]
    return "(" in before or "[" in before


def _at_junction(parts: Sequence[str], postcode: str | None) -> SplitAddress | None:
    """Return the certain ones of the two streets of a junction; None if the address is no junction."""
    names = _names_at_junction(parts[0].split()) if parts else []
    locality = ", ".join(parts[1:])
    read = [_split(f"{name}, {locality}") for name in names]
    certain = [found for found in read if found.certain and found.street]
    if not read:
        return None
    if not certain:
        return read[0]._replace(postcode=postcode)
    if len(certain) == 1:
        return certain[0]._replace(postcode=postcode)
    begin = parts[0].index(names[0])
    end = parts[0].index(names[1], begin + len(names[0]))
    joint = parts[0][begin + len(names[0]) : end]
    street = f"{certain[0].street}{joint}{certain[1].street}"
    return certain[1]._replace(street=street, postcode=postcode)


def _names_at_junction(tokens: Sequence[str]) -> list[str]:
    """Return the two names of "Junction of … and …"; none without such words."""
    keys = list(map(key_of, tokens))
    joined = [at for at, key in enumerate(keys) if key in JOINED]
    if not keys or keys[0] not in _JUNCTIONS or len(joined) != 1:
        return []
    if not _JUNCTIONS.isdisjoint(keys[1:]):
        return []
    begin = 1 + (keys[1] in {"of", "at"})
    return [" ".join(tokens[begin : joined[0]]), " ".join(tokens[joined[0] + 1 :])]


def _towns(behind: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[str, ...]:
    """Return the known settlements after a street, each of them the only words of its part."""
    known = [(tokens, keys) for tokens, keys in behind if keys in settlements()]
    # Barry, Nelson, Derby: a town that is also a person's name counts only as the last settlement.
    told = [tokens for tokens, keys in known[:-1] if words().person.isdisjoint(keys)]
    return tuple(" ".join(tokens).rstrip(".") for tokens in (*told, *(t for t, _ in known[-1:])))


def released_address(address: str) -> str | None:
    """Return the street and towns of an address; None if the split is not certain.

    Only well-known settlements after the street are released. A village cannot be distinguished
    from the name of a house or a person in the same place ("5 Acacia Avenue, John Smith, Bath"),
    and the released postcode and district say where the street is.
    """
    return released_part(split(address))


def released_part(parts: SplitAddress) -> str | None:
    """Return what `released_address` gives of an address that was split."""
    return ", ".join([parts.street, *parts.towns]) if parts.certain and parts.street else None


def _without_postcodes(text: str) -> tuple[str, set[str | None]]:
    found = {normalise(match[1]) for match in _POSTCODE.finditer(text)}
    return _OUTWARD_AT_END.sub("", _POSTCODE.sub(",", text)), found


def _parts(text: str) -> list[str]:
    plain = _RANGE.sub(r"\1\2-", _BRACKETED.sub(",", text))
    parts = [part for part in map(str.strip, _SEPARATOR.split(plain)) if part]
    if len(parts) > 1 and _NUMBER_ALONE.fullmatch(parts[0]):
        return [f"{parts[0]} {parts[1]}", *parts[2:]]  # 12, Acacia Avenue
    return parts


def _street_at(segments: Sequence[Segment]) -> int | None:
    """Pick the street: the last strong one after a number, else the last strong one, else with evidence.

    The last one, because a block before the street can be named like a street: 1 The Mews, 5 Anne
    Street. A number distinguishes a street from a person: 5 Acacia Avenue, Harry Lane.
    """
    numbered = [
        at for at, s in enumerate(segments) if s.street and s.street.strong and s.street.numbered
    ]
    if numbered:
        return numbered[-1]
    strong = _strong(segments)
    if strong:
        return strong[-1]
    shown = [at for at, s in enumerate(segments) if s.street and _has_evidence(segments, at)]
    return shown[-1] if shown else None


def _strong(segments: Sequence[Segment]) -> list[int]:
    return [
        at
        for at, s in enumerate(segments)
        # A village can be called like a street: 23 High Street, Green Street Green.
        if s.street and s.street.strong and not (at and s.keys in settlements())
    ]


def _doubt(segments: Sequence[Segment], at: int) -> str | None:
    """Return the reason why a street's name may include, or be, another name.

    None after a building's name.
    """
    street = segments[at].street
    assert street is not None
    if _may_be_another_one(segments, at, street):
        return SEVERAL
    after_premises = at > 0 and street.start == 0 and segments[at - 1].ends_premises
    return None if street.led and after_premises else street.reason


def _may_be_another_one(segments: Sequence[Segment], at: int, street: Street) -> bool:
    """Return True if an address has a second name that may be its street.

    A block or a house can be named like a street: 12 Willow Bank, Cherry Grove; Maes-y-Felin, Glen Park.
    So can a person: 12 Parfields, Ivy Lane; Mary Green & Acacia Avenue.
    """
    segment = segments[at]
    keys = segment.keys[street.start : street.end]
    numbered = street.numbered or (at > 0 and _is_number(segments[at - 1]))
    return (
        (_names_two(keys) and not _is_at_a_junction(segment, street))
        or (street.personal and (not numbered or _goes_on(segment, street)))
        or _may_go_on(segment, street)
        or _is_followed(segments, at, street, numbered=numbered)
        or _may_be_somebodys_drive(keys, street)
        or (
            "-" in keys[0] and is_first(keys[0]) and not numbered and _has_other_names(segments, at)
        )
        or _is_rivalled(segments, at, street, numbered=numbered)
    )


def _is_rivalled(segments: Sequence[Segment], at: int, street: Street, *, numbered: bool) -> bool:
    """Return True if another segment may be the street: 12 Willow Bank, Cherry Grove."""
    others = [s for other, s in enumerate(segments) if other != at and _may_be_a_street(s)]
    if not others:
        return False
    if is_first(segments[at].keys[street.start]):
        return True
    if not street.strong:
        return not street.numbered or _is_rivalled_by_strong(segments, at)
    return not numbered and any(s.street and s.street.strong for s in others)


def _is_rivalled_by_strong(segments: Sequence[Segment], at: int) -> bool:
    """Return True if a numbered weak street has another behind it, or a strong or numbered one before it."""
    before = (s.street for s in segments[:at] if _may_be_a_street(s))
    behind = any(map(_may_be_a_street, segments[at + 1 :]))
    return behind or any(street and (street.strong or street.numbered) for street in before)


def _goes_on(segment: Segment, street: Street) -> bool:
    """Return True if words that are no settlement follow a street: 3 Dale Lane Boswell Street."""
    behind = segment.keys[street.end :]
    return bool(behind) and behind not in localities() and behind[:2] != ("end", "of")


def _is_followed(segments: Sequence[Segment], at: int, street: Street, *, numbered: bool) -> bool:
    """Return True if words follow that can be the street: 12 Ivy Bank The Clink; Old Lane Rose Mead."""
    goes_on = _goes_on(segments[at], street)
    if street.strong:
        surname = segments[at].keys[street.end - 1] in words().surname_too
        return goes_on and surname and not (numbered or street.apart)
    if _is_whole(segments[at].keys[street.start : street.end]):
        return goes_on
    after = segments[at + 1 :]
    if goes_on or (len(segments[at].keys) > street.end and after):
        return True
    row = segments[at].keys[street.end - 1] in words().row
    return any(
        s.keys not in localities() or (is_thoroughfare(s.keys[-1]) and not row) for s in after
    )


def _is_whole(keys: tuple[str, ...]) -> bool:
    """Return True for a street that is a name by itself, and that no house is called by: The Broadway."""
    w = words()
    whole = keys[-1] in w.alone or keys[-1] in w.defined or "-".join(keys) in w.entire
    whole |= keys[0] == "the" and (keys[1:] == ("green",) or w.row.issuperset(keys[1:]))
    whole |= keys[-1] == "st" and w.whole.issuperset(keys[:-1])
    return whole and not keys[-1].endswith("side")


def _may_go_on(segment: Segment, street: Street) -> bool:
    """Return True if the name may go on: 4 Well Close Walk, 4 Nowak St Ann's. Not before "end of terrace"."""
    behind = segment.keys[street.end :]
    saint = segment.keys[street.end - 1] == "st" and words().whole.isdisjoint(segment.keys)
    if saint and _goes_on(segment, street):
        return True
    return behind[1:2] != ("of",) and any(map(is_thoroughfare, behind[:1]))


def _may_be_somebodys_drive(keys: tuple[str, ...], street: Street) -> bool:
    """Return True for the drive of a person or a house behind a building: 3 Gate Court Adeyemi drive."""
    return street.apart and keys[-1] == "drive"


def _has_other_names(segments: Sequence[Segment], at: int) -> bool:
    """Return True if another segment is no settlement, so that a Welsh name may be that of a house."""
    return any(
        (s.keys not in settlements() or is_thoroughfare(s.keys[-1])) and not _is_number(s)
        for other, s in enumerate(segments)
        if other != at
    )


def _names_two(keys: tuple[str, ...]) -> bool:
    """Return True if "and" joins names of which one may be that of a person or a house."""
    strong = words().strong
    return any(
        may_be_somebody(name) or strong.isdisjoint(name[-1:]) for name in _joined_names(keys)
    )


def _joined_names(keys: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the names that "and" joins in a street; none if it has one name."""
    names: list[tuple[str, ...]] = [()]
    for key in keys:
        names = [*names, ()] if key in JOINED else [*names[:-1], (*names[-1], key)]
    return names if len(names) > 1 else []


def _is_at_a_junction(segment: Segment, street: Street) -> bool:
    return not _JUNCTIONS.isdisjoint(segment.keys[: street.start])


def _is_number(segment: Segment) -> bool:
    return len(segment.keys) == 1 and _has_house_number(segment)


def _has_house_number(segment: Segment) -> bool:
    """Return True if a segment has a number that is not that of a flat, a caravan or the like."""
    w = words()
    numbers = (
        (key, before)
        for key, before in zip(segment.keys, ("", *segment.keys), strict=False)
        if key[:1].isdigit() and not is_ordinal(key)
    )
    return any(before not in w.part or before in w.numbering for _, before in numbers)


def _may_be_a_street(segment: Segment) -> bool:
    """Return True if a segment has a street, and is no park or settlement."""
    if segment.street is None or segment.keys in settlements():
        return False
    return segment.keys[-1:] != ("park",)


def _has_evidence(segments: Sequence[Segment], at: int) -> bool:
    """Return True if a number or a building's name is before the street; Peter Hill has neither."""
    street = segments[at].street
    if street is None or street.numbered or _is_row(segments, at, street):
        return street is not None
    if street.apart:
        return not street.personal
    before = segments[at - 1] if at else None
    if before is None or street.start or not before.ends_premises or before.ends_outbuilding:
        return False
    return not (street.personal and before.keys[-1].isalpha())


def _is_row(segments: Sequence[Segment], at: int, street: Street) -> bool:
    """Return True for an address's only name, if no house or person has such a one: Poplar Place, Bath."""
    segment, w = segments[at], words()
    name = [key for key in segment.keys[street.start : street.end] if key not in w.side - w.row]
    if name[-1] not in w.row or len(name) < len(("own", "row")):
        return False
    others = [s for other, s in enumerate(segments) if other != at]
    alone = w.position.issuperset(segment.keys[: street.start]) and not _goes_on(segment, street)
    return alone and all(s.keys in localities() for s in others)


def _leftover(
    street: tuple[str, ...], localities: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> str | None:
    reasons = [leftover(street, locality=False)]
    reasons += [leftover(keys, locality=True) for _, keys in localities]
    text = " ".join(" ".join(tokens) for tokens, _ in localities)
    if text and not _RELEASABLE.fullmatch(text):
        reasons.append("character-left")
    if not _RELEASABLE.fullmatch(" ".join(street)):
        reasons.append("character-left")
    return next((reason for reason in reasons if reason), None)

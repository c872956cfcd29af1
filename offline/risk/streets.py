"""Find words of people and houses in released addresses, by evidence outside the product's splitter.

The evidence is in the originals: the names in their columns of people, what is written directly
before and after the released words, and under how many house numbers of other originals the same
street occurs. A list of streets, if there is one, decides before everything else. It alone decides at a
postcode that stands in for others, because the street there is the list's and not that of any original.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from offline.risk.finding import Hit
from offline.risk.street_list import KnownStreets, Point
from offline.risk.truth import Truth
from offline.risk.words import (
    Part,
    Words,
    is_common,
    is_house_number,
    is_settlement,
    is_side,
    is_sure_way,
    is_way,
    parts_of,
    runs,
)
from sanitiser.address.words import words
from sanitiser.people.names import normal_words
from sanitiser.places.postcodes import PostcodeIndex
from schemas.record_type import RecordType

ATTACK: Final = "streets"
NOT_LISTED: Final = "a street that the list does not have"
_MOST_WORDS: Final = 7
_MOST_OWNERS: Final = 50
_HOUSES: Final = 2
"""Different house numbers that show that words are a street and no house."""
_SHORTEST_NAME: Final = 3
_LEAST_STREET: Final = 2
_TWO_FIELDS: Final = re.compile(r"[a-z\u00df-\u00ff][A-Z\u00c0-\u00de]")
_ONE_NAME: Final = re.compile(r"\b(?:Mc|Mac|Fitz|De|Le|La|Du|O')(?=[A-Z])")
_HALF_A_MARK: Final = re.compile(r"[a-z]{2}\d\d")
_LONG_PLAIN: Final = 5
_SORTS_OF_HOUSE: Final = frozenset({
    "end", "mid", "middle", "inner", "semi", "detached", "semi-detached", "terrace", "terraced",
    "house", "bungalow", "maisonette",
})  # fmt: skip
_PARTS_OF_HOUSE: Final = frozenset({
    "flat", "flats", "apartment", "apt", "unit", "room", "floor", "basement", "maisonette",
    "bedsit", "studio", "suite",
})  # fmt: skip
_BUILDINGS: Final = frozenset({
    "cottage", "cottages", "house", "lodge", "farm", "farmhouse", "villa", "villas", "barn",
    "bungalow", "rectory", "vicarage", "court",
})  # fmt: skip
_JUNCTIONS: Final = frozenset({"junction", "junc", "jctn", "jct", "jcn", "corner", "between"})
_BLOCKS: Final = frozenset({"parade", "park", "place", "arcade", "mews"})
"""Words that also end the names of blocks and estates within a street."""
_PEOPLE: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "c/o"})
_JOINS: Final = frozenset({"&", "and"})
_PLACES_TOO: Final = frozenset({"site_name", "school_name"})
"""Fields whose names are those of places."""


class _Line(NamedTuple):
    """The address of one original, and the words of the names of its people."""

    parts: Sequence[Part]
    names: Sequence[Words]


class _Owner(NamedTuple):
    """A place in an original with the words of a released street: a part, and a position in it."""

    line: _Line
    part: int
    at: int


def streets(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    index: PostcodeIndex,
    listed: KnownStreets | None = None,
) -> Iterator[Hit]:
    """Yield a hit for each released address with words that may be of a person or a house."""
    fields = [f.name for f in record_type.fields if f.kind == "text" and _is_of_people(f.name)]
    for prefix in record_type.released_places(profile):
        name = f"{prefix}address"
        if not rows or name not in rows[0]:
            continue
        lines = [line for truth in truths if (line := _line(truth, name, fields)) is not None]
        judge = _Judge(lines, {row[name] for row in rows if row[name]}, listed)
        for number, row in enumerate(rows, 1):
            if row[name]:
                postcode = row.get(f"{prefix}postcode", "")
                at = _centroid(postcode, index)
                reason = judge.reason(row[name], at, stands_in=_stands_in(postcode, index))
                if reason is not None:
                    yield Hit(ATTACK, name, reason, number)


def _is_of_people(name: str) -> bool:
    return (name == "name" or name.endswith("_name")) and name not in _PLACES_TOO


def _line(truth: Truth, name: str, fields: Sequence[str]) -> _Line | None:
    address = truth.given.get(name)
    if not address:
        return None
    names = [normal_words(truth.given[field]) for field in fields if truth.given.get(field)]
    return _Line(parts_of(str(address)), names)


def _centroid(postcode: str, index: PostcodeIndex) -> Point | None:
    found = index.find(postcode) if postcode else None
    return (float(found.easting), float(found.northing)) if found else None


def _stands_in(postcode: str, index: PostcodeIndex) -> bool:
    place = index.release(postcode) if postcode else None
    return place is not None and place.postcode == postcode and not place.street_allowed


class _Judge:
    """Judges released addresses by the originals' addresses of the same field."""

    def __init__(
        self, lines: Sequence[_Line], cells: set[str], listed: KnownStreets | None
    ) -> None:
        self._listed = listed
        self._houses: dict[Words, set[str]] = defaultdict(set)
        self._begun: dict[Words, int] = defaultdict(int)
        self._owners: dict[Words, list[_Owner]] = defaultdict(list)
        wanted = {parts[0].words for cell in cells if (parts := parts_of(cell))}
        lengths = sorted({len(street) for street in wanted})
        for line in lines:
            for at, part in enumerate(line.parts):
                self._note_streets(part)
                for start, run in runs(part.words, lengths):
                    if run in wanted and len(self._owners[run]) < _MOST_OWNERS:
                        self._owners[run].append(_Owner(line, at, start))
        self._reasons: dict[tuple[str, Point | None], str | None] = {}

    def reason(self, cell: str, near: Point | None, *, stands_in: bool) -> str | None:
        """Return the reason against a released address near a point; None if there is none.

        `stands_in` says that the point is that of a postcode that is released in place of others.
        """
        if stands_in and self._listed is not None:
            street = tuple(word for part in parts_of(cell) for word in part.words)
            return None if self._listed.has(street, near) else NOT_LISTED
        key = (cell, near if self._listed else None)
        if key not in self._reasons:
            self._reasons[key] = self._judge(cell, near)
        return self._reasons[key]

    def _note_streets(self, part: Part) -> None:
        """Note each run of words after a house number, or at the start, that ends as streets do."""
        said = part.words
        starts = [at for at, word in enumerate(said) if at == 0 or is_house_number(said[at - 1])]
        for at in starts:
            for end in range(at + 1, min(len(said), at + _MOST_WORDS) + 1):
                if is_way(said[end - 1]):
                    if at:
                        self._houses[said[at:end]].add(said[at - 1])
                    else:
                        self._begun[said[at:end]] += 1

    def _judge(self, cell: str, near: Point | None) -> str | None:
        parts = parts_of(cell)
        if not parts:
            return "has no words"
        street = parts[0].words
        known = self._listed is not None and self._listed.has(street, near)
        sure = known or self._is_confirmed(street)
        towns = [part.words for part in parts[1:]]
        if any(not is_settlement(town) for town in towns) and not known:
            return "a locality that is no known settlement"
        own = None if sure else _of_itself(parts[0])
        return own or self._by_its_owners(street, known=known, sure=sure, near=near)

    def _by_its_owners(
        self, street: Words, *, known: bool, sure: bool, near: Point | None
    ) -> str | None:
        """Return the reason that each original gives against the street."""
        owners = self._owners.get(street, [])
        reasons = [self._of_owner(owner, street, sure, near) for owner in owners]
        if reasons and None not in reasons:
            return reasons[0]
        if self._listed is not None and not known and not any(map(_is_numbered, owners)):
            return NOT_LISTED
        return None

    def _is_confirmed(self, street: Words) -> bool:
        return len(self._houses.get(street, ())) >= _HOUSES

    def _joined(self, street: Words) -> str | None:
        """Return a reason if words that are no street are joined to one."""
        first, rest = _at_a_join(street)
        if not first or len(rest) < _LEAST_STREET or self._is_a_street(first):
            return None
        return "a name that is joined to a street"

    def _is_a_street(self, said: Words) -> bool:
        return is_sure_way(said[-1]) or bool(self._houses.get(said)) or all(map(is_common, said))

    def _of_owner(self, owner: _Owner, street: Words, sure: bool, near: Point | None) -> str | None:
        said = owner.line.parts[owner.part].words
        before, after = said[: owner.at], said[owner.at + len(street) :]
        if after and is_way(after[0]) and not self._is_confirmed(street):
            return "a street that is cut short"
        other = self._other_street(owner, street, before, near)
        if other is not None:
            return other
        if sure:
            return None
        if before and _HALF_A_MARK.fullmatch(before[-1]):
            return "a part of a vehicle mark"
        # 12 Nelson Road is a street also where a Nelson lives.
        plain = _is_numbered(owner) and len(street) == _LEAST_STREET
        if not plain and _names_a_person(street, owner.line.names):
            return "a name of a person of the original"
        joined = None if _is_a_junction(before) else self._joined(street)
        return joined or self._before_a_street(street)

    def _before_a_street(self, street: Words) -> str | None:
        """Return a reason if a name is before words that are a street without it."""
        first, rest = _at_a_join(street)
        if first and rest and self._is_a_street(first):
            return self._before_a_street(first) or self._before_a_street(rest)
        end = len(street)
        while end > 1 and is_side(street[end - 1]):
            end -= 1
        for at in range(1, end - 1):
            rest, first = street[at:end], street[:at]
            if not is_way(rest[-1]) or (all(map(is_common, first)) and not _is_a_house(first)):
                continue
            if all(map(is_common, rest)) or self._houses.get(rest) or self._begun.get(rest):
                return "other words before the name of a street"
        return None

    def _other_street(
        self, owner: _Owner, street: Words, before: Words, near: Point | None
    ) -> str | None:
        """Return a reason if the original has another street that is the likelier one."""
        numbered = _is_numbered(owner)
        confirmed = self._is_confirmed(street)
        if not numbered and not confirmed:
            if _ends_a_street(before, sure=not _begins_with_a_number(before)):
                return "words after another street"
            for part in owner.line.parts[: owner.part]:
                if _ends_a_street(part.words, sure=not _begins_with_a_number(part.words)):
                    return "words after another street"
        if confirmed or is_sure_way(street[-1]):
            return None
        for part in owner.line.parts[owner.part + 1 :]:
            listed = self._listed is not None and self._listed.has(part.words, near)
            if self._is_confirmed(part.words) or listed:
                return "a block before its street"
        return None


def _is_a_house(said: Words) -> bool:
    """Return True for The Larches and the like."""
    return len(said) > 1 and said[0] == "the" and said[-1].endswith("s")


def _at_a_join(street: Words) -> tuple[Words, Words]:
    """Return the words before and after the first "and"; both are empty if there is none."""
    at = next((at for at, word in enumerate(street) if word in _JOINS), len(street))
    return (street[:at], street[at + 1 :]) if at < len(street) else ((), ())


def _is_a_junction(before: Words) -> bool:
    return not _JUNCTIONS.isdisjoint(before[-_LEAST_STREET:])


def _is_numbered(owner: _Owner) -> bool:
    said = owner.line.parts[owner.part].words
    return owner.at > 0 and is_house_number(said[owner.at - 1])


def _begins_with_a_number(said: Words) -> bool:
    return any(map(is_house_number, said[:-1]))


def _ends_a_street(said: Words, *, sure: bool) -> bool:
    """Return True if words are a street with a name; with `sure`, only by a word that hardly fails."""
    named = said[1:] if said and is_house_number(said[0]) else said
    if len(named) < _LEAST_STREET or named[-1] in _BLOCKS:
        return False
    return is_sure_way(named[-1]) if sure else is_way(named[-1])


def _of_itself(part: Part) -> str | None:
    """Return a reason that the words of a street give by themselves."""
    street = part.words
    found = {
        "a sort of house": set(street) <= _SORTS_OF_HOUSE,
        "a title of a person": not _PEOPLE.isdisjoint(street),
        "a word of position": any(w in words().position or w == "corner" for w in street[:-1]),
        "two fields that are run together": any(map(_is_run_together, part.written, street)),
        "a part of a house": _has_a_part_of_a_house(street),
        "a name of a house before a street": _has_a_building(street),
    }
    return next((reason for reason, applies in found.items() if applies), None)


def _has_a_part_of_a_house(street: Words) -> bool:
    return any(
        word in _PARTS_OF_HOUSE
        and len(street) > at + _LEAST_STREET
        and (at == 0 or len(street[at + 1]) == 1)
        for at, word in enumerate(street)
    )


def _has_a_building(street: Words) -> bool:
    return is_way(street[-1]) and any(
        word in _BUILDINGS and len(street) > at + _LEAST_STREET
        for at, word in enumerate(street)
        if at
    )


def _is_run_together(written: str, word: str) -> bool:
    if any(_TWO_FIELDS.search(_ONE_NAME.sub("", piece)) for piece in re.split("[-/.]", written)):
        return True
    if is_common(word):
        return False
    plain = (p for p in words().plain if len(p) > _LONG_PLAIN)
    return any(word.endswith(end) and len(word) > len(end) + 1 for end in plain)


def _names_a_person(street: Words, names: Sequence[Words]) -> bool:
    """Return True if an uncommon word of a street is a name of a person of the same original."""
    for name in names:
        uncommon = {w for w in name if len(w) >= _SHORTEST_NAME and not is_common(w)}
        if not uncommon.isdisjoint(piece for word in street for piece in normal_words(word)):
            return True
    return False

"""The normal form of a full address with its postcode, if it certainly names one home.

Case, punctuation, abbreviations of street types, and the town, county and country at the end do not matter.
Every other word does. Two homes never have the same form. Two spellings of one home can have different
forms, or none.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import cache
from string import ascii_lowercase
from typing import Final, NamedTuple

from sanitiser.address.segments import is_ordinal
from sanitiser.address.words import settlements, words
from sanitiser.people.names import normal_words
from sanitiser.places.postcodes import FORM, INWARD, normalise
from sanitiser.text.word_lists import lines_of, words_by_kind

_LONGEST: Final = 500
_MOST_STREET_WORDS: Final = 6
_UPRN_DIGITS: Final = 12
_POSTCODE: Final = re.compile(rf"\b({FORM}\s*{INWARD})\b", re.IGNORECASE | re.ASCII)
_CARE_OF: Final = re.compile(r"\bc\s*/\s*o\b|\bcare\s+of\b|\bn\s*/\s*[ak]\b", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"[,;:\n\r\t|()\[\]]+|\s[-\u2013\u2014]+\s|\.\s*,")
_WORD: Final = re.compile(r"\d+[a-z]?(?:[-/]\d+[a-z]?)+|[^\W_]+")
_HOUSE: Final = re.compile(r"(?!(?:19|20)\d\d\Z)[1-9]\d{0,3}[a-z]?", re.ASCII)
_RANGE: Final = re.compile(r"[1-9]\d{0,3}[a-z]?[-/][1-9]\d{0,3}[a-z]?", re.ASCII)
_UNIT: Final = re.compile(r"\d{1,4}[a-z]?(?:[-/]\d{1,4}[a-z]?)?|[a-z]\d{0,3}", re.ASCII)
"""The number or letter of a flat: 2, 2a, 1/2, a or b12."""
_SUFFIXES: Final = frozenset("abcdefgh")
_NUMBERING: Final = frozenset({"no", "number", "num"})
_UNLESS_LAST: Final = {"st": "street", "dr": "drive"}
"""Abbreviations that are a street type only at the end of a street's name; elsewhere a saint or a doctor."""

Words = tuple[str, ...]


class Household(NamedTuple):
    """The normal form of a home's address; its repr shows nothing, because a home is personal data."""

    address: str
    postcode: str

    def __repr__(self) -> str:
        """Return the name of the class."""
        return "Household(...)"


def household(address: object, postcode: object) -> Household | None:
    """Return the normal form of a home's address; None if it does not certainly name one home.

    The postcode may be in the address too, but not another one.
    """
    if not isinstance(address, str) or len(address) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", address)
    code = _postcode_of(text, postcode)
    if code is None or _CARE_OF.search(text):
        return None
    segments = [w for part in _SEPARATOR.split(_POSTCODE.sub(",", text)) if (w := _words(part))]
    core = _without_places(segments, code.partition(" ")[0].lower())
    parsed = _read(tuple(_in_full(core)))
    return None if parsed is None else Household(" ".join(parsed), code)


class House(NamedTuple):
    """The number of a house, the words before it that are no flat's, and the words after it.

    A suffix of the number does not count: 5a can be a part of 5. The repr shows nothing.
    """

    name: str
    number: int
    street: str

    def __repr__(self) -> str:
        """Return the name of the class."""
        return "House(...)"


def house_of(home: Household) -> House | None:
    """Return the numbered house of a home, without its flat; None if it has no number, or a range."""
    flat = tuple(home.address.split())
    taken = {at for begin, end, _ in _units(flat) for at in range(begin, end)}
    rest = [at for at in range(len(flat)) if at not in taken]
    numbers = [n for n, at in enumerate(rest) if _is_number(flat, at)]
    if len(numbers) != 1 or not _HOUSE.fullmatch(flat[rest[numbers[0]]]):
        return None
    (n,) = numbers
    words_of = [flat[at] for at in rest]
    number = int(words_of[n].rstrip(ascii_lowercase))
    return House(" ".join(words_of[:n]), number, " ".join(words_of[n + 1 :]))


def postcodes_within(address: str) -> set[str]:
    """Return the postcodes in an address, in their canonical form."""
    plain = address if address.isascii() else unicodedata.normalize("NFKC", address)
    found = (normalise(match[1]) for match in _POSTCODE.finditer(plain))
    return {postcode for postcode in found if postcode is not None}


def _postcode_of(text: str, postcode: object) -> str | None:
    """Return the only postcode of an address and its own field; None if there is none, or several."""
    found = {normalise(match[1]) for match in _POSTCODE.finditer(text)}
    if postcode is not None:
        found.add(normalise(str(postcode)))
    return found.pop() if len(found) == 1 else None


def _words(text: str) -> Words:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    unmarked = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(
        _WORD.findall(re.sub(r"['\u2019`]", "", re.sub(r"[\u2010-\u2015]", "-", unmarked)))
    )


def _without_places(segments: Sequence[Words], outward: str) -> list[Words]:
    """Return the segments without the town, county and country at the end.

    They follow a street. A street can have the name of a town: 12, Old Street.
    """
    kept = list(segments)
    while any(map(_has_street, kept[:-1])) and _are_places(_without(kept[-1], outward)):
        kept.pop()
    if kept:
        kept[-1] = _without_places_behind_a_street(kept[-1], outward)
    return kept


def _has_street(segment: Words) -> bool:
    ends = (_ends_street(word) or word in _UNLESS_LAST for word in segment[1:])
    return any(ends) or any(_length_of_street(segment[at:]) for at in range(len(segment)))


def _without_places_behind_a_street(segment: Words, outward: str) -> Words:
    for at in range(len(segment) - 1, 1, -1):
        ends = _ends_street(segment[at - 1]) or segment[at - 1] in _UNLESS_LAST
        if ends and _are_places(_without(segment[at:], outward)):
            return segment[:at]
    return segment


def _without(segment: Words, outward: str) -> Words:
    """Return a segment without the postcode's first half at its end, behind a town: London SW1A."""
    return segment[:-1] if len(segment) > 1 and segment[-1] == outward else segment


def _are_places(segment: Words) -> bool:
    """Return True if the words are names of towns, counties and countries, one after the other."""
    begins = {0}
    for at in range(len(segment)):
        if at in begins:
            begins |= {at + n for n in range(1, 6) if segment[at : at + n] in _places()}
    return bool(segment) and len(segment) in begins


def _in_full(segments: Sequence[Words]) -> Iterator[str]:
    """Yield the words of all segments, with abbreviations in full, and 12 a as 12a."""
    flat = [word for segment in segments for word in _ended(segment)]
    skip = False
    for at, word in enumerate(flat):
        following = flat[at + 1] if at + 1 < len(flat) else ""
        if skip:
            skip = False
        elif word in _NUMBERING and _has_digit(following):
            continue
        elif word.isdecimal() and following in _SUFFIXES and at + 2 < len(flat):
            skip = True
            yield word + following
        else:
            yield _abbreviations().get(word, word)


def _ended(segment: Words) -> Iterator[str]:
    for at, word in enumerate(segment):
        is_type = word in _UNLESS_LAST and at > 0 and not _has_digit(segment[at - 1])
        rest = segment[at + 1 :]
        if is_type and (not rest or _are_places(rest) or _full(rest[0]) in _kinds()["dwelling"]):
            yield _UNLESS_LAST[word]
        else:
            yield word


def _full(word: str) -> str:
    return _abbreviations().get(word, word)


def _read(flat: Words) -> Words | None:
    """Return the words, those of flats first, if they certainly name one home."""
    kinds = _kinds()
    if not kinds["elsewhere"].isdisjoint(flat) or any(map(_is_of_somebody, flat)):
        return None
    if not words().position.isdisjoint(flat):
        return None
    units = list(_units(flat))
    taken = {at for begin, end, _ in units for at in range(begin, end)}
    rest = [at for at in range(len(flat)) if at not in taken]
    if any(flat[at] in kinds["dwelling"] for at in rest):
        return None  # a flat, but not known which
    is_unit = any(dwelling for _, _, dwelling in units)
    if (units and not is_unit) or not _is_home(flat, rest, is_unit=is_unit):
        return None
    phrases = sorted(" ".join(flat[begin:end]) for begin, end, _ in units)
    return (*phrases, *(flat[at] for at in rest))


def _units(flat: Words) -> Iterator[tuple[int, int, bool]]:
    """Yield begin and end of each flat or other part of a building, and whether it is a dwelling."""
    kinds, at = _kinds(), 0
    while at < len(flat):
        begin = at
        while at < len(flat) and flat[at] in kinds["storey"]:
            at += 1
        word, following = (*flat[at : at + 2], "", "")[:2]
        if word in kinds["dwelling"]:
            numbered = bool(_UNIT.fullmatch(following))
            # Ground Floor Flat, 5 Mill Lane: the only number is that of the house.
            if at > begin and numbered and _has_digit(following):
                numbered = any(map(_has_digit, flat[at + 2 :]))
            if numbered or at > begin:
                at += 1 + numbered
                yield begin, at, True
                continue
        elif word in kinds["part"] and _UNIT.fullmatch(following) and at == begin:
            at += 2
            yield begin, at, False
            continue
        at = max(at, begin + 1)


def _is_home(flat: Words, rest: Sequence[int], *, is_unit: bool) -> bool:
    """Return True if the words that are no flat's are a house and a street, and perhaps a locality."""
    numbers = [n for n, at in enumerate(rest) if _is_number(flat, at)]
    if len(numbers) > 1:
        return False
    if numbers:
        n = numbers[0]
        number = flat[rest[n]]
        numbered = _HOUSE.fullmatch(number) or (is_unit and _RANGE.fullmatch(number))
        before = tuple(flat[at] for at in rest[:n])
        joined = rest[n + 1 : n + 2] == [rest[n] + 1]
        return (
            bool(numbered) and joined and _is_building(before) and _is_street(flat, rest[n + 1 :])
        )
    return any(
        _is_building(tuple(flat[at] for at in rest[: n + 1]))
        and (is_unit or flat[rest[n]] in _kinds()["single"])
        and _is_street(flat, rest[n + 1 :])
        for n in range(1, len(rest))
    )


def _is_number(flat: Words, at: int) -> bool:
    following = flat[at + 1] if at + 1 < len(flat) else ""
    return _has_digit(flat[at]) and not (is_ordinal(flat[at]) and _ends_street(following))


def _is_building(name: Words) -> bool:
    """Return True if the words are empty or end in a word for a building with homes."""
    if not name:
        return True
    kinds = _kinds()
    homely = name[-1] in kinds["block"] or name[-1] in kinds["single"]
    return homely and len(name) > 1 and not any(map(_is_no_home, name))


def _is_street(flat: Words, at: Sequence[int]) -> bool:
    """Return True if the words are a street, and no word behind it names another place than a home."""
    name = tuple(flat[i] for i in at)
    length = _length_of_street(name)
    if length is None or length > _MOST_STREET_WORDS or at[length - 1] - at[0] != length - 1:
        return False
    street, behind = name[:length], name[length:]
    # Church Road, Hospital Lane: in a street's name such a word is right before the street's type.
    named = all(
        not _is_no_home(word) or _ends_street(after) for word, after in itertools.pairwise(street)
    )
    return named and not any(map(_is_no_home, behind))


def _length_of_street(name: Words) -> int | None:
    w = words()
    if name[:1] == ("the",) and name[1:2] and name[1] in w.defined:
        return 2
    for length in (3, 2, 1):
        if "-".join(name[:length]) in _entire() and length <= len(name):
            return length
    if name[:1] and (name[0] in w.alone or _is_way(name[0])):
        return 1
    if name[:1] and name[0] in _welsh() and len(name) > 1:
        return len(name)
    return next((n + 1 for n in range(1, len(name)) if _ends_street(name[n])), None)


def _ends_street(word: str) -> bool:
    w, kinds = words(), _kinds()
    full = _full(word)
    return full in w.strong or full in w.weak or full in kinds["block"] or full in kinds["single"]


def _is_way(word: str) -> bool:
    return word.endswith("way") and word.removesuffix("way") in words().ways


def _is_no_home(word: str) -> bool:
    return word in _kinds()["no_home"] or word in words().trade


def _is_of_somebody(word: str) -> bool:
    """Return True for a word about a person whose home it is, or who is there: partner's, Mr."""
    w = words()
    return word in w.relation or word.removesuffix("s") in w.relation or word in w.title


def _has_digit(word: str) -> bool:
    return any(c.isdigit() for c in word)


def property_reference(uprn: object) -> str | None:
    """Return a UPRN without zeros before it; None for what is no UPRN, or a row of one digit."""
    number = str(uprn).strip().lstrip("0") if uprn is not None else ""
    is_one = number.isascii() and number.isdecimal() and len(number) <= _UPRN_DIGITS
    return number if is_one and len(set(number)) > 1 else None


def property_references_within(text: object) -> set[str]:
    """Return all UPRNs that a cell may stand for, as a spreadsheet or a person can have written one.

    `100012345678.0` and `1.00012345678E11` are numbers; `UPRN 100 012 345 678` has its digits in groups.
    """
    plain = unicodedata.normalize("NFKC", str(text))
    compact = re.sub(r"[\s,]", "", plain)
    written = [compact, re.sub(r"\D", "", plain), *re.findall(r"\d+", compact)]
    with suppress(InvalidOperation, ValueError, OverflowError):
        number = Decimal(compact)
        if number.is_finite() and number.adjusted() < _UPRN_DIGITS:
            written.append(str(int(number)))
    return {found for one in written if (found := property_reference(one)) is not None}


@cache
def _kinds() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, listed in words_by_kind("homes.txt"):
        found.setdefault(kind, set()).update(listed)
    return {kind: frozenset(listed) for kind, listed in found.items()}


@cache
def street_types() -> frozenset[str]:
    """Return the words for kinds of streets, such as road, in full and abbreviated."""
    return frozenset(_abbreviations()) | frozenset(_abbreviations().values())


@cache
def _abbreviations() -> Mapping[str, str]:
    return {short: full for full, listed in words_by_kind("street_types.txt") for short in listed}


@cache
def _places() -> frozenset[Words]:
    counties = [name for line in lines_of("counties.txt") for name in line.split("|")]
    return frozenset(map(normal_words, (*map(" ".join, settlements()), *counties)))


@cache
def _entire() -> frozenset[str]:
    return frozenset("-".join(normal_words(name.replace("-", " "))) for name in words().entire)


@cache
def _welsh() -> frozenset[str]:
    return frozenset(normal_words(word)[0] for word in words().first)

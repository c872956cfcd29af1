"""Find the street of an address by evidence: a list of streets near the record's postcode.

What the list has near the postcode is a street, whatever its last word; it is released in the list's own
spelling. Words beside it are never released. If they may belong to the name of a longer street that the list
does not have, or if the address names several streets, the street is withheld.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from sanitiser.address.segments import is_thoroughfare, may_be_somebody
from sanitiser.address.street_names import MOST_WORDS, compared, key_of
from sanitiser.address.words import settlements, words

UNKNOWN_BESIDE: Final = "unknown-word-beside-a-street"
SEVERAL: Final = "several-streets"
_HOUSE: Final = re.compile(r"(?!(?:19|20)\d\d\Z)\d{1,4}[a-z]?(?:[-/&+]\d{1,4}[a-z]?)*", re.ASCII)
_LINKS: Final = frozenset({"and", "with", "jw", "x"})

Form = tuple[str, ...]
"""The words of one token as they are compared; empty for one without letters and figures."""

_CACHED: Final = 65_536
_POSITION: Final = ("outside",)
"""The form of every word of position, such as o/s."""
_PLACED: Final = frozenset({_POSITION, ("corner",), ("end",), ("top",), ("bottom",), ("middle",)})
_HERE_M: Final = 250.0
"""A street this near to the postcode's centroid is probably that of its homes."""
_ELSEWHERE_M: Final = 750.0


class Streets(Hashable, Protocol):
    """The listed streets around a record's postcode; `sanitiser.places.streets.Around` is one."""

    def most_words(self, word: str, /) -> int:
        """Return the number of words of the longest name that begins with a word; 0 if none does."""

    def find(self, key: str, /) -> tuple[str, float] | None:
        """Return the listed name of a street, and its distance in metres."""

    def slipped(self, key: str, /) -> tuple[str, float] | None:
        """Return the only street whose key differs in one letter."""


class Found(NamedTuple):
    """What the list says of an address: its street as listed, or the reason code why it is withheld.

    `segment` is the position of the segment that has the street, `end` the position of the token after it.
    Both are None without a street that the list has. `names` are the listed names of the street, two of a
    junction.
    """

    street: str | None
    reason: str | None
    segment: int | None = None
    end: int | None = None
    names: tuple[str, ...] = ()


class _Match(NamedTuple):
    """A listed street in a segment: tokens `start` to `end`."""

    segment: int
    start: int
    end: int
    name: str
    metres: float
    numbered: bool
    doubtful: bool


NOTHING: Final = Found(None, None)


def find_listed(segments: Sequence[Sequence[str]], streets: Streets) -> Found:
    """Return the street of an address whose segments have these tokens."""
    matches = [
        match for at, tokens in enumerate(segments) for match in _matches(at, tokens, streets)
    ]
    if not matches:
        matches = [m for at, tokens in enumerate(segments) for m in _slips(at, tokens, streets)]
    if not matches:
        return NOTHING
    junction = _junction(segments, matches)
    chosen = matches[0] if junction else _chosen(segments, matches)
    if chosen is None or _is_rivalled(segments, chosen, matches):
        return Found(None, SEVERAL)
    if junction is not None:
        return junction
    if chosen.doubtful:
        return Found(None, UNKNOWN_BESIDE)
    return Found(chosen.name, None, chosen.segment, chosen.end, (chosen.name,))


def _matches(at: int, tokens: Sequence[str], streets: Streets) -> Iterator[_Match]:
    """Yield the listed streets of a segment, of overlapping ones the first and longest."""
    forms = _forms(tokens)
    start = 0
    while start < len(forms):
        match = _longest(at, forms, start, streets)
        if match is None:
            start += 1
        else:
            yield match
            start = match.end


def _longest(at: int, forms: Sequence[Form], start: int, streets: Streets) -> _Match | None:
    most = _most_words(forms[start], streets)
    for end in range(min(len(forms), start + most), start, -1):
        if not all(forms[start:end]) or _is_saint(forms, end):
            continue
        found = streets.find(key_of(_words(forms, start, end)))
        if found is not None:
            return _match(at, forms, start, end, found)
    return None


def _most_words(form: Form, streets: Streets) -> int:
    if not form:
        return 0
    return max(map(streets.most_words, {form[0], key_of(form[:1])}))


def _words(forms: Sequence[Form], start: int, end: int) -> list[str]:
    return [word for form in forms[start:end] for word in form]


def _is_saint(forms: Sequence[Form], end: int) -> bool:
    """Return True if "St" at the end of a span is a saint, as in Wood St Margaret's Court."""
    if forms[end - 1] not in {("st",), ("dr",)} or end == len(forms):
        return False
    return tuple(word for form in forms[end:] for word in form) not in settlements()


def _match(
    at: int, forms: Sequence[Form], start: int, end: int, found: tuple[str, float]
) -> _Match:
    numbered = start > 0 and _is_house(forms, start - 1)
    doubtful = _is_longer(forms, start, end, numbered=numbered)
    return _Match(at, start, end, *found, numbered, doubtful)


def _forms(tokens: Sequence[str]) -> list[Form]:
    return [_form(token) for token in tokens]


@lru_cache(maxsize=_CACHED)
def _form(token: str) -> Form:
    """Return the words of a token; one form for every word of position."""
    key = token.casefold().strip(".,")
    position = words().position
    return _POSITION if key in position or key.replace(".", "/") in position else compared(token)


def _is_house(forms: Sequence[Form], at: int) -> bool:
    """Return True if a token is the number of a house, and not that of a flat."""
    if not any(map(_HOUSE.fullmatch, forms[at])):
        return False
    before = forms[at - 1][-1:] if at else ()
    w = words()
    return not before or before[0] not in w.part or before[0] in w.numbering


def _is_longer(forms: Sequence[Form], start: int, end: int, *, numbered: bool) -> bool:
    """Return True if words beside a listed street may belong to a longer name that is not listed."""
    w = words()
    # Of Broad Street/Place the name may be Broad Street Place.
    alone = end + 2 == len(forms) and not forms[end]
    after = next((form[0] for form in forms[end + alone : end + alone + 1] if form), "")
    if after and (is_thoroughfare(after) or after in w.side):
        return True
    # A slash has no form: Green/Park Road may be Green Park Road.
    told = [form for form in forms[:start] if form]
    if numbered or not told:
        return False
    before = told[-1][-1]
    if before == "of":
        return len(told) > 1 and told[-2] not in _PLACED
    return _goes_on(before)


def _goes_on(before: str) -> bool:
    """Return True if a word before a listed street may be the first one of its name."""
    w = words()
    if before in w.building or before in w.part or before in _LINKS or before == _POSITION[0]:
        return False
    return not any(map(str.isdigit, before))


def _slips(at: int, tokens: Sequence[str], streets: Streets) -> Iterator[_Match]:
    """Yield the street that the rest behind a house number has with one slip.

    Without the number Molly Green is a person, and not Holly Green.
    """
    forms = _forms(tokens)
    begins = [n + 1 for n in range(len(forms)) if _is_house(forms, n)]
    start = begins[-1] if begins else len(forms)
    if _may_be_a_person(_words(forms, start, len(forms))):
        return
    for end in range(len(forms), start + 1, -1):
        span = _words(forms, start, end)
        found = streets.slipped(key_of(span)) if 1 < len(span) <= MOST_WORDS else None
        if found is not None:
            yield _match(at, forms, start, end, found)
            return


def _may_be_a_person(typed: Sequence[str]) -> bool:
    name = tuple(key_of(typed[:2]).split()) if typed else ()
    return may_be_somebody(name) or not words().person.isdisjoint(name[:1])


def _junction(segments: Sequence[Sequence[str]], matches: Sequence[_Match]) -> Found | None:
    """Return both streets of a junction: Acacia Avenue and High Street."""
    if len(matches) != len(("one", "other")):
        return None
    one, other = matches
    if one.segment != other.segment or one.name == other.name or one.numbered or other.numbered:
        return None
    between = segments[one.segment][one.end : other.start]
    joined = [word for token in between for word in compared(token)]
    if (joined and not _LINKS.issuperset(joined)) or not between or one.doubtful:
        return None
    if max(one.metres, other.metres) > _ELSEWHERE_M:
        return None
    if _is_longer(_forms(segments[one.segment]), other.end - 1, other.end, numbered=True):
        return None
    names = one.name, other.name
    return Found(" and ".join(names), None, other.segment, other.end, names)


def _chosen(segments: Sequence[Sequence[str]], matches: Sequence[_Match]) -> _Match | None:
    """Return the match that is the address's street; None if it may be another one."""
    if len({match.name for match in matches}) == 1:
        return next((m for m in matches if not m.doubtful), matches[0])
    numbered = [match for match in matches if match.numbered]
    if len({match.name for match in numbered}) == 1:
        one = numbered[0]
        if any(m.segment == one.segment and m.start == one.end for m in matches):
            return None
        nearer = [m for m in matches if not m.numbered and m.metres <= _HERE_M]
        return one if one.metres <= _ELSEWHERE_M or not nearer else None
    others = [m for m in matches if not _is_settlement(segments[m.segment])]
    if len({match.name for match in others}) == 1:
        return others[0]
    here = [match for match in others if match.metres <= _HERE_M]
    if len({m.name for m in here}) == 1 and all(
        m.metres > _ELSEWHERE_M for m in others if m.name != here[0].name
    ):
        return here[0]
    return None


def _is_rivalled(
    segments: Sequence[Sequence[str]], chosen: _Match, matches: Sequence[_Match]
) -> bool:
    """Return True if a house number is before other words that may be the street.

    Such as Vernon Park, 12 Okonkwo Lane.
    """
    if any(m.numbered and m.name == chosen.name for m in matches):
        return False
    ends_in_type = is_thoroughfare(compared(segments[chosen.segment][chosen.end - 1])[-1])
    return any(
        _may_be_its_street(rest, only_with_type=ends_in_type or at == chosen.segment)
        for at, tokens in enumerate(segments)
        for rest in _behind_numbers(_forms(tokens), [m for m in matches if m.segment == at])
    )


def _behind_numbers(forms: Sequence[Form], matches: Sequence[_Match]) -> Iterator[list[str]]:
    """Yield the words behind each house number of a segment, up to its next listed street."""
    for at in range(len(forms)):
        if _is_house(forms, at) and not any(m.start <= at < m.end for m in matches):
            end = min((m.start for m in matches if m.start > at), default=len(forms))
            yield _words(forms, at + 1, end)


def _may_be_its_street(behind: Sequence[str], *, only_with_type: bool) -> bool:
    """Return True if words behind a house number may be a street: Okonkwo Lane, or Smith before Holloway."""
    if any(map(is_thoroughfare, behind[1:])):
        return True
    return not only_with_type and bool(behind) and behind[-1] not in words().building


def _is_settlement(tokens: Sequence[str]) -> bool:
    return tuple(token.strip(".").casefold() for token in tokens) in settlements()

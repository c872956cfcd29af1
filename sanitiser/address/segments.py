"""Find the street in one segment of an address, the text between two commas."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from sanitiser.address.guard import SEVERAL
from sanitiser.address.words import Words, leading_names, localities, settlements, words

_ORDINAL: Final = re.compile(r"[0-9]{0,2}(?:1st|2nd|3rd|[04-9]th|1[123]th)")
_DIGIT: Final = re.compile(r"\d")
_NO_HOUSE: Final = re.compile(
    r"\d{5}|\A0\d|\Aic\d\Z|\A[a-z]{1,4}\.?\d\d|\A\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\Z|\A(?:19|20)\d\d\Z"
    r"|\d[ap]m\Z|\dy[ro]s?\Z|\A\W*[\u00a3$\u20ac]"
)
"""Telephone numbers, vehicle marks, ranks, roads, dates, years, times, ages and money."""
_GLUED: Final = re.compile(r"\d[^\W\d_]{3}")
"""A number and a word in one, such as 12Rose, which may begin the name of a house."""
_WITHIN_WORD: Final = re.compile(r"[-./&]+")
_MOST_NAME_WORDS: Final = 4
_LONGEST_WORD: Final = 24
_CACHED: Final = 16_384
UNKNOWN_START: Final = "street-start-unknown"
SOMEBODY: Final = "may-be-somebody"
_LINKS: Final = frozenset({"and", "&", "of", "the", "with", "to"})
_PARTICLES: Final = frozenset({"y", "yr", "a", "ar", "pen", "tan"})
"""Welsh words within a name, as in Ffordd Pen y Bryn."""
JOINED: Final = frozenset({"and", "&", "with"})


class Street(NamedTuple):
    """The position of a street in a segment: tokens `start` to `end`; the locality follows.

    `led` means that its name begins with a word that no house is named by, `apart` that the name of
    a building ends right before it, `personal` that it may be a person's name.
    """

    start: int
    end: int
    strong: bool
    numbered: bool
    reason: str | None
    led: bool = False
    apart: bool = False
    personal: bool = False


class Segment(NamedTuple):
    """One segment: its words as written and as compared, and its street.

    `ends_premises` means that it ends in a house number or in the name of a building,
    `ends_outbuilding` that this building has no name of its own.
    """

    tokens: tuple[str, ...]
    keys: tuple[str, ...]
    street: Street | None
    ends_premises: bool
    ends_outbuilding: bool = False


def key_of(token: str) -> str:
    """Return the form of a token that is compared with the word lists."""
    return token.replace("\u2019", "'").strip(".'\"()*").lower()


@lru_cache(maxsize=_CACHED)
def read_segment(text: str, *, first: bool) -> Segment:
    """Read one segment; `first` means that it is the first of the address."""
    tokens = tuple(text.split())
    keys = _drive(tuple(map(key_of, tokens)))
    if words().known.isdisjoint(keys) and text.replace(" ", "").isalpha():
        return Segment(tokens, keys, None, ends_premises=False)
    reader = _Reader(keys, words(), free=first)
    return Segment(tokens, keys, reader.read(), reader.ends_premises(), _is_outbuilding(keys))


def _drive(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Read a last "Dr" after a name as Drive; anywhere else it is a doctor."""
    named = len(keys) > 1 and keys[-1] == "dr" and keys[-2].isalpha()
    return (*keys[:-1], "drive") if named and keys[-2] not in words().title else keys


def leftover(keys: tuple[str, ...], *, locality: bool) -> str | None:
    """Return the reason code if words to be released may still identify a home or a person."""
    w = words()
    for at, key in enumerate(keys):
        if key not in w.known and len(key) > 1 and key.isalpha():
            continue
        ordinal = at + 1 < len(keys) and is_ordinal(key) and is_thoroughfare(keys[at + 1])
        if _DIGIT.search(key) and not ordinal:
            return "digit-left"
        if key in w.title or key in w.trade:
            return "person-or-organisation-left"
        if key in w.part or (locality and (key in w.position or key in w.counting)):
            return "premises-left"
        if len(key) == 1 and key not in "&y":
            return "letter-left"
        if locality and key in w.building and not (at == 0 < len(keys) - 1 and key in w.place):
            return "building-left"
    return None


def is_ordinal(key: str) -> bool:
    """Return True if a word is an ordinal in figures, as in 1st Avenue."""
    return _ORDINAL.fullmatch(key) is not None


def is_first(key: str) -> bool:
    """Return True for a Welsh or Gaelic word that is before the name, also in Maes-y-Felin."""
    return key.partition("-")[0] in words().first


def is_thoroughfare(key: str) -> bool:
    """Return True if a word can end the name of a street."""
    w = words()
    return key in w.strong or key in w.weak or key == "st"


class _Reader:
    """One pass over a segment's words.

    Every boundary moves the street's start to the word after it.
    """

    def __init__(self, keys: tuple[str, ...], w: Words, *, free: bool) -> None:
        self.keys, self.words = keys, w
        self.several = False
        self._begin(0, numbered=False, free=free)

    def read(self) -> Street | None:
        """Find the street; None if the segment has none."""
        known = self.words.known
        for at, key in enumerate(self.keys):
            if at >= self.start and (key in known or not key.isalpha() or self._may_end(key)):
                self._word(at, key)
        if self.end is None and self._is_one_word():
            self._end_at(self.start)
        return self._street() if self.end is not None else None

    def _is_one_word(self) -> bool:
        """Return True if after a number there is nothing but a word like a street: 12 Watermead."""
        key = self._key(self.start)
        alone = self.counted and self._is_nothing_left(self.start + 1)
        return alone and key.isalpha() and key not in self.words.given and self._is_founded(key)

    def _is_founded(self, key: str) -> bool:
        return any(key.endswith(end) and len(key) > len(end) + 2 for end in self.words.founded)

    def ends_premises(self) -> bool:
        """Return True if the last word is a house number or ends a building's name."""
        last = len(self.keys) - 1
        if last < 0 or self.end is not None:
            return False
        number = self.is_number(last) and self._key(last - 1) not in self.words.part
        return number or (last > 0 and self.keys[last] in self.words.building)

    def is_number(self, at: int) -> bool:
        """Return True if a word has a digit and is not a street's ordinal."""
        key = self.keys[at]
        if key.isalpha() or not _DIGIT.search(key):
            return False
        return not (is_ordinal(key) and is_thoroughfare(self._key(at + 1)))

    def _begin(self, start: int, *, numbered: bool, free: bool) -> None:
        self.start, self.numbered, self.free = start, numbered, free
        # After a number a street begins; after "rear of" a house without a number can follow.
        self.counted = numbered
        self.name_end: int | None = None
        self.end: int | None = None
        self.strong = False
        self.break_at: int | None = None
        self.after_building = False
        self.foreign = False

    def _end_at(self, at: int) -> None:
        self.name_end, self.end = at, at + 1

    def _key(self, at: int) -> str:
        return self.keys[at] if 0 <= at < len(self.keys) else ""

    def _word(self, at: int, key: str) -> None:
        w = self.words
        if self.is_number(at):
            self._number(at)
        elif key in w.numbering and self._is_number_next(at):
            return
        elif key in w.part:
            self._part(at)
        elif key in w.position and not self._is_named_so(at):
            skip = self._key(at + 1) in {"of", "to", "with"}
            self._begin(at + 1 + skip, numbered=True, free=False)
            self.counted = False
        elif key.partition("-")[0] in w.first and (self._key(at + 1) or "-" in key):
            farm = key in w.founder and not (self.counted and self.start == at)
            self._begin(at, numbered=False, free=False)
            self.name_end, self.end, self.strong = at + 1, len(self.keys), not farm
        elif self._ends_street(at, key):
            self._thoroughfare(at, key)
        elif key in w.building:
            self._building(at)
        elif self.end == at and key in w.side and self._is_side(at, key):
            self.end = at + 1

    def _is_named_so(self, at: int) -> bool:
        """Return True for a word of position in a name: Junction Road, but not outside Glebe Road."""
        if not is_thoroughfare(self._key(at + 1)):
            return False
        return at > 0 or at + 2 == len(self.keys) or not is_thoroughfare(self.keys[-1])

    def _is_side(self, at: int, key: str) -> bool:
        """Return True if North or the like belongs to the name before it: not Windy Ridge West Town Lane."""
        if self.strong and key not in {"upper", "lower"}:
            return True
        return self._is_nothing_left(at + 1) or self._key(at + 1) in JOINED

    def _is_nothing_left(self, at: int) -> bool:
        """Return True if from a word on there is at most a locality."""
        return at >= len(self.keys) or self.keys[at:] in localities()

    def _is_number_next(self, at: int) -> bool:
        return at + 1 < len(self.keys) and self.is_number(at + 1)

    def _number(self, at: int) -> None:
        of_part = (
            self._key(at - 1) in self.words.part and self._key(at - 1) not in self.words.numbering
        )
        foreign = self._counts_no_house(at)
        self.several |= bool(_GLUED.search(self.keys[at]))
        self._begin(at + 1, numbered=not (of_part or foreign), free=of_part or foreign)
        self.foreign = foreign

    def _counts_no_house(self, at: int) -> bool:
        before = self._key(at - 2 if self._key(at - 1) in self.words.numbering else at - 1)
        goes_on = self.foreign and self.start == at
        return goes_on or before in self.words.figure or bool(_NO_HOUSE.search(self.keys[at]))

    def _part(self, at: int) -> None:
        letter = len(self._key(at + 1)) == 1 and not _DIGIT.search(self._key(at + 1))
        named = self.counted and self.start == at and is_thoroughfare(self._key(at + 1))
        self._begin(at + 1 + letter, numbered=False, free=True)
        self.several |= named  # 12 Stall Street Lane

    def _building(self, at: int) -> None:
        # As the first word of a name, or right before its thoroughfare word, it belongs to the street:
        # Court Farm Road, Mansion House Road.
        last = at == len(self.keys) - 1
        begins = at == self.start and not self.after_building
        unended = self.end is None or self._key(self.end) in JOINED
        in_name = unended and (begins or self._is_ended_next(at))
        if last or not in_name:
            self._begin(at + 1, numbered=False, free=False)
            self.after_building = True

    def _is_ended_next(self, at: int) -> bool:
        """Return True if the next word ends a street; "St" with more words after it is a saint."""
        following = self._key(at + 1)
        if not is_thoroughfare(following):
            return False
        if is_thoroughfare(self._key(at + 2)):
            # Park House Park Crescent is not Crystal Palace Park Road.
            return self.keys[self.start : at + 1] in settlements()
        return not (following == "st" and at + 2 < len(self.keys))

    def _ends_street(self, at: int, key: str) -> bool:
        if (self.counted or self._begins_segment()) and self._is_whole_name(at, key):
            return True
        if at == self.start or not is_thoroughfare(key):
            return False
        if key == "st" and not self.counted and not self._is_nothing_left(at + 1):
            return False  # "Norton St Philip" is a village
        return not (key == "st" and self._key(at - 1) in _LINKS)

    def _is_whole_name(self, at: int, key: str) -> bool:
        """Return True if a word is a street after a number: Cheapside, High Holborn, The Mall, Eastway."""
        w, before = self.words, self.keys[self.start : at]
        if "-".join((*before, key)) in w.entire:
            return True
        if key in w.alone or _is_way(key):
            return all(word in w.qualifier or word == "high" for word in before)
        return before == ("the",) and key in w.defined

    def _may_end(self, key: str) -> bool:
        return _is_way(key) or key in _last_words()

    def _begins_segment(self) -> bool:
        # Such a street counts only if the segment before ends in a building's name.
        return self.start == 0 and not self.numbered

    def _thoroughfare(self, at: int, key: str) -> None:
        strong = key in self.words.strong or (key == "st" and at == len(self.keys) - 1)
        if self.strong and not strong and self._key(self.end or at) not in JOINED:
            if self.end == at and key in self.words.side:
                self.end = at + 1
            return  # "Acacia Avenue end of terrace"
        self._note_break(at)
        if self.counted and self.strong and self.break_at is not None:
            return  # "12 Acacia Avenue Harry Lane": the street is the one after the number
        if self.counted and self.break_at is not None:
            self.several = True
        if strong and self.break_at is not None:
            self._begin(self.break_at, numbered=False, free=False)
        if self.name_end is None:
            self.name_end = at
        self.end = at + 1
        self.strong |= strong or "-".join(self.keys[self.start :]) in self.words.certain

    def _note_break(self, at: int) -> None:
        # "Friary Park Friary Road": the first name is that of an estate or a block.
        if self.end is None or self.end >= at or self._key(self.end) in JOINED:
            return
        if self._key(self.end - 1) != "st":
            self.break_at = self.end

    def _street(self) -> Street:
        assert self.end is not None
        reason = SEVERAL if self.several else self._doubt()
        keys = self.keys[self.start : self.end]
        personal = may_be_somebody(keys)
        if reason is None and not self.counted and self.start and self._is_cut_short(keys):
            reason = UNKNOWN_START
        led = reason == UNKNOWN_START and _is_led(keys)
        # After a house number only the street's name can begin.
        if led and (self.counted or _is_of_town(keys)):
            reason = None
        if (personal and self.foreign) or self._is_somebodys(keys):
            reason = SOMEBODY
        return Street(
            self.start, self.end, self.strong, self.counted, reason, led, self.after_building,
            personal,
        )  # fmt: skip

    def _is_cut_short(self, keys: tuple[str, ...]) -> bool:
        """Return True if a word before the name may belong to it: Priory Bridge Road, Home Leas Close."""
        w = self.words
        before = self.keys[: self.start]
        if (before[-1], keys[0]) in leading_names() or keys[0] == "bridge":
            return True  # Cross Keys Close, Grove Park Road
        if not self.after_building or keys[0] in before or keys[0] == "st":
            return False  # Mill House Mill Lane
        begins = is_thoroughfare(keys[0]) or keys[0] in w.building
        surname = keys[0] in w.strong and keys[1] in w.surname_too
        return keys[0] == "house" or surname or (begins and before[-1] in w.place | {"home"})

    def _is_somebodys(self, keys: tuple[str, ...]) -> bool:
        """Return True if a street is described by its owner: near khan's road, her boyfriend's drive."""
        w = self.words
        if any(key.endswith("'s") and key[:-2] in w.relation for key in keys):
            return True
        if self.counted or keys[:2] in settlements():
            return False
        if any(key in w.relation or key.removesuffix("s") in w.relation for key in keys):
            return True
        owners = {
            key
            for key, before in zip(keys, ("", *keys), strict=False)
            if key.endswith("'s") and before not in {"st", "saint", "king", "queen"}
        }
        return not owners <= w.owner

    def _may_name_a_house(self) -> bool:
        """Return True if the words before two thoroughfare words can name a house: Brookside Vale Road."""
        last_two = (self.end or 0) - 2
        name = self.keys[self.start : last_two]
        if not name or not is_thoroughfare(self._key(last_two)):
            return False
        if name[0] == "the":
            return len(name) > 1
        alone = len(name) == 1 and (*name, self._key(last_two)) not in settlements()
        if not alone:
            return False
        # Patel Park Road: without a number nothing shows whose park it is.
        unknown = not self.counted and is_thoroughfare(self._key(last_two + 1))
        unknown &= self._key(last_two + 1) not in self.words.side
        return (unknown and _may_be_forename(name[0])) or self._is_house_like(name[0])

    def _is_house_like(self, key: str) -> bool:
        w = self.words
        plural = key.endswith("s") and key not in w.qualifier and key not in w.known
        return plural or key in w.alone or key.endswith(tuple(w.ending))

    def _names_whole(self) -> bool:
        end = self.name_end
        if self.counted and "-".join(self.keys[self.start : self.end]) in self.words.entire:
            return True
        if end is None or end + 1 != self.end:
            return False
        if not (self.counted or self._begins_segment()):
            return False
        return self._is_whole_name(end, self._key(end))

    def _doubt(self) -> str | None:
        """Cut off another name before the street's, or return the reason why this is not possible."""
        if self._key(self.start) in _LINKS - {"the"}:
            return UNKNOWN_START
        if self.name_end is None or self._names_whole():
            return None
        name = self.keys[self.start : self.name_end]
        if len(name) > _MOST_NAME_WORDS:
            return UNKNOWN_START
        if self.free and name and name[0] in self.words.counting:
            return "number-in-words"
        if (
            self.free
            and name
            and not _is_one_name(name)
            and name[-1] in self.words.whole - {"bridge", "mill"}
            and name[-2] not in self.words.known
        ):
            self.start = self.name_end - 1
        if self.free and self._may_name_a_house():
            return UNKNOWN_START
        first = self._key(self.start).partition("-")[0] in self.words.first
        named = self.keys[self.start + first : self.end]
        whole = first and "-" in self._key(self.start)
        fits = _is_behind_a_whole_name(named) if whole else _is_one_name(named, welsh=first)
        return None if fits else UNKNOWN_START


@cache
def _last_words() -> frozenset[str]:
    return frozenset(name.rpartition("-")[2] for name in words().entire)


def may_be_somebody(keys: tuple[str, ...]) -> bool:
    """Return True if it may be a person's name with one unknown word: Peter Hill, Harry Lane."""
    w = words()
    if len(keys) != len(("forename", "surname")) or keys[1] not in w.surname:
        return False
    if keys in settlements():
        return False
    if keys[1] in w.rare:
        return keys[0] in w.given or keys[0] in w.person
    return _may_be_forename(keys[0])


def _may_be_forename(key: str) -> bool:
    w = words()
    if key in w.person or key in w.given:
        return True
    plain = key in w.known or key in w.plain or key in w.thing or (key,) in settlements()
    return not plain and not key.endswith(tuple(w.placed))


def _is_outbuilding(keys: tuple[str, ...]) -> bool:
    w = words()
    plain = w.qualifier | {"the", "coach", "gate", "garden", "summer", "granny"}
    return keys[-1:] != () and keys[-1] in w.outbuilding and plain.issuperset(keys[:-1])


def _is_way(key: str) -> bool:
    return key.endswith("way") and key.removesuffix("way") in words().ways


def _is_of_town(keys: tuple[str, ...]) -> bool:
    """Return True for the high street or road of a town that is not a person's name: Sidcup High Street."""
    town, kind = keys[:-2], keys[-2:]
    if kind not in {("high", "street"), ("high", "road")} or town not in settlements():
        return False
    return words().person.isdisjoint(town)


def _is_led(keys: tuple[str, ...]) -> bool:
    """Return True if a street's name begins with words that name no house: 12 Kilburn High Road."""
    w = words()
    for length in (3, 2, 1):
        if keys[:length] in leading_names() and length < len(keys):
            # Not Nelson Elm Close: a block can also be named after a town.
            return _is_one_name(keys[length:]) and _begins_plainly(keys[length])
    return keys[0] in w.leading and _is_one_name(keys[1:])


def _begins_plainly(key: str) -> bool:
    """Return True if a word is not a name of its own, as in Fulham Palace Road, Woolwich New Road."""
    w = words()
    plain = key in w.qualifier or key in w.whole or key in w.leading or key in w.building
    return plain or is_thoroughfare(key)


def _is_behind_a_whole_name(keys: tuple[str, ...]) -> bool:
    """Return True if words may follow a Welsh name with hyphens, such as Maes-y-Felin Uchaf."""
    return keys in settlements() or all(key in words().welsh for key in keys)


def _is_one_name(keys: tuple[str, ...], *, welsh: bool = False) -> bool:
    """Return True if each thoroughfare word has at most one word of its own, except qualifiers.

    Of two such words the first may be a house's or a person's name: Willows Acacia Avenue. Without
    a gazetteer Chalk Farm Road looks the same, and is withheld, too.
    """
    w, names = words(), 0
    for at, key in enumerate(keys):
        if at and not welsh and is_thoroughfare(key) and not (key == "st" and at + 1 < len(keys)):
            names = 0
        elif key in w.qualifier:
            # A qualifier after a name begins another name: Rose New Road, Rose The Avenue,
            # Khan St Johns Road, Jane of New Road.
            linked = keys[at - 1] in _LINKS and at > 1 and is_thoroughfare(keys[at - 2])
            names += names > 0 and not linked
        elif key in _PARTICLES and welsh:
            continue
        elif key not in _LINKS and not (names and key in w.compound):
            names += len(_WITHIN_WORD.split(key))
        if names > 1 or len(key) > _LONGEST_WORD:
            return False
    return True

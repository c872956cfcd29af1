"""Code lists: the values of a coded field, their published source, and the suppliers' spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from schemas.record_type import SchemaError
from schemas.spelling import LONGEST, folded, words
from schemas.telling import Telling, findings, read_tellings

_SHOWN = 25
_NEEDED = {"source", "profiles", "codes"}
_POSSIBLE = {"pattern", "form", "groups", "sub_classes"}
_MOST_WORDS = 16
_MARKS = " -.:;,'\"()[]"
_SUB_CLASS = re.compile(r"0{0,2}([0-9]{1,3}[A-Z]?)[/.]0?([0-9]{1,2})", re.ASCII)
_CLASS = re.compile(r"0{1,2}([1-9][0-9]{0,2}[A-Z]?)", re.ASCII)
_APART = re.compile(r"(0{0,2}[1-9][0-9]{0,2})[\W_]{1,3}([A-Z])")
"""A class with a space before its letter: 8 U."""
_HEAD = re.compile(r"[\W_]*(0{0,2}[0-9]{1,3}[A-Z]?(?:[/.][0-9]{1,2})?)(?!\w)(.*)")
_LETTER = re.compile(r"[\W_]*([A-Z])(?!\w)")


class Spelt(NamedTuple):
    """A code that was read; `certain` is False if the text has other words too."""

    code: str
    certain: bool


@dataclass(frozen=True)
class CodeList:
    """Codes with the spellings that mean them.

    `pattern` is a regular expression for further codes, and `form` describes it in words. With `sub_classes`
    a listed class may be followed by a slash or a dot and a number (``8/06``). `groups` holds the broader
    group of each code. `profiles` holds, for each profile, the codes that it gets.
    """

    name: str
    source: str
    spellings: Mapping[str, tuple[str, ...]]
    pattern: str | None = None
    form: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    sub_classes: bool = False
    profiles: Mapping[str, Telling] = field(default_factory=dict)

    def code(self, given: str) -> str | None:
        """Return the code that `given` spells with certainty, or None; case, width and spaces are ignored."""
        found = self.read(given)
        return found.code if found is not None and found.certain else None

    def read(self, given: str) -> Spelt | None:
        """Return the code that `given` spells, or None; other words in the text make it uncertain."""
        text = folded(given)
        if not text or len(text) > LONGEST:
            return None
        bare = text.strip(_MARKS)
        code = self._spelled(text) or self._of_form(given.strip()) or self._spelled(bare)
        code = code or self._said_twice(bare)
        if code is not None:
            return Spelt(code, certain=True)
        return self._with_words(bare.upper()) if self.sub_classes else None

    def group(self, code: str) -> str | None:
        """Return the broader group of a code, or of the class of a sub-class; None if it has none."""
        return self.groups.get(code) or self.groups.get(code.partition("/")[0])

    @property
    def accepted(self) -> str:
        """Return the accepted values in words, for an error message."""
        if self.pattern:
            return self.form or f"a code of the form {self.pattern}"
        shown = ", ".join(list(self.spellings)[:_SHOWN])
        if len(self.spellings) > _SHOWN:
            shown += f" … ({len(self.spellings)} codes, listed in docs/datasets.md as {self.name})"
        return f"one of {shown}" + (", or a sub-class such as 8/06" if self.sub_classes else "")

    def _spelled(self, text: str) -> str | None:
        """Return the code of a folded text that has no other words."""
        found = self._by_spelling.get(text)
        if found is not None:
            return found
        if self.sub_classes:
            upper = text.upper()
            apart = _APART.fullmatch(upper)
            joined = "".join(apart.groups()) if apart else upper
            return self._by_spelling.get(joined.casefold()) or self._sub_class(joined)
        return None

    def _in_words(self, said: list[str]) -> str | None:
        # Without punctuation a number could be another one: 8/06 and 806.
        text = " ".join(said)
        if not any(c.isdigit() for c in text):
            return self._by_words.get(text)
        return self._spelled(text)

    def _said_twice(self, text: str) -> str | None:
        """Return the code of a text of words, or of a code followed by its own words."""
        said = words(text)
        if not 0 < len(said) <= _MOST_WORDS:
            return None
        if not any(c.isdigit() for c in text):
            found = self._in_words(said)
            if found is not None:
                return found
        if "".join(said).isdigit():
            return None  # "6 6" could also mean 66
        for end in range(1, len(said)):
            code = self._in_words(said[:end])
            if code is not None and code == self._in_words(said[end:]):
                return code
        return None

    def _with_words(self, text: str) -> Spelt | None:
        """Return the code before other words, or None if these words may change its meaning."""
        found = _HEAD.fullmatch(text)
        if found is None or not words(found[2]):
            return None
        letter = _LETTER.match(found[2])
        code = self._spelled(found[1].casefold())
        if code is None or (letter and self._spelled(f"{code}{letter[1]}".casefold())):
            return None
        other = self._in_words(words(found[2].casefold()))
        return Spelt(code, certain=False) if other in {None, code} else None

    def _of_form(self, given: str) -> str | None:
        return given if self._form is not None and self._form.fullmatch(given) else None

    def _sub_class(self, given: str) -> str | None:
        padded = _CLASS.fullmatch(given)
        if padded is not None:
            return padded[1] if padded[1] in self.spellings else None
        found = _SUB_CLASS.fullmatch(given)
        if found is None or found[1] not in self.spellings:
            return None
        listed = f"{found[1]}/{int(found[2])}"
        return listed if listed in self.spellings else f"{found[1]}/{int(found[2]):02}"

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        return {
            folded(spelling): code
            for code, spellings in self.spellings.items()
            for spelling in (code, *spellings)
        }

    @cached_property
    def _by_words(self) -> dict[str, str]:
        return {" ".join(words(spelling)): code for spelling, code in self._by_spelling.items()}

    @cached_property
    def _form(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None


def load_code_list(path: Path) -> CodeList:
    """Read ``<name>.yaml`` with `source`, `profiles`, `codes` and their spellings, and optional settings.

    Raises:
        SchemaError: the list is wrong; the text has the file, the code, the fault and the accepted values.
    """
    declared = YAML(typ="safe").load(path)
    for finding in _findings(declared):
        raise SchemaError(f"{path.name}: {finding}")
    return CodeList(
        name=path.stem,
        source=str(declared["source"]).strip(),
        spellings={code: tuple(spellings) for code, spellings in declared["codes"].items()},
        pattern=declared.get("pattern"),
        form=declared.get("form", ""),
        groups=declared.get("groups", {}),
        sub_classes=declared.get("sub_classes", False),
        profiles=read_tellings(declared["profiles"], declared["codes"]),
    )


def _findings(declared: Mapping[str, Any]) -> Iterator[str]:
    if set(declared) - _NEEDED - _POSSIBLE or not set(declared) >= _NEEDED:
        yield (
            "needs source, profiles (the codes that each profile gets) and codes; optional: "
            + ", ".join(sorted(_POSSIBLE))
        )
        return
    codes, groups = declared["codes"], declared.get("groups", {})
    meant: dict[str, str] = {}
    for code, spellings in codes.items():
        for spelling in (code, *spellings):
            if not isinstance(spelling, str) or not spelling.strip():
                yield f"code {code!r}: {spelling!r} is not a text; YAML converts true, 1, null: quote it"
            elif meant.setdefault(" ".join(words(folded(spelling))), code) != code:
                other = meant[" ".join(words(folded(spelling)))]
                yield f"{spelling!r} spells both {other!r} and {code!r}"
    if groups and set(groups) != set(codes):
        odd = ", ".join(sorted(map(str, set(groups) ^ set(codes))))
        yield f"groups must name each code and no other; these differ: {odd}"
    yield from findings(declared["profiles"], codes)

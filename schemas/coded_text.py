"""Conversion of free text to the codes of a list, with a mark if the text says more than the codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from schemas.codes import CodeList

_RULES_FILE = Path(__file__).parent / "text_rules.yaml"
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-])+")
_NOTHING = r"(?!)"


class Reading(NamedTuple):
    """The codes in the order of the list; `residue` is True if the text has other words too."""

    codes: list[str]
    residue: bool


@dataclass(frozen=True, slots=True)
class TextRules:
    """The words of ``text_rules.yaml``; the comments in the file explain each group."""

    reach: int
    before: frozenset[str]
    after: re.Pattern[str]
    joined: re.Pattern[str]
    clauses: re.Pattern[str]
    passed_over: frozenset[str]


@cache
def text_rules(path: Path = _RULES_FILE) -> TextRules:
    """Return the rules; the file is read once."""
    declared = YAML(typ="safe").load(path)
    return TextRules(
        reach=declared["reach"],
        before=frozenset(declared["before"]),
        after=re.compile(
            rf"\W*(?:was |were |is )?(?:{_any_of(declared['after'])})\b", re.IGNORECASE
        ),
        joined=re.compile(rf"[\s/]*(?:{_any_of(declared['joined'])}|/)?\s*", re.IGNORECASE),
        clauses=re.compile(
            rf"[.,;:](?=\s|$)|[()\n]|\b(?:{_any_of(declared['clauses'])})\b", re.IGNORECASE
        ),
        passed_over=frozenset(declared["passed_over"]),
    )


class TextReader:
    """A reader of free texts by one code list.

    A spelling matches only whole words, with or without a plural ending. Of overlapping spellings the longest
    one counts (T40.5 is cocaine, although T40 is any drug). A spelling that is negated in its clause, by a
    word before or after it, gives no code.
    """

    def __init__(self, code_list: CodeList, rules: TextRules | None = None) -> None:
        """Compile the list's spellings."""
        self._rules = rules or text_rules()
        self._list = code_list
        spellings = {s for spelled in code_list.spellings.values() for s in spelled}
        longest_first = sorted(spellings, key=lambda s: (-len(s), s))
        self._phrases = re.compile(rf"\b({_any_of(longest_first)})(?:s|es)?\b", re.IGNORECASE)

    def __call__(self, text: str) -> Reading:
        """Return the codes in a text, and whether it has other words."""
        found: set[str] = set()
        residue = False
        for clause in self._rules.clauses.split(text):
            rest = []
            end = 0
            for phrase, negated in self._said(clause):
                rest.append(clause[end : phrase.start()])
                end = phrase.end()
                code = self._list.code(phrase[1])
                residue = residue or negated
                if code is not None and not negated:
                    found.add(code)
            rest.append(clause[end:])
            residue = residue or any(map(self._tells, rest))
        return Reading([code for code in self._list.spellings if code in found], residue)

    def _said(self, clause: str) -> Iterator[tuple[re.Match[str], bool]]:
        end, negated = 0, False
        for phrase in self._phrases.finditer(clause):
            between = clause[end : phrase.start()]
            carried = negated and self._rules.joined.fullmatch(between) is not None
            words = [word.casefold() for word in _WORD.findall(between)][-self._rules.reach :]
            negated = (
                carried
                or not self._rules.before.isdisjoint(words)
                or self._rules.after.match(clause, phrase.end()) is not None
            )
            end = phrase.end()
            yield phrase, negated

    def _tells(self, rest: str) -> bool:
        words = (word.casefold() for word in _WORD.findall(rest))
        return any(w not in self._rules.passed_over for w in words)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words)) or _NOTHING

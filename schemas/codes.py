"""Code lists: what a coded field may say, from which published source, and how suppliers spell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ruamel.yaml import YAML


@dataclass(frozen=True)
class CodeList:
    """Codes with the spellings that mean them; `pattern` admits codes of a form instead."""

    name: str
    source: str
    spellings: Mapping[str, tuple[str, ...]]
    pattern: str | None = None

    def code(self, given: str) -> str | None:
        """The code that `given` spells, whatever its case and spacing; None where it spells none."""
        found = self._by_spelling.get(_folded(given))
        if found is None and self._form is not None and self._form.fullmatch(given.strip()):
            return given.strip()
        return found

    def codes_within(self, text: str) -> list[str]:
        """Every code whose spelling stands in a free text as whole words, in order of the list."""
        return [code for code, phrases in self._phrases.items() if phrases.search(text)]

    @property
    def accepted(self) -> str:
        """What is accepted, in words, for a message."""
        if self.pattern:
            return f"a code of the form {self.pattern}"
        return "one of " + ", ".join(self.spellings)

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        return {
            _folded(spelling): code
            for code, spellings in self.spellings.items()
            for spelling in (code, *spellings)
        }

    @cached_property
    def _form(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None

    @cached_property
    def _phrases(self) -> dict[str, re.Pattern[str]]:
        return {
            code: re.compile(rf"\b(?:{'|'.join(map(re.escape, spellings))})\b", re.IGNORECASE)
            for code, spellings in self.spellings.items()
        }


def load_code_list(path: Path) -> CodeList:
    """Read ``<name>.yaml``: a `source`, `codes` with spellings, perhaps a `pattern`."""
    declared = YAML(typ="safe").load(path)
    return CodeList(
        name=path.stem,
        source=str(declared["source"]).strip(),
        spellings={code: tuple(spellings) for code, spellings in declared["codes"].items()},
        pattern=declared.get("pattern"),
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

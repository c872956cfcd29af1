"""Code lists: what a coded field may say, from which published source, and how suppliers spell it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from schemas.record_type import SchemaError

_SHOWN = 25
_SUB_CLASS = re.compile(r"0{0,2}([0-9]{1,3}[A-Z]?)[/.]0?([0-9]{1,2})", re.ASCII)
_CLASS = re.compile(r"0{1,2}([1-9][0-9]{0,2}[A-Z]?)", re.ASCII)


@dataclass(frozen=True)
class CodeList:
    """Codes with the spellings that mean them.

    `pattern` admits codes of a form instead; `sub_classes` admits a listed class with a number of
    its own behind a stroke or point (``8/06``); `groups` are the broader groups of the codes.
    """

    name: str
    source: str
    spellings: Mapping[str, tuple[str, ...]]
    pattern: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    sub_classes: bool = False

    def code(self, given: str) -> str | None:
        """The code that `given` spells, whatever its case and spacing; None where it spells none."""
        found = self._by_spelling.get(_folded(given))
        if found is not None:
            return found
        if self.sub_classes:
            return self._sub_class(given.strip().upper())
        if self._form is not None and self._form.fullmatch(given.strip()):
            return given.strip()
        return None

    def group(self, code: str) -> str | None:
        """The broader group of a code, that of its class for a sub-class; None where it has none."""
        return self.groups.get(code) or self.groups.get(code.partition("/")[0])

    @property
    def accepted(self) -> str:
        """What is accepted, in words, for a message."""
        if self.pattern:
            return f"a code of the form {self.pattern}"
        shown = ", ".join(list(self.spellings)[:_SHOWN])
        if len(self.spellings) > _SHOWN:
            shown += f" … ({len(self.spellings)} codes, listed in docs/datasets.md as {self.name})"
        return f"one of {shown}" + (", or a sub-class such as 8/06" if self.sub_classes else "")

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
            _folded(spelling): code
            for code, spellings in self.spellings.items()
            for spelling in (code, *spellings)
        }

    @cached_property
    def _form(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None


def load_code_list(path: Path) -> CodeList:
    """Read ``<name>.yaml``: `source`, `codes` with spellings, perhaps `groups`, a `pattern`, `sub_classes`.

    Raises:
        SchemaError: names the file, the code, what is wrong and what is accepted.
    """
    declared = YAML(typ="safe").load(path)
    for finding in _findings(declared):
        raise SchemaError(f"{path.name}: {finding}")
    return CodeList(
        name=path.stem,
        source=str(declared["source"]).strip(),
        spellings={code: tuple(spellings) for code, spellings in declared["codes"].items()},
        pattern=declared.get("pattern"),
        groups=declared.get("groups", {}),
        sub_classes=declared.get("sub_classes", False),
    )


def _findings(declared: Mapping[str, Any]) -> Iterator[str]:
    unknown = set(declared) - {"source", "codes", "pattern", "groups", "sub_classes"}
    if unknown or not {"source", "codes"} <= set(declared):
        yield "has source and codes, and perhaps pattern, groups, sub_classes"
        return
    codes, groups = declared["codes"], declared.get("groups", {})
    meant: dict[str, str] = {}
    for code, spellings in codes.items():
        for spelling in (code, *spellings):
            if not isinstance(spelling, str) or not spelling.strip():
                yield f"code {code!r}: {spelling!r} is no text; YAML reads true, 1 and null so: quote it"
            elif meant.setdefault(_folded(spelling), code) != code:
                yield f"{spelling!r} spells both {meant[_folded(spelling)]!r} and {code!r}"
    if groups and set(groups) != set(codes):
        odd = ", ".join(sorted(map(str, set(groups) ^ set(codes))))
        yield f"groups name every code and no other; these differ: {odd}"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

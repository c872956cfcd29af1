"""The law by which information is shared, as data: powers and duties, conditions, markings (law.yaml)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from schemas.record_type import Sensitivity

DEGREES: tuple[Sensitivity, ...] = tuple(Sensitivity)
"""Types of information, from the one that tells least of people."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Law(_Strict):
    """The words of one time: markings from the lowest, and the conditions that information needs."""

    title: str
    marking: str
    markings: tuple[str, ...]
    personal_needs: tuple[str, ...]
    sensitive_needs: tuple[str, ...]

    @property
    def accepted_markings(self) -> tuple[str, ...]:
        """What a protocol may mark its information; nothing below the guidance's RESTRICTED."""
        return self.markings[self.markings.index(self.marking) :]

    def needs(self, information: Sensitivity) -> tuple[str, ...]:
        """The kinds of condition without which such information must not be shared."""
        by_degree = {
            Sensitivity.PERSONAL: self.personal_needs,
            Sensitivity.SENSITIVE: self.sensitive_needs,
        }
        return by_degree.get(information, ())


class Basis(_Strict):
    """A power or duty to share. `covers` is the most sensitive type of information it carries."""

    id: str
    title: str
    laws: tuple[str, ...]
    source: str
    covers: Sensitivity
    relevant_authorities: bool = False
    between: tuple[str, ...] = ()
    prescribed: bool = False
    duty: bool = False
    today: str | None = None

    def carries(self, information: Sensitivity) -> bool:
        """Whether information of that type may be shared on this basis."""
        return DEGREES.index(information) <= DEGREES.index(self.covers)


class Condition(_Strict):
    """A condition for sharing personal information, of a kind that a `Law` asks for."""

    id: str
    kind: str
    title: str
    laws: tuple[str, ...]
    source: str
    today: str | None = None


class Vocabulary(_Strict):
    """All of it; `prescribed` are the datasets of the Schedule to the 2007 Regulations."""

    laws: dict[str, Law]
    bases: tuple[Basis, ...]
    conditions: tuple[Condition, ...]
    prescribed: frozenset[str]

    def basis(self, name: str) -> Basis | None:
        """The basis of that id."""
        return next((b for b in self.bases if b.id == name), None)

    def condition(self, name: str) -> Condition | None:
        """The condition of that id."""
        return next((c for c in self.conditions if c.id == name), None)

    @model_validator(mode="after")
    def _is_whole(self) -> Vocabulary:
        entries: tuple[Basis | Condition, ...] = (*self.bases, *self.conditions)
        ids = {entry.id: entry for entry in entries}
        if len(ids) != len(entries):
            raise ValueError("an id stands twice")
        for entry in entries:
            if not set(entry.laws) <= set(self.laws):
                raise ValueError(f"{entry.id}: no such law; accepted: {', '.join(self.laws)}")
            later = ids.get(entry.today or "")
            if entry.today is not None and (later is None or "today" not in later.laws):
                raise ValueError(f"{entry.id}: {entry.today} is nothing of today's law")
            if "today" not in entry.laws and entry.today is None:
                raise ValueError(f"{entry.id}: what became of it is not said")
        return self


@cache
def load_law() -> Vocabulary:
    """Read the vocabulary once."""
    text = files("schemas").joinpath("law.yaml").read_text(encoding="utf-8")
    document: Any = YAML(typ="safe").load(text)
    return Vocabulary.model_validate(document)

"""The law for information sharing as data: powers and duties, conditions, and markings (law.yaml)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from schemas.record_type import Sensitivity

DEGREES: tuple[Sensitivity, ...] = tuple(Sensitivity)
"""Types of information, from the least sensitive to the most sensitive."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Law(_Strict):
    """The law of one time: its markings from the lowest, and the kinds of condition that it requires."""

    title: str
    marking: str
    markings: tuple[str, ...]
    personal_needs: tuple[str, ...]
    sensitive_needs: tuple[str, ...]

    @property
    def accepted_markings(self) -> tuple[str, ...]:
        """Return the markings that a protocol may use: `marking` (the guidance's RESTRICTED) and higher."""
        return self.markings[self.markings.index(self.marking) :]

    def needs(self, information: Sensitivity) -> tuple[str, ...]:
        """Return the kinds of condition that sharing such information requires."""
        by_degree = {
            Sensitivity.PERSONAL: self.personal_needs,
            Sensitivity.SENSITIVE: self.sensitive_needs,
        }
        return by_degree.get(information, ())


class Basis(_Strict):
    """A power or duty to share. `covers` is the most sensitive type of information that it allows."""

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
        """Return True if information of this type may be shared on this basis."""
        return DEGREES.index(information) <= DEGREES.index(self.covers)


class Condition(_Strict):
    """A condition for sharing personal information, of a kind that a `Law` requires."""

    id: str
    kind: str
    title: str
    laws: tuple[str, ...]
    source: str
    today: str | None = None


class Vocabulary(_Strict):
    """All laws, bases and conditions; `prescribed` are the datasets of the 2007 Regulations' Schedule."""

    laws: dict[str, Law]
    bases: tuple[Basis, ...]
    conditions: tuple[Condition, ...]
    prescribed: frozenset[str]

    def basis(self, name: str) -> Basis | None:
        """Return the basis with this id, or None."""
        return next((b for b in self.bases if b.id == name), None)

    def condition(self, name: str) -> Condition | None:
        """Return the condition with this id, or None."""
        return next((c for c in self.conditions if c.id == name), None)

    @model_validator(mode="after")
    def _is_whole(self) -> Vocabulary:
        entries: tuple[Basis | Condition, ...] = (*self.bases, *self.conditions)
        ids = {entry.id: entry for entry in entries}
        if len(ids) != len(entries):
            raise ValueError("an id is used twice")
        for entry in entries:
            if not set(entry.laws) <= set(self.laws):
                raise ValueError(f"{entry.id}: no such law; accepted: {', '.join(self.laws)}")
            later = ids.get(entry.today or "")
            if entry.today is not None and (later is None or "today" not in later.laws):
                raise ValueError(f"{entry.id}: {entry.today} is not an id of today's law")
            if "today" not in entry.laws and entry.today is None:
                raise ValueError(f"{entry.id}: name its successor in today's law under `today`")
        return self


@cache
def load_law() -> Vocabulary:
    """Return the vocabulary of law.yaml; the file is read once."""
    text = files("schemas").joinpath("law.yaml").read_text(encoding="utf-8")
    document: Any = YAML(typ="safe").load(text)
    return Vocabulary.model_validate(document)

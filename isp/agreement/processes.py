"""The business processes for which personal information is shared case by case (guidance 3.1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from schemas.record_type import RecordType

BYSTANDERS = frozenset({"witness", "officer", "keeper"})
"""Whom no process is about; what a record says of them is asked for by name, or not at all."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Only(_Strict):
    """The one dataset that a process is about, by kinds of supplier and recipient."""

    dataset: str
    suppliers: tuple[str, ...] = Field(alias="from")
    recipients: tuple[str, ...] = Field(alias="to")


class Process(_Strict):
    """One process: what it usually asks for, and whose consent it needs.

    A consent holds for at most `consent_days`, then it is reviewed. Datasets that are `never_alone`
    select nobody by themselves. Where `identification` must be necessary, information is depersonalised
    unless a request says why it cannot be (guidance 2.4.1.2).
    """

    title: str
    items: tuple[str, ...]
    consent: Literal["none", "informed", "written"]
    consent_days: int = 366
    exceptions: tuple[str, ...] = ()
    only: Only | None = None
    never_alone: tuple[str, ...] = ()
    identification: Literal["as-needed", "necessary"] = "as-needed"
    longest_days: int

    @property
    def needs_consent(self) -> bool:
        """Whether nothing flows without the person's consent or a recorded exception."""
        return self.consent != "none"

    def usual_fields(self, record_type: RecordType) -> tuple[str, ...]:
        """The fields of a record type that the process usually asks for."""
        return tuple(
            field.name
            for field in record_type.fields
            if field.about not in BYSTANDERS
            and any(field.name == item or field.name.endswith(f"_{item}") for item in self.items)
        )


class Processes(_Strict):
    """All of them by id, and the exceptions to consent in words."""

    exceptions: Mapping[str, str]
    processes: Mapping[str, Process]

    @model_validator(mode="after")
    def _is_whole(self) -> Processes:
        for name, process in self.processes.items():
            unknown = set(process.exceptions) - set(self.exceptions)
            if unknown:
                raise ValueError(f"{name}: no such exceptions: {', '.join(sorted(unknown))}")
            if process.exceptions and not process.needs_consent:
                raise ValueError(f"{name}: exceptions to a consent that it does not need")
        return self


@cache
def load_processes() -> Processes:
    """Read the declaration once."""
    text = files("schemas").joinpath("processes.yaml").read_text(encoding="utf-8")
    document: Any = YAML(typ="safe").load(text)
    return Processes.model_validate(document)

"""The business processes for which personal information is shared case by case (guidance 3.1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from schemas.record_type import CHILD, RecordType

BYSTANDERS = frozenset({"witness", "officer", "keeper"})
"""People whom no process is about. Their fields are disclosed only if a request names each field."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Only(_Strict):
    """The only dataset of a process, and the kinds of its supplier and recipient."""

    dataset: str
    suppliers: tuple[str, ...] = Field(alias="from")
    recipients: tuple[str, ...] = Field(alias="to")


class Process(_Strict):
    """One process: its usual fields, and the consent that it needs.

    A consent is valid for at most `consent_days`, then it must be reviewed. Datasets in `never_alone` may not
    be used alone to select people. If `identification` is `necessary`, a request must state why the
    information cannot be depersonalised (guidance 2.4.1.2).
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
        """Return True if the process needs the person's consent or a recorded exception."""
        return self.consent != "none"

    def usual_fields(self, record_type: RecordType) -> tuple[str, ...]:
        """Return the fields of a record type that the process usually requests.

        A field about a child needs an item that names the child: the item `name` alone does not request it.
        """
        of_child = [item for item in self.items if item.startswith(CHILD)]
        return tuple(
            field.name
            for field in record_type.fields
            if field.about not in BYSTANDERS
            and any(
                field.name == item or field.name.endswith(f"_{item}")
                for item in (of_child if field.about == CHILD else self.items)
            )
        )


class Processes(_Strict):
    """All processes by id, and the texts of the exceptions to consent by id."""

    exceptions: Mapping[str, str]
    processes: Mapping[str, Process]

    @model_validator(mode="after")
    def _is_whole(self) -> Processes:
        for name, process in self.processes.items():
            unknown = set(process.exceptions) - set(self.exceptions)
            if unknown:
                raise ValueError(f"{name}: no such exceptions: {', '.join(sorted(unknown))}")
            if process.exceptions and not process.needs_consent:
                raise ValueError(f"{name}: has exceptions to consent, but needs no consent")
        return self


@cache
def load_processes() -> Processes:
    """Return the processes of processes.yaml; the file is read once."""
    text = files("schemas").joinpath("processes.yaml").read_text(encoding="utf-8")
    document: Any = YAML(typ="safe").load(text)
    return Processes.model_validate(document)

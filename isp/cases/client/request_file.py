"""Requests and consents as files, because personal data must not be on a command line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isp.agreement.names import Name
from isp.agreement.processes import load_processes
from isp.cases.client.office import Officer, letter_of
from isp.cases.errors import DisclosureError
from isp.cases.letters import CaseId, Consent, Request, Subject, Text
from schemas.catalogue import Catalogue
from schemas.positions import Finding, located, settings_at
from schemas.yaml_file import read_yaml

_CASE_BYTES = 8


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class RequestFile(_Strict):
    """The content of a request file. `fields` is by dataset; no names mean the process's usual fields."""

    supplier: Name = Field(alias="from")
    process: Name
    purpose: Text
    questions: tuple[Text, ...]
    legal_basis: str
    conditions: tuple[str, ...] = ()
    subjects: tuple[Subject, ...]
    fields: dict[str, tuple[str, ...] | None]
    until: date
    urgent: Text | None = None
    concern: Text | None = None
    necessary: Text | None = None
    onward_from: CaseId | None = None


class ConsentFile(_Strict):
    """The content of a consent file: a person's statement about sharing for one process."""

    process: Name
    subject: Subject
    form: str | None = None
    on: date
    until: date | None = None
    reason: Text | None = None


def read_request(path: Path, catalogue: Catalogue) -> RequestFile:
    """Read a request file; a dataset without field names gets the usual fields of the process.

    Raises:
        DisclosureError: one line per finding, with file, line and place, without any value of the file.
    """
    asked: RequestFile = _read(path, RequestFile, "request")
    process = load_processes().processes.get(asked.process)
    if process is None:
        accepted = ", ".join(load_processes().processes)
        raise DisclosureError(f"{path}: process {asked.process!r}; accepted: {accepted}")
    fields: dict[str, tuple[str, ...]] = {}
    for dataset, named in asked.fields.items():
        if dataset not in catalogue.record_types:
            accepted = ", ".join(sorted(catalogue.record_types))
            raise DisclosureError(f"{path}: fields: no dataset {dataset!r}; accepted: {accepted}")
        fields[dataset] = named or process.usual_fields(catalogue.record_type(dataset))
    return asked.model_copy(update={"fields": fields})


def request_of(asked: RequestFile, officer: Officer, sealing_key: str, case: str) -> Request:
    """Return the request as a letter."""
    return letter_of(Request, officer, **asked.model_dump(), case=case, sealing_key=sealing_key)


def read_consent(path: Path, officer: Officer, given: str) -> Consent:
    """Read a consent file, return the letter; `given` is the statement itself. Errors as `read_request`."""
    said: ConsentFile = _read(path, ConsentFile, "consent")
    return letter_of(Consent, officer, **said.model_dump(), case=new_case(), given=given)


def read_subject(path: Path) -> Subject:
    """Read the file with the subject of an inquiry. Errors as `read_request`."""
    subject: Subject = _read(path, Subject, "subject")
    return subject


def new_case() -> str:
    """Return a random id for a new case."""
    return token_hex(_CASE_BYTES)


def _read(path: Path, model: type[Any], root: str) -> Any:
    document = read_yaml(path, DisclosureError)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        findings = [Finding(e["loc"], _explained(e, model)) for e in error.errors()]
        raise DisclosureError(located(findings, path, document, root)) from None


def _explained(problem: Any, model: type[BaseModel]) -> str:
    """Return the problem and the accepted values. The value given is personal data and is not shown."""
    if problem["type"] == "extra_forbidden":
        return f"is not a setting; accepted: {', '.join(settings_at(model, problem['loc']))}"
    if problem["type"] == "missing":
        return "is missing; a value is needed"
    if problem["type"].startswith("date"):
        return "is not a date; accepted: a date as YYYY-MM-DD"
    return str(problem["msg"]).removeprefix("Value error, ")

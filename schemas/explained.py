"""Findings for a document of a model: each has the place, the fault, the given and the accepted values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.formats import FIELD, FORMAT
from schemas.positions import Finding, settings_at


def of_another_format(problems: Sequence[Any]) -> list[Any]:
    """Return the errors of a document with a format that this release does not read."""
    return [e for e in problems if e["loc"][-1:] == (FIELD,) and e["type"] == "literal_error"]


def problems_of(error: ValidationError) -> list[Any]:
    """Return the errors to explain.

    For a document of another format only that error is returned: the rest may be right in its own format.
    """
    problems: Sequence[Any] = error.errors()
    return of_another_format(problems) or list(problems)


def explained(problem: Any, model: type[BaseModel]) -> Finding:
    """Return one error of a model as a finding."""
    place, kind, given = problem["loc"], problem["type"], problem["input"]
    message = problem["msg"].removeprefix("Value error, ")
    if of_another_format([problem]):
        message = (
            f"this release cannot read format {given!r:.60}; accepted: {FORMAT}. "
            "A later release reads later formats"
        )
    elif kind == "extra_forbidden":
        accepted = ", ".join(settings_at(model, place))
        message = f"is not a setting of format {FORMAT}; accepted: {accepted}"
    elif kind == "missing":
        message = "is missing; a value is needed"
    elif kind == "literal_error":
        message = f"{given!r:.60} is not accepted; accepted: {problem['ctx']['expected']}"
    elif kind.startswith("date"):
        message = f"{given!r:.60} is not a date; accepted: a date as YYYY-MM-DD"
    elif kind == "string_pattern_mismatch":
        message = (
            f"{given!r:.60} is not accepted; accepted: what matches {problem['ctx']['pattern']}"
        )
    elif place and isinstance(given, str | int | float) and kind != "value_error":
        message = f"{message}; given {given!r:.60}"
    return Finding(place, message)

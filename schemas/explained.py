"""Findings in a document of a model: what is wrong at each place, what was given and what is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.formats import FIELD, FORMAT
from schemas.positions import Finding, settings_at


def of_another_format(problems: Sequence[Any]) -> list[Any]:
    """Return the errors that say that a document is of a format that this release does not read."""
    return [e for e in problems if e["loc"][-1:] == (FIELD,) and e["type"] == "literal_error"]


def problems_of(error: ValidationError) -> list[Any]:
    """Return the errors to explain.

    Of a document of another format that alone is said: this release does not know what accepts the rest.
    """
    problems: Sequence[Any] = error.errors()
    return of_another_format(problems) or list(problems)


def explained(problem: Any, model: type[BaseModel]) -> Finding:
    """Return one error of a model as a finding."""
    place, kind, given = problem["loc"], problem["type"], problem["input"]
    message = problem["msg"].removeprefix("Value error, ")
    if of_another_format([problem]):
        message = (
            f"{given!r:.60} is no format that this release reads; accepted: {FORMAT}. "
            "A later release reads later formats"
        )
    elif kind == "extra_forbidden":
        accepted = ", ".join(settings_at(model, place))
        message = f"is no setting of format {FORMAT}; accepted: {accepted}"
    elif kind == "missing":
        message = "is missing; a value is needed"
    elif kind == "literal_error":
        message = f"{given!r:.60} is not accepted; accepted: {problem['ctx']['expected']}"
    elif kind.startswith("date"):
        message = f"{given!r:.60} is no date; accepted: a date as YYYY-MM-DD"
    elif kind == "string_pattern_mismatch":
        message = (
            f"{given!r:.60} is not accepted; accepted: what matches {problem['ctx']['pattern']}"
        )
    elif place and isinstance(given, str | int | float) and kind != "value_error":
        message = f"{message}; given {given!r:.60}"
    return Finding(place, message)

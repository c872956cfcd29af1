"""A condition of DuckDB's SQL that a reader gives: one expression, and nothing that ends it."""

from __future__ import annotations

import json
from typing import Any, Final

import duckdb

from connectors.hub.errors import HubError
from connectors.hub.party_copy import PartyCopy

_TEMPLATES: Final = ("SELECT\n{}\n", "SELECT (\n{}\n)")
"""The second is how a condition is used. An expression is one in both."""

_BEFORE_ROWS: Final = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)
"""Errors that DuckDB finds before it reads a row. Their text has no data but what was given."""


def check_expression(copy: PartyCopy, expression: str) -> None:
    """Check that a text is one expression by DuckDB's own parser.

    Raises:
        HubError: it is none; the text has what the parser says.
    """
    plain = _frame(_parsed(copy, _TEMPLATES[0].format("1")))
    if not _is_encodable(expression):
        raise HubError("--where: is not a text in UTF-8")
    for template in _TEMPLATES:
        statements = _parsed(copy, template.format(expression))
        if _frame(statements) != plain or not _is_one(statements):
            raise HubError(
                "--where: is more than one expression; accepted: a condition such as "
                "incident_type = 'Burglary' AND incident_date >= DATE '2026-11-01'"
            )


def refusal(error: duckdb.Error) -> HubError:
    """Return an error for a condition that DuckDB refused; its text has no value of a record."""
    if isinstance(error, _BEFORE_ROWS):
        said = " ".join(str(error).partition("\n\nLINE")[0].split())
        return HubError(f"--where: {said}")
    name = type(error).__name__
    return HubError(
        f"--where: DuckDB cannot apply it to each record ({name}); compare values of one type, "
        "such as TRY_CAST(… AS DATE) >= DATE '2026-11-01'"
    )


def _parsed(copy: PartyCopy, statement: str) -> list[dict[str, Any]]:
    """Return the statements of a text as DuckDB's parser sees them."""
    try:
        parsed = json.loads(copy.query("SELECT json_serialize_sql(?)", statement)[0][0])
    except duckdb.Error as error:
        raise refusal(error) from None
    except RecursionError:
        raise HubError("--where: has too many parts within parts; write it shorter") from None
    if parsed["error"]:
        raise HubError(f"--where: {parsed['error_message']}")
    found: list[dict[str, Any]] = parsed["statements"]
    return found


def _is_encodable(text: str) -> bool:
    """Return False if bytes of the command line were no text: Python keeps them as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _frame(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the statements without what they select."""
    return [{**each, "node": {**each["node"], "select_list": None}} for each in statements]


def _is_one(statements: list[dict[str, Any]]) -> bool:
    """Return True if one value is selected, and it is not given a name."""
    selected = statements[0]["node"].get("select_list", ())
    return len(selected) == 1 and not selected[0]["alias"]

"""The statements of accounts quote each name, and have no password."""

from __future__ import annotations

import pytest

from connectors.hub.accounts import statements
from connectors.hub.accounts.state import PUBLIC, Member, Right, Role, Setting

ODD = 'banes.a"b; DROP TABLE x'
QUOTED = '"banes.a""b; DROP TABLE x"'


@pytest.mark.parametrize(
    ("right", "statement"),
    [
        (
            Right(ODD, "SELECT", "table", ("central", "x")),
            f'GRANT SELECT ON TABLE "central"."x" TO {QUOTED}',
        ),
        (
            Right(PUBLIC, "EXECUTE", "function", ("public", "f", "integer, text")),
            'GRANT EXECUTE ON ROUTINE "public"."f"(integer, text) TO PUBLIC',
        ),
        (
            Right("banes.fire", "CONNECT", "database", ("hub",)),
            'GRANT CONNECT ON DATABASE "hub" TO "banes.fire"',
        ),
    ],
)
def test_a_right_is_given_to_a_quoted_role(right: Right, statement: str) -> None:
    assert statements.granting(right).as_string() == statement


@pytest.mark.parametrize(
    ("right", "statement"),
    [
        (
            Right(ODD, "SELECT", "column", ("central", "x", 'y"z')),
            f'REVOKE SELECT ("y""z") ON TABLE "central"."x" FROM {QUOTED} CASCADE',
        ),
        (
            Right("banes.fire", "SELECT with grant option", "table", ("central", "x")),
            'REVOKE GRANT OPTION FOR SELECT ON TABLE "central"."x" FROM "banes.fire" CASCADE',
        ),
        (
            Right("banes.fire", "SELECT", "default", ("hub", "s", "TABLES")),
            'ALTER DEFAULT PRIVILEGES FOR ROLE "hub" IN SCHEMA "s" REVOKE SELECT ON TABLES FROM "banes.fire"',
        ),
        (
            Right("banes.fire", "SET", "parameter", ("pgaudit.log",)),
            'REVOKE SET ON PARAMETER "pgaudit"."log" FROM "banes.fire" CASCADE',
        ),
    ],
)
def test_a_right_is_taken_from_a_quoted_role(right: Right, statement: str) -> None:
    assert statements.revoking(right).as_string() == statement


def test_a_role_is_made_without_powers_and_without_a_password() -> None:
    role = Role(ODD, login=True, limit=5, settings=frozenset({("pgaudit.log", "read")}))
    text = "; ".join(each.as_string() for each in statements.making(role))
    assert f"CREATE ROLE {QUOTED}; ALTER ROLE {QUOTED} LOGIN INHERIT NOSUPERUSER NOCREATEDB" in text
    assert """SET "pgaudit"."log" = 'read'""" in text
    assert "PASSWORD" not in text


def test_memberships_and_settings_are_quoted() -> None:
    assert statements.joining(Member(ODD, "banes.fire")).as_string() == (
        f'GRANT "banes.fire" TO {QUOTED}'
    )
    wanted = Setting("owner", "pgaudit.log", "none")
    assert statements.setting(wanted, 'h"b').as_string() == (
        """ALTER ROLE "owner" IN DATABASE "h""b" SET "pgaudit"."log" = 'none'"""
    )

"""Changes of the broker's SCRAM users to the principals of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from secrets import token_bytes
from typing import Any, Protocol, cast

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from isp.agreement.topics import Names
from isp.broker.changes import Change
from isp.broker.requests import TIMEOUT_S, result, results, wait_until

MECHANISM = ScramMechanism.SCRAM_SHA_512
ITERATIONS = 8192
LOCKED_ITERATIONS = 4_097
"""Iteration count that marks a user who is locked out. Such a user counts as absent.

If a user's last credential is deleted, the broker (4.4.0) accepts no login at all after its next restart, not
even the administrator's. So a user who leaves gets a random password that nobody knows.
"""
_RANDOM_BYTES = 32


class Passwords(Protocol):
    """A store of the passwords of principals."""

    def password(self, principal: str) -> str:
        """Return the password of `principal`; create it at the first use."""
        ...


def apply_users(
    admin: AdminClient,
    principals: Sequence[str],
    passwords: Passwords,
    *,
    renew: bool = False,
) -> Change:
    """Create the missing users. Existing users keep their password, unless `renew` is true."""
    present = existing_users(admin, principals)
    lacking = tuple(p for p in principals if p not in present)
    renewed = tuple(p for p in principals if p in present) if renew else ()
    _upsert(admin, (*lacking, *renewed), passwords)
    if lacking:
        wait_until(
            lambda: existing_users(admin, principals) >= set(principals),
            f"the users {', '.join(lacking)}",
        )
    return Change(created=lacking, changed=renewed, left=len(present) - len(renewed))


def remove_users(admin: AdminClient, prefix: str, principals: Sequence[str]) -> Change:
    """Lock out this partnership's users that are not among `principals` (any more)."""
    stale = sorted(users_of(admin, prefix) - set(principals))
    if stale:
        locked = ScramCredentialInfo(MECHANISM, LOCKED_ITERATIONS)
        gone: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(user, locked, token_bytes(_RANDOM_BYTES)) for user in stale
        ]
        futures = admin.alter_user_scram_credentials(gone, request_timeout=TIMEOUT_S)
        results(futures, lambda user: f"lock out user {user}")
        wait_until(
            lambda: not users_of(admin, prefix) & set(stale), f"the lock-out of {', '.join(stale)}"
        )
    return Change(removed=tuple(stale))


def user_changes(admin: AdminClient, prefix: str, principals: Sequence[str]) -> Change:
    """Return the changes that `remove_users` and `apply_users` would make; change nothing."""
    present, wanted = users_of(admin, prefix), set(principals)
    return Change(
        created=tuple(sorted(wanted - present)),
        removed=tuple(sorted(present - wanted)),
        left=len(wanted & present),
    )


def users_of(admin: AdminClient, prefix: str) -> set[str]:
    """Return the users with a SCRAM-SHA-512 credential whose name begins with the prefix and a dot."""
    names = Names(prefix)
    return {user for user in _users(admin) if names.owns(user)}


def locked_users(admin: AdminClient, prefix: str) -> tuple[str, ...]:
    """Return the users that are locked out, for review: a password that was set by hand may look the same."""
    described, names = _credentials(admin), Names(prefix)
    return tuple(
        sorted(
            user
            for user, iterations in described.items()
            if names.owns(user) and iterations == {LOCKED_ITERATIONS}
        )
    )


def existing_users(admin: AdminClient, principals: Sequence[str]) -> set[str]:
    """Return those of `principals` that have a SCRAM-SHA-512 credential."""
    return _users(admin) & set(principals)


def _users(admin: AdminClient) -> set[str]:
    return {user for user, counts in _credentials(admin).items() if counts - {LOCKED_ITERATIONS}}


def _credentials(admin: AdminClient) -> dict[str, set[int]]:
    """Return the iteration counts of the SCRAM-SHA-512 credentials of every user."""
    asked = admin.describe_user_scram_credentials(request_timeout=TIMEOUT_S)
    # The request names no users, so the broker answers for all of them, in one future.
    described = result(cast("Future[Any]", asked), "list the users")
    return {
        user: {
            info.iterations
            for info in credentials.scram_credential_infos
            if info.mechanism == MECHANISM
        }
        for user, credentials in described.items()
    }


def _upsert(admin: AdminClient, users: Sequence[str], passwords: Passwords) -> None:
    if not users:
        return
    credential = ScramCredentialInfo(MECHANISM, ITERATIONS)
    alterations: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, credential, passwords.password(user).encode())
        for user in users
    ]
    futures = admin.alter_user_scram_credentials(alterations, request_timeout=TIMEOUT_S)
    results(futures, lambda user: f"set the credential of user {user}")

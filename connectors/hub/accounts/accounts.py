"""Application of the accounts: the roles and rights of the hub's database made as agreed, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple

import psycopg
from psycopg import sql

from connectors.hub.accounts import statements
from connectors.hub.accounts.plan import Plan
from connectors.hub.accounts.present import Session, read_place, read_state
from connectors.hub.accounts.state import Role
from connectors.hub.accounts.wanted import Agreed, wanted_state
from connectors.hub.errors import HubError
from isp.keys.secrets_store import SecretStore

_LOCK: Final = 0x69707530_61636374
"""The advisory lock that one application holds at a time."""
_MECHANISM: Final = b"scram-sha-256"
_END_MS: Final = 5_000

_IS_SUPERUSER: Final = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_RECORDING: Final = {
    "shared_preload_libraries": "pgaudit",
    "logging_collector": "on",
    "log_destination": "jsonlog",
}
"""What the server is to have in its settings, so that reads are recorded."""
_OIDS: Final = "SELECT oid FROM pg_roles WHERE rolname = ANY(%s)"
_END: Final = """
    SELECT count(pg_terminate_backend(pid, %s)) FROM pg_stat_activity
    WHERE usesysid = ANY(%s) AND pid <> pg_backend_pid()
"""
_OWNED: Final = """
    SELECT count(*) FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
    WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND r.rolname = %s
"""


class Applied(NamedTuple):
    """The changes of an application, and the number of sessions that it ended."""

    plan: Plan
    ended: int


class Accounts:
    """The accounts of the hub's database, on a superuser's session that commits each statement at once."""

    def __init__(self, session: Session, agreed: Agreed, secrets: SecretStore) -> None:
        """Take the session, what is agreed, and the store of the passwords.

        Raises:
            HubError: the session is no superuser's, or the server would not record reads.
        """
        _require_recording(session)
        self.session = session
        self._agreed = agreed
        self._secrets = secrets

    def plan(self) -> Plan:
        """Return the changes that `apply` would make now; change nothing.

        Raises:
            HubError: the database is not the hub's.
        """
        place = read_place(self.session)
        present = read_state(self.session, self._agreed.prefix, place)
        return Plan.between(present, wanted_state(self._agreed, place))

    def apply(self, record: Callable[[Plan], None], *, renew_passwords: bool = False) -> Applied:
        """Make the database as agreed. A second call changes nothing.

        Those who have left are shut out and their sessions ended first, so that no later failure leaves them
        in. All else is one transaction. `record` is given the plan before the transaction is committed.

        Raises:
            HubError: the database refused; the message has its reason.
        """
        try:
            return self._apply(record, renew_passwords=renew_passwords)
        except psycopg.Error as error:
            reason = error.diag.message_primary or type(error).__name__
            raise HubError(f"the database refused: {reason}; nothing was granted") from None

    def _apply(self, record: Callable[[Plan], None], *, renew_passwords: bool) -> Applied:
        first = self.plan()
        leaving = self._oids(role.name for role in first.gone)
        self._shut_out(first.gone)
        ended = self._end(leaving)
        with self.session.transaction():
            self.session.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            plan = self.plan()
            if renew_passwords or not plan.nothing:
                record(plan)
            for statement in self._statements(plan):
                self.session.execute(statement)
            self._set_passwords(plan, renew_passwords=renew_passwords)
        for role in plan.gone:
            self._secrets.forget(role.name)
        # A setting is of the sessions that begin after it.
        altered = self._oids(each.role.name for each in plan.altered)
        return Applied(plan, ended + self._end([*leaving, *altered]))

    def _shut_out(self, gone: Collection[Role]) -> None:
        with self.session.transaction():
            for role in gone:
                self.session.execute(statements.locking(role))

    def _end(self, oids: Collection[int]) -> int:
        """End the sessions of some roles; return their number."""
        row = self.session.execute(_END, (_END_MS, [*oids])).fetchone()
        return 0 if row is None else int(row[0])

    def _oids(self, names: Iterator[str]) -> list[int]:
        """Return the ids of roles, by which sessions are found also when the role is dropped."""
        return [oid for (oid,) in self.session.execute(_OIDS, ([*names],))]

    def _statements(self, plan: Plan) -> Iterator[sql.Composed]:
        database = read_place(self.session).database
        yield from map(statements.parting, plan.parted)
        yield from map(statements.revoking, plan.revoked)
        # Logins before groups.
        for role in sorted(plan.gone, key=lambda role: not role.login):
            self._require_nothing_owned(role)
            yield from statements.dropping(role)
        for role in plan.made:
            yield from statements.making(role)
        for role, _ in plan.altered:
            yield from statements.altering(role)
            yield statements.alone(role, database)
        yield from map(statements.joining, plan.joined)
        yield from map(statements.granting, plan.granted)
        for wanted in plan.settings:
            yield statements.setting(wanted, database)

    def _require_nothing_owned(self, role: Role) -> None:
        row = self.session.execute(_OWNED, (role.name,)).fetchone()
        if row is not None and row[0]:
            raise HubError(
                f"{role.name}: has left and owns {row[0]} objects; it cannot log in any more, and is not "
                "removed; accepted: a role that owns nothing, as after REASSIGN OWNED"
            )

    def _set_passwords(self, plan: Plan, *, renew_passwords: bool) -> None:
        for role in plan.made:
            # Who once had the login does not have it again.
            self._secrets.forget(role.name)
        lacking = [role for role in plan.made if role.login]
        lacking += [a.role for a in plan.altered if a.role.login and "password" in a.differing]
        names = {role.name for role in lacking}
        if renew_passwords:
            names |= {person.role(self._agreed.prefix) for person in self._agreed.people}
        for name in sorted(names):
            password = self._secrets.password(name).encode()
            made = self.session.pgconn.encrypt_password(password, name.encode(), _MECHANISM)
            self.session.execute(statements.setting_password(name, made.decode()))


def _require_recording(session: Session) -> None:
    if session.execute(_IS_SUPERUSER).fetchone() != (True,):
        message = "--to: the login is no superuser; accepted: one, because no other may set"
        raise HubError(f"{message} what is recorded of a session")
    for name, accepted in _RECORDING.items():
        row = session.execute("SELECT current_setting(%s)", (name,)).fetchone()
        given = "" if row is None else str(row[0])
        if accepted not in (part.strip() for part in given.split(",")):
            raise HubError(
                f"{name} is {given!r}, so reads would not be recorded; accepted: {accepted} in it; "
                "set it in postgresql.conf and restart the server"
            )

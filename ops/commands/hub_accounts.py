"""`ipu hub accounts`: give each party's people a login of their own to the hub in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table as Grid

from ops.commands.common import AsJson, Exercise, ProtocolOption, RunDir, recorder_of, running_stack
from ops.commands.standby import given
from ops.embedded.broker_config import ADMIN
from ops.screen import Screen, say, say_json
from transport.client_names import COMMANDS

if TYPE_CHECKING:
    from connectors.hub.accounts.accounts import Accounts
    from connectors.hub.accounts.effective import Access
    from connectors.hub.accounts.people import Person
    from connectors.hub.accounts.plan import Plan
    from ops.hub_accounts import HubAccounts

DRIFT = 3
UNKNOWN = "NOT IN THE PROTOCOL"

Database = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="URL",
        help="The hub's database, with a superuser's login: postgresql://USER@HOST/DATABASE.",
    ),
]
PeopleFile = Annotated[
    Path,
    typer.Option(
        "--people", metavar="FILE", help="Who may log in, by party: a YAML file of mode 0600."
    ),
]

accounts = typer.Typer(
    no_args_is_help=True, help="Give people logins to the hub in PostgreSQL, by the protocol."
)


@accounts.command()
def plan(
    *,
    to: Database,
    people: PeopleFile,
    protocol: ProtocolOption = None,
    exercise: Exercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what `ipu hub accounts apply` would change; changes nothing.

    Exit code 0, or 3 if the database differs from the protocol and the file of people, or if something else
    opens it.

    Examples:

        ipu hub accounts plan --to postgresql://postgres@localhost/hub --people hub-people.yaml
    """
    with _opened(to, people, protocol, run_dir, exercise=exercise) as (here, database):
        made = database.plan()
    if as_json:
        say_json(made.document)
    else:
        _show(here, made, "`ipu hub accounts apply` would make these changes", _WOULD)
    if not made.nothing or made.foreign:
        raise typer.Exit(DRIFT)


@accounts.command()
def apply(
    *,
    to: Database,
    people: PeopleFile,
    renew_passwords: Annotated[
        bool, typer.Option(help="Set existing logins' passwords again from the secret store.")
    ] = False,
    protocol: ProtocolOption = None,
    exercise: Exercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Give each login what its party may read by the protocol, and nothing else.

    A person who has left the file is shut out at once, and open sessions are ended. Rights that were given
    by hand are taken away. A second call changes nothing. The application is in the audit.

    Each login's password is a file of the secret store, with the name of the login. Hand it over in a
    secure way.

    Examples:

        ipu hub accounts apply --to postgresql://postgres@localhost/hub --people hub-people.yaml
    """
    with _opened(to, people, protocol, run_dir, exercise=exercise) as (here, database):
        applied = database.apply(_recording(here, run_dir), renew_passwords=renew_passwords)
    if as_json:
        say_json({**applied.plan.document, "sessions_ended": applied.ended})
        return
    _show(here, applied.plan, "applied", _DONE)
    if applied.ended:
        say(f"  ended    {applied.ended} sessions")


@accounts.command()
def show(
    *,
    to: Database,
    people: PeopleFile,
    protocol: ProtocolOption = None,
    exercise: Exercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show each login: its post, its last day, if it can log in now, and its sessions.

    Examples:

        ipu hub accounts show --to postgresql://postgres@localhost/hub --people hub-people.yaml
    """
    from connectors.hub.accounts.effective import logins

    with _opened(to, people, protocol, run_dir, exercise=exercise) as (here, database):
        found = logins(database.session, here.protocol.prefix)
    rows = [_login(person, found.get(_role(here, person))) for person in here.people]
    if as_json:
        named = zip(here.people, rows, strict=True)
        say_json({"logins": [{"login": _role(here, p)} | row for p, row in named]})
        return
    grid = Grid("login", "post", "until", "can log in")
    grid.add_column("sessions", justify="right")
    for person, row in zip(here.people, rows, strict=True):
        until, is_open = row["until"] or "", "yes" if row["open"] else "no"
        grid.add_row(_role(here, person), person.post, until, is_open, str(row["sessions"]))
    Screen().print(grid)


@accounts.command()
def who(
    of: Annotated[
        str, typer.Argument(metavar="TABLE|PARTY|LOGIN", help="A table, a party's id or a login.")
    ],
    *,
    to: Database,
    people: PeopleFile,
    protocol: ProtocolOption = None,
    exercise: Exercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show who may read and write a table, or what a party's people may.

    The answer is from the rights that the database enforces. Access that the protocol does not give is
    marked.

    Examples:

        ipu hub accounts who council --to postgresql://postgres@localhost/hub --people hub-people.yaml
    """
    from connectors.hub.accounts.effective import accesses, every_right
    from connectors.hub.accounts.present import read_place

    with _opened(to, people, protocol, run_dir, exercise=exercise) as (here, database):
        place = read_place(database.session)
        found = list(accesses(database.session, here.agreed, place))
        powerful = every_right(database.session, place)
    chosen = _asked(of, found, here)
    if as_json:
        say_json({"asked": of, "accesses": list(map(_access, chosen)), "every_right": powerful})
        return
    grid = Grid("who", "may", "table", "basis", title=of)
    for each in chosen:
        basis = "the protocol" if each.agreed else UNKNOWN
        grid.add_row(each.login, each.operation, ".".join(each.table), basis)
    console = Screen()
    console.print(grid)
    console.print(f"logins with every right: {', '.join(powerful)}")


@contextmanager
def _opened(
    to: str, people: Path, protocol: Path | None, run_dir: Path | None, *, exercise: bool
) -> Iterator[tuple[HubAccounts, Accounts]]:
    from ops.extras import need

    need("postgis")
    from ops.hub_accounts import HubAccounts

    deployment, signed, _ = given(protocol, run_dir, exercise=exercise)
    here = HubAccounts.of(deployment, signed, people)
    with here.on(to) as database:
        yield here, database


def _recording(here: HubAccounts, run_dir: Path | None) -> Callable[[Plan], None]:
    """Return what writes a plan to the audit, before it is done."""
    recorder = recorder_of(running_stack(run_dir), here.protocol, here.catalogue, COMMANDS)

    def record(plan: Plan) -> None:
        counts = {
            f"{kind} {what}": number
            for kind, change in plan.changes.items()
            for what, number in change.counts.items()
            if number and what != "left"
        }
        entry = {"actor": ADMIN, "action": "hub-accounts", "subject": "", "outcome": "applied"}
        recorder.write(entry | {"counts": counts})

    return record


_WOULD = ("remove", "create", "change")
_DONE = ("removed", "created", "changed")


def _show(here: HubAccounts, made: Plan, said: str, words: Sequence[str]) -> None:
    name = here.protocol.title
    if made.nothing:
        say(f"{name}: the database matches the protocol and the file of people")
    else:
        say(f"{name}: {said}")
    for kind, change in made.changes.items():
        lists = (change.removed, change.created, change.changed)
        for what, lines in zip(words, lists, strict=True):
            for line in lines:
                say(f"  {what:8} {kind:9}{line}")
    if made.foreign:
        say(f"{name}: opens the hub, and is left unchanged; remove by hand")
    for line in made.foreign:
        say(f"  {line}")


def _role(here: HubAccounts, person: Person) -> str:
    return person.role(here.protocol.prefix)


def _login(person: Person, found: Any) -> dict[str, Any]:
    return {
        "party": person.party,
        "post": person.post,
        "until": None if person.until is None else person.until.isoformat(),
        "open": found is not None and found.is_open,
        "sessions": 0 if found is None else found.sessions,
    }


def _access(access: Access) -> dict[str, Any]:
    return {
        "login": access.login,
        "operation": access.operation,
        "table": ".".join(access.table),
        "in_protocol": access.agreed,
    }


def _asked(of: str, found: Iterable[Access], here: HubAccounts) -> list[Access]:
    """Return the accesses to a table, of a party's logins or of a login."""
    from connectors.hub.accounts.wanted import places_of

    agreed = here.agreed
    given = {place for own in agreed.tables.values() for t in own for place in places_of(t)}
    tables = set(map(".".join, given))
    every = list(found)
    tables |= {".".join(each.table) for each in every}
    roles = {each.login for each in every} | {_role(here, person) for person in here.people}
    if of in tables:
        return [each for each in every if ".".join(each.table) == of]
    if of in roles:
        return [each for each in every if each.login == of]
    if of in agreed.tables:
        beginning = f"{agreed.group(of)}."
        return [each for each in every if each.login.startswith(beginning)]
    accepted = ", ".join([*agreed.tables, *sorted(tables)])
    message = f"{of!r} is no table of the hub, party or login; accepted: {accepted}"
    raise typer.BadParameter(message)

"""`ipu disclose`: request, decide on and destroy personal information case by case."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from isp.agreement.protocol_file import load_protocol
from isp.audit.kept_heads import HeadKeeper, heads_file
from isp.broker.signed import load_signed
from isp.cases.case import Case, Waiting, waiting
from isp.cases.client.office import Office, letter_of
from isp.cases.client.recipient import make_sealing_key, opened_records, sealing_key_file
from isp.cases.client.request_file import new_case, read_request, request_of
from isp.cases.client.standing_keys import case_key_file
from isp.cases.errors import DisclosureError, NotTaken
from isp.cases.letters import Advice, Decision, Ending, Outcome
from isp.cases.sealing import public_half
from isp.cases.standing import unreadable_case
from isp.keys import private_files
from ops.commands.common import (
    AsJson,
    Exercise,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    running_stack,
)
from ops.commands.officer import Key, Party, officer_of
from ops.commands.prepared_cases import prepared_lines
from ops.embedded.stack import Stack
from ops.screen import Screen, json_text, say, say_json
from ops.supervisor import supervise_this_command
from schemas.actors import Actor
from schemas.catalogue import load_catalogue
from schemas.london import london_time

disclose = typer.Typer(
    no_args_is_help=True,
    help="Handle requests for personal information, case by case.",
)

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case.")]
Reason = Annotated[str, typer.Option(prompt=True, help="The reason; it is kept with the case.")]


@disclose.command()
def request(
    request_file: Annotated[
        Path,
        typer.Argument(metavar="REQUEST.yaml", exists=True, dir_okay=False, help="The request."),
    ],
    *,
    party: Party,
    key: Key,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Request another agency's records about people or households.

    The file has `from`, `process`, `purpose`, `questions`, `legal_basis`, `conditions`, `subjects`,
    `fields` (by dataset; without them the process's usual ones) and `until`; docs/disclosures.md
    has examples. The key for decrypting the answer is made here and stays here.

    Examples:

        ipu disclose request marac.yaml --as council --key council-deputy.pem
    """
    office, stack = office_of(party, protocol, run_dir)
    officer = officer_of(office, key)
    asked = read_request(request_file, office.catalogue)
    case = new_case()
    file = sealing_key_file(stack.secrets.folder, office.party.id, case)
    sealing_key = make_sealing_key(file)
    letter = request_of(asked, officer, public_half(sealing_key), case)
    try:
        told = office.send(letter, officer)
    except NotTaken:
        file.unlink()
        raise
    _tell(told, as_json=as_json)


@disclose.command()
def approve(
    case: CaseArgument,
    *,
    party: Party,
    key: Key,
    reason: Reason,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day, earlier than requested."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this requested field, such as police-incident.domestic; may be repeated."
        ),
    ] = None,
    urgent: Annotated[
        str | None,
        typer.Option(
            help="The risk of death or serious harm; another officer must review the approval later."
        ),
    ] = None,
    without_consent: Annotated[
        str | None, typer.Option(help="The exception that allows sharing without consent.")
    ] = None,
    no_prejudice: Annotated[
        bool, typer.Option("--no-prejudice", help="No proceedings are prejudiced (scrutiny).")
    ] = False,
    against_advice: Annotated[
        bool,
        typer.Option(
            "--against-advice", help="Approve although the Caldicott Guardian advised to withhold."
        ),
    ] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Approve a request, or confirm an urgent approval on review.

    Examples:

        ipu disclose approve 3f0a… --as police --key police-deputy.pem --reason "proportionate"

        ipu disclose approve 3f0a… --as police --key duty.pem --urgent "threat to life" --reason "…"
    """
    exception = None
    if without_consent is not None:
        exception = {"rule": without_consent, "reason": reason}
    more = {
        "until": until.date() if until else None,
        "fields": _fields(field) if field else None,
        "urgent": urgent,
        "without_consent": exception,
        "no_prejudice": no_prejudice,
    }
    _decide(
        "approve", case, party, key, reason, protocol, run_dir, more,
        against_advice=against_advice, as_json=as_json,
    )  # fmt: skip


@disclose.command()
def refuse(
    case: CaseArgument,
    *,
    party: Party,
    key: Key,
    reason: Reason,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a request, or withdraw an approval.

    After a withdrawal everything made for the case is destroyed.

    Examples:

        ipu disclose refuse 3f0a… --as police --key police-deputy.pem --reason "no public interest"
    """
    _decide("refuse", case, party, key, reason, protocol, run_dir, {}, as_json=as_json)


@disclose.command()
def hold(
    case: CaseArgument,
    *,
    party: Party,
    key: Key,
    reason: Reason,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Put a request on hold, and say what it waits for.

    Examples:

        ipu disclose hold 3f0a… --as police --key police-deputy.pem --reason "legal advice is
        sought"
    """
    _decide("hold", case, party, key, reason, protocol, run_dir, {}, as_json=as_json)


@disclose.command()
def advise(
    case: CaseArgument,
    advice: Annotated[str, typer.Argument(metavar="share|withhold", help="The advice.")],
    *,
    party: Party,
    key: Key,
    reason: Reason,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Advise on a health request, as Caldicott Guardian.

    Examples:

        ipu disclose advise 3f0a… share --as hospital --key guardian.pem --reason "vital interests"
    """
    if advice not in {"share", "withhold"}:
        raise typer.BadParameter("accepted: share, withhold", param_hint="ADVICE")
    office, _ = office_of(party, protocol, run_dir)
    officer = officer_of(office, key)
    stands = office.case(case)
    about = {"case": case, "previous": stands.head}
    letter = letter_of(Advice, officer, **about, advice=advice, reason=reason)
    _tell(office.send(letter, officer), as_json=as_json)


@disclose.command(name="list")
def list_(
    *,
    party: Annotated[
        str,
        typer.Option(
            "--as", metavar="OFFICER", help="A party, or one of its posts: police.deputy."
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Show cases that do not wait for this party, too.")
    ] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show which cases wait, for whom, and since when.

    Examples:

        ipu disclose list --as police.deputy

        ipu disclose list --as council --all --json | jq '.cases[].state'
    """
    name, post = Actor.read(party)
    office, _ = office_of(name, protocol, run_dir)
    inbox = office.inbox()
    cases = sorted(inbox.cases.values(), key=lambda c: c.since)
    if post and post not in office.party.officers:
        accepted = ", ".join(office.party.officers)
        raise typer.BadParameter(
            f"{name} has no post {post!r}; accepted: {accepted}", param_hint="--as"
        )
    waits = [w for c in cases for w in waiting(c, office.protocol)]
    found = waits if everything else [w for w in waits if _is_for(w, name, post)]
    shown = cases if everything else [c for c in cases if c.case in {w.case for w in found}]
    if as_json:
        cases_shown = [_case_document(c) for c in shown]
        unreadable = list(inbox.unreadable_cases)
        said = {"waiting": [_waiting(w) for w in found], "cases": cases_shown}
        say_json(said | {"unreadable": unreadable}, indent=None)
    else:
        _print_inbox(shown, found)
        for case in shown:
            for line in prepared_lines(case, name, office.protocol):
                say(line)
        for closed in inbox.unreadable_cases:
            say(unreadable_case(closed))


@disclose.command()
def show(
    case: CaseArgument,
    *,
    party: Party,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Print one case as JSON, with decisions and their reasons.

    What a case that was prepared from an alert waits for is printed after it, to standard error.

    Examples:

        ipu disclose show 3f0a… --as police
    """
    office, _ = office_of(party, protocol, run_dir)
    found = office.case(case)
    say_json(_case_document(found))
    for line in prepared_lines(found, office.party.id, office.protocol):
        say(line, err=True)


@disclose.command()
def read(
    case: CaseArgument,
    *,
    party: Party,
    out: Annotated[
        Path | None, typer.Option(help="New file (mode 0600); default: print to the terminal.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Decrypt the records disclosed to this party in a case.

    Prints one JSON document per record.

    Examples:

        ipu disclose read 3f0a… --as council --out case.jsonl
    """
    office, stack = office_of(party, protocol, run_dir)
    file = case_key_file(stack.secrets.folder, office.party.id, office.case(case))
    lines = [json_text(d) for d in opened_records(office, case, file)]
    if out is None:
        for line in lines:
            say(line)
        return
    if not private_files.write_new(out, "".join(f"{line}\n" for line in lines)):
        raise DisclosureError(f"{out} already exists and was not changed; name a new file")
    say(f"{len(lines)} records in {out}; destroy it with the case", err=True)


@disclose.command()
def destroy(
    case: CaseArgument,
    *,
    party: Party,
    key: Key,
    copies: Annotated[str, typer.Option(prompt=True, help="What was done with copies made here.")],
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """End a case, or confirm that local copies are destroyed.

    This command is for the recipient of the case. The topic, the right to read it and the key are
    deleted. This party's key of the case is deleted here, too; the key for all cases that are prepared
    from alerts is kept.

    Examples:

        ipu disclose destroy 3f0a… --as council --key deputy.pem --copies "none were made"
    """
    office, stack = office_of(party, protocol, run_dir)
    officer = officer_of(office, key)
    stands = office.case(case)
    about = {"case": case, "previous": stands.head}
    letter = letter_of(Ending, officer, **about, destroyed=copies)
    told = office.send(letter, officer)
    sealing_key_file(stack.secrets.folder, office.party.id, case).unlink(missing_ok=True)
    _tell(told, as_json=as_json)


@disclose.command()
def serve(
    *,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Restart when it ends by itself.")
    ] = False,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus metrics on this loopback port.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    exercise: Exercise = False,
) -> None:
    """Process letters, and release to open cases, until stopped.

    Cases are opened and closed, too. `ipu up` starts it, next to the worker.

    Examples:

        ipu disclose serve --supervised
    """
    if supervised:
        raise typer.Exit(supervise_this_command())
    from ops.discloser import DiscloserProgram
    from ops.system import deployment_of

    stack = running_stack(run_dir)
    file = protocol_of(stack.run_dir, protocol)
    signed = load_signed(file, load_catalogue(), exercise=exercise)
    DiscloserProgram.of(deployment_of(stack), signed, metrics_port).run()


def office_of(party: str, protocol_file: Path | None, run_dir: Path | None) -> tuple[Office, Stack]:
    """Return the office of a party on the running stack.

    Raises:
        ProtocolError: the protocol has no such party; names the parties.
    """
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    account = account_of(agreed, agreed.party(party).id, stack)
    connection = dict(account.connection)
    keeper = HeadKeeper(heads_file(stack.run_dir, account.principal))
    return Office(connection, agreed, catalogue, agreed.party(party), keeper), stack


def _decide(
    outcome: Outcome,
    case: str,
    party: str,
    key: Path,
    reason: str,
    protocol: Path | None,
    run_dir: Path | None,
    more: dict[str, Any],
    *,
    against_advice: bool = False,
    as_json: bool,
) -> None:
    office, _ = office_of(party, protocol, run_dir)
    officer = officer_of(office, key)
    stands = office.case(case)
    if outcome == "approve" and stands.is_advised_against and not against_advice:
        message = f"the Caldicott Guardian advised to withhold; `ipu disclose show {case}` has the "
        message += "reason. To approve all the same, give --against-advice, and say why in --reason"
        raise typer.BadParameter(message, param_hint="--against-advice")
    about = {"case": case, "previous": stands.head}
    letter = letter_of(Decision, officer, **about, outcome=outcome, reason=reason, **more)
    _tell(office.send(letter, officer), as_json=as_json)


def _fields(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in given:
        dataset, point, field = name.partition(".")
        if not point:
            raise typer.BadParameter(f"{name!r}; accepted: DATASET.FIELD", param_hint="--field")
        found.setdefault(dataset, []).append(field)
    return found


def _is_for(one: Waiting, party: str, post: str | None) -> bool:
    return one.party == party and (post is None or post in one.posts)


def _waiting(one: Waiting) -> dict[str, Any]:
    by = one.by.isoformat() if one.by is not None else None
    return {**one._asdict(), "since": one.since.isoformat(), "by": by}


def _case_document(case: Case) -> dict[str, Any]:
    document: dict[str, Any] = case.model_dump(mode="json")
    return document


def _tell(case: Case | None, *, as_json: bool) -> None:
    if case is None:
        return
    if as_json:
        say_json(_case_document(case), indent=None)
    else:
        say(f"case {case.case}: {case.history[-1].what}")


def _told(one: Waiting) -> str:
    by = f", by {one.by}" if one.by is not None else ""
    return f"{one.party} ({' or '.join(one.posts)}): {one.what}{by}"


def _print_inbox(cases: list[Case], found: list[Waiting]) -> None:
    table = Table("case", "process", "from", "to", "state", "waits for", "since")
    for case in cases:
        waits = (_told(w) for w in found if w.case == case.case)
        since = f"{london_time(case.since):%Y-%m-%d %H:%M}"
        parties = (case.supplier, case.recipient)
        table.add_row(case.case, case.process, *parties, case.state, "\n".join(waits), since)
    Screen().print(table if cases else "no case waits")

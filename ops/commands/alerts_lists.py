"""`ipu alerts staff`, `staff-key`, `place` and `erase-person`: who and what alerts must know of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.alerts.orders import Order, erasure, read_places, send_orders
from connectors.alerts.people import inner_digest, key_text, read_key
from connectors.alerts.recipient import Recipient
from connectors.alerts.staff_list import born_on, read_staff, replace_staff
from connectors.alerts.table_rows import CellError
from connectors.errors import AlertError
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, topics
from isp.broker.registered import schemas_of
from isp.cases.client.request_file import read_subject
from isp.keys import private_files
from ops.commands.alert_setting import Partner, setting_of
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    protocol_of,
    recorder_of,
    running_stack,
)
from ops.embedded.stack import Stack
from ops.screen import say, say_json
from ops.settings import Settings
from ops.system import deployment_of, keys_in, keys_of
from sanitiser.incidents.digests import Digests
from sanitiser.incidents.digests import staff_key as staff_key_of
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from transport.client_names import COMMANDS
from transport.sender import SendError

_ACTION = "alert-order"


def staff(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help="A CSV file with the columns name and date_of_birth (YYYY-MM-DD).",
        ),
    ],
    *,
    party: Partner,
    key: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The key that the operator gave (`ipu alerts staff-key`); default: this machine's keys.",
        ),
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace a recipient's list of its staff.

    An alert that concerns somebody on the list goes to the conflict officer, not to the recipient.
    The command uses the conflict officer's login, which alone may read and write the list. Names and
    dates of birth stay here: the broker gets keyed digests. The file is the whole list, so those who
    are not in it are removed. A file with a row that cannot be used is refused as a whole, with each
    line and column.

    Examples:

        ipu alerts staff staff.csv --as council

        ipu alerts staff staff.csv --as council --key council-staff.key --json
    """
    setting = setting_of(None, party, protocol, run_dir)
    inner = read_key(key) if key else staff_key_of(keys_of(setting.stack).ring().lasting)
    wanted = read_staff(file, inner_digest(inner, london_today()))
    change = replace_staff(setting.recipient, wanted)
    if as_json:
        say_json(change._asdict(), indent=None)
    else:
        say(f"{change.entries:,} people; {change.added:,} added, {change.removed:,} removed")


def staff_key(
    *,
    party: Partner,
    out: Annotated[Path, typer.Option(help="New file (mode 0600) for the key.")],
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Write the key with which a recipient makes the digests of its staff to a file.

    The operator runs this command and gives the file to the recipient by a safe way. With this key
    nobody can search the history of incidents.

    Examples:

        ipu alerts staff-key --as council --out council-staff.key
    """
    run = Settings.from_environment(run_dir=run_dir).run_dir
    agreed = load_protocol(protocol_of(run, protocol), load_catalogue())
    Recipient.terms_in(agreed, party)
    text = key_text(staff_key_of(keys_in(run).ring().lasting))
    if not private_files.write_new(out, text):
        raise AlertError(f"{out} exists already; name a new file")
    say(f"the key is in {out}; give it to {party} by a safe way, then delete it here", err=True)


def place(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="ADDRESS-FILE.csv",
            exists=True,
            dir_okay=False,
            help="A CSV file with the columns address, postcode, kind and, if known, uprn.",
        ),
    ],
    *,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Say which addresses are refuges or communal homes (operator).

    `kind` is refuge, communal or ordinary. At a refuge or a communal home, such as a hostel or a
    care home, events are not linked by their address, and no alert has the area of a refuge. An
    ordinary address is treated as any other again. The command is in the audit, without the
    addresses.

    Examples:

        ipu alerts place refuges.csv
    """
    stack, agreed, catalogue = _operator(protocol, run_dir)
    found = read_places(file, Digests(keys_of(stack).ring().lasting))
    _order(found, stack, agreed, catalogue)
    counts = dict(sorted(Counter(order.kind for order in found).items()))
    if as_json:
        say_json(counts, indent=None)
    else:
        say("orders: " + ", ".join(f"{kind} {number:,}" for kind, number in counts.items()))


def erase_person(
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A YAML file of mode 0600 with name and date_of_birth; default: they are asked for.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Make the alerts agent forget one person (operator).

    Name and date of birth are asked for, or read from a file. They are no arguments, because every
    user of the machine can see those. The person's alerts are withdrawn, and events are no longer
    linked by this person. The command is in the audit, without name and date.

    Examples:

        ipu alerts erase-person

        ipu alerts erase-person --file person.yaml --yes
    """
    stack, agreed, catalogue = _operator(protocol, run_dir)
    name, born = _typed() if file is None else _read(file)
    digests, today = Digests(keys_of(stack).ring().lasting), london_today()
    try:
        order = erasure(name, born_on(born), digests, today)
    except CellError as error:
        raise AlertError(str(error)) from None
    if order is None:
        message = (
            "name and date of birth identify nobody; accepted: a full name, and a date of birth "
        )
        raise AlertError(f"{message}that is not in the future")
    if not yes:
        typer.confirm("Forget this person in all incidents?", abort=True)
    _order([order], stack, agreed, catalogue)
    say("the order was sent; the alerts agent forgets the person at once")


def _operator(
    protocol_file: Path | None, run_dir: Path | None
) -> tuple[Stack, Protocol, Catalogue]:
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    if agreed.domestic_alerts is None:
        raise AlertError("the protocol has no domestic alerts")
    return stack, agreed, catalogue


def _typed() -> tuple[str, str]:
    return str(typer.prompt("name")), str(typer.prompt("date of birth (YYYY-MM-DD)"))


def _read(file: Path) -> tuple[str, str]:
    # Refuses a file that other users may read.
    private_files.read(file)
    subject = read_subject(file)
    if subject.name is None or subject.date_of_birth is None:
        raise AlertError(f"{file}: accepted: name and date_of_birth")
    return subject.name, subject.date_of_birth.isoformat()


def _order(orders: Sequence[Order], stack: Stack, agreed: Protocol, catalogue: Catalogue) -> None:
    """Write the entry of the audit, then the orders."""
    names = Names(agreed.prefix)
    topic = next(t for t in topics(agreed, catalogue) if t.name == names.alert_orders)
    client = deployment_of(stack).connection(names.recorder)
    encode = schemas_of(client, agreed.prefix, catalogue).encoder(topic.name, topic.schema)
    counts = dict(Counter(order.kind for order in orders))
    entry: dict[str, Any] = {
        "actor": names.recorder, "action": _ACTION, "subject": "", "counts": counts,
    }  # fmt: skip
    audited = recorder_of(stack, agreed, catalogue, COMMANDS).write
    audited(entry | {"outcome": "ordered"})
    try:
        send_orders(client, topic, encode, orders)
    except SendError as error:
        audited(entry | {"outcome": "failed"})
        raise AlertError(f"{error}; run the same command again") from None

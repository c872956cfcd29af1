"""What several commands share: their options, and the stack they talk to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.mappings.mapping import Mapping
from connectors.mappings.mapping_file import find_mapping, identity_mapping
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from ops.embedded.errors import StackError
from ops.screen import say
from ops.settings import Settings
from schemas.catalogue import SCHEMA_FOLDER, Catalogue

if TYPE_CHECKING:
    from connectors.account import Account
    from isp.audit.recorder import Recorder
    from ops.embedded.stack import Stack

DEFAULT_PROTOCOL = SCHEMA_FOLDER / "protocols" / "banes.yaml"

RunDir = Annotated[
    Path | None,
    typer.Option(help="Folder of data, secrets and logs; IPU_RUN_DIR or ./run by default."),
]
ProtocolOption = Annotated[
    Path | None, typer.Option(help="The protocol's file; that of `ipu up` by default.")
]
Exercise = Annotated[
    bool,
    typer.Option("--exercise", help="Take a protocol that is signed for an exercise, knowingly."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for a program to read.")
]

AllowUnreadable = Annotated[
    bool,
    typer.Option(
        "--allow-unreadable",
        help="Do not fail because of rows that cannot be read; they are left out all the same.",
    ),
]


def failed_on_unreadable(count: int, named: Sequence[str], *, allowed: bool) -> bool:
    """Say on stderr how many rows could not be read and where; False where that is no failure."""
    from connectors.publishing.supply import where_unreadable

    if not count:
        return False
    where = f": {where_unreadable(named, count)}" if named else "; the caveats say which"
    say(f"rows that could not be read: {count:,}{where}", err=True)
    if not allowed:
        message = "the other rows went out; with --allow-unreadable this is no failure"
        say(message, err=True)
    return not allowed


def protocol_of(run_dir: Path, given: Path | None) -> Path:
    """The protocol given, else the one that `ipu up` last brought up there, else the example."""
    from ops.system import remembered_protocol

    return given or remembered_protocol(run_dir) or DEFAULT_PROTOCOL


def running_stack(run_dir: Path | None) -> Stack:
    """The stack that runs under the run directory.

    Raises:
        StackError: nothing runs there; says how to start it.
    """
    from ops.embedded import stack as embedded

    settings = Settings.from_environment(run_dir=run_dir)
    stack = embedded.find(settings)
    if stack is None:
        message = f"nothing runs under {settings.run_dir}; start it with `ipu up`"
        raise StackError(message + ", or say with --run-dir or IPU_RUN_DIR where it runs")
    return stack


def account_of(protocol: Protocol, party: str, stack: Stack) -> Account:
    """The party as its own principal on the stack.

    Raises:
        StackError: the secret store has no password of it; says how to set one.
    """
    from connectors.account import Account

    principal = Names(protocol.prefix).principal(party)
    if not stack.secrets.has(principal):
        message = f"there is no password of {principal} under {stack.run_dir}; run `ipu isp apply`"
        raise StackError(message)
    connection = stack.secrets.client_config(stack.bootstrap, principal)
    return Account(protocol.prefix, party, connection)


def recorder_of(stack: Stack, protocol: Protocol, catalogue: Catalogue, chain: str) -> Recorder:
    """Writes to the recorder's `chain` of the audit on the stack."""
    from ops.recording import recorder_on
    from ops.system import deployment_of

    return recorder_on(deployment_of(stack), protocol, catalogue, chain)


def columns_of(name_or_file: str | None, dataset: str, catalogue: Catalogue) -> Mapping:
    """The mapping named, else that of a file whose header has our names; ends the command on another's."""
    if dataset not in catalogue.record_types:
        accepted = ", ".join(sorted(catalogue.record_types))
        raise typer.BadParameter(f"no dataset {dataset!r}; accepted: {accepted}")
    if name_or_file is None:
        return identity_mapping(catalogue.record_type(dataset))
    mapping = find_mapping(name_or_file, catalogue)
    if mapping.dataset != dataset:
        message = f"the mapping {mapping.name!r} makes {mapping.dataset!r}, not {dataset!r}"
        raise typer.BadParameter(message, param_hint="--mapping")
    return mapping

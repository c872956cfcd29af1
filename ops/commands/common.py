"""Share options between commands, and find the running stack."""

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
    typer.Option(help="Folder of data, secrets and logs; default: IPU_RUN_DIR or ./run."),
]
SecretsFolder = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        help="Folder of secrets, such as that of the containers; default: the run directory's.",
    ),
]
ProtocolOption = Annotated[
    Path | None, typer.Option(help="Protocol file; default: the one of `ipu up`.")
]
Exercise = Annotated[
    bool,
    typer.Option("--exercise", help="Accept a protocol that is signed as an exercise."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]

AllowUnreadable = Annotated[
    bool,
    typer.Option(
        "--allow-unreadable",
        help="Do not fail on unreadable rows; they are left out in any case.",
    ),
]


def failed_on_unreadable(count: int, named: Sequence[str], *, allowed: bool) -> bool:
    """Print to stderr how many rows could not be read and where.

    Return False if that is no failure.
    """
    from connectors.publishing.supply import where_unreadable

    if not count:
        return False
    where = f": {where_unreadable(named, count)}" if named else "; the caveats name them"
    say(f"rows that could not be read: {count:,}{where}", err=True)
    if not allowed:
        message = "the other rows were processed; with --allow-unreadable this is not a failure"
        say(message, err=True)
    return not allowed


def protocol_of(run_dir: Path, given: Path | None) -> Path:
    """Return the given protocol, else the one that `ipu up` last used there, else the example."""
    from ops.system import remembered_protocol

    return given or remembered_protocol(run_dir) or DEFAULT_PROTOCOL


def running_stack(run_dir: Path | None) -> Stack:
    """Return the stack that runs under the run directory.

    Raises:
        StackError: no stack runs there; the message says how to start it.
    """
    from ops.embedded import stack as embedded

    settings = Settings.from_environment(run_dir=run_dir)
    stack = embedded.find(settings)
    if stack is None:
        message = f"no stack runs under {settings.run_dir}; start it with `ipu up`"
        raise StackError(message + ", or give its folder with --run-dir or IPU_RUN_DIR")
    return stack


def account_of(protocol: Protocol, party: str, stack: Stack) -> Account:
    """Return the account of a party: its own principal on the stack.

    Raises:
        StackError: the secret store has no password for it; the message says how to make one.
    """
    from connectors.account import Account

    principal = Names(protocol.prefix).principal(party)
    if not stack.secrets.has(principal):
        message = f"there is no password for {principal} under {stack.run_dir}; run `ipu isp apply`"
        raise StackError(message)
    connection = stack.secrets.client_config(stack.bootstrap, principal)
    return Account(protocol.prefix, party, connection)


def recorder_of(stack: Stack, protocol: Protocol, catalogue: Catalogue, chain: str) -> Recorder:
    """Return a writer for the recorder's `chain` of the audit on the stack."""
    from ops.recording import recorder_on
    from ops.system import deployment_of

    return recorder_on(deployment_of(stack), protocol, catalogue, chain)


def columns_of(name_or_file: str | None, dataset: str, catalogue: Catalogue) -> Mapping:
    """Return the named mapping, or the mapping for a header with ipu's field names.

    Raises:
        typer.BadParameter: the dataset is unknown, or the mapping is for another dataset.
    """
    if dataset not in catalogue.record_types:
        accepted = ", ".join(sorted(catalogue.record_types))
        raise typer.BadParameter(f"no dataset {dataset!r}; accepted: {accepted}")
    if name_or_file is None:
        return identity_mapping(catalogue.record_type(dataset))
    mapping = find_mapping(name_or_file, catalogue)
    if mapping.dataset != dataset:
        message = f"the mapping {mapping.name!r} is for {mapping.dataset!r}, not {dataset!r}"
        raise typer.BadParameter(message, param_hint="--mapping")
    return mapping

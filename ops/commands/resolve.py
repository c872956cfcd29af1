"""`ipu resolve`: let a supplier find its own record behind a digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.account import check_access
from connectors.mappings.mapping import Mapping
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    columns_of,
    protocol_of,
    recorder_of,
    running_stack,
)
from ops.resolve.originals import Originals
from ops.resolve.search import Found, search
from ops.screen import Screen, say, say_json
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_time
from transport.client_names import COMMANDS

NOT_FOUND = 3


def resolve(
    digest: Annotated[
        str,
        typer.Argument(help="A record_id or reference of a release: 32 hexadecimal digits."),
    ],
    *,
    agency: Annotated[
        str, typer.Option("--as", help="The supplier that asks; its own principal is used.")
    ],
    dataset: Annotated[
        str | None, typer.Option(help="Search this dataset only; default: all that it supplies.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Search the supplied file, when the intake topic no longer has it.",
        ),
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="Mapping of the file's columns, by name or file.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a supplier's own reference behind a released digest.

    Only records that this agency supplied are searched. Every question is written to the audit
    topic before it is answered. Exit code 3 if none of its records has the digest.

    Examples:

        ipu resolve 0f3a…c2 --as police

        ipu resolve 0f3a…c2 --as police --dataset police-incident --file march.csv --json
    """
    wanted = _digest(digest)
    if mapping is not None and file is None:
        raise typer.BadParameter("the mapping needs a --file", param_hint="--mapping")
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    supplied = _supplied(agreed, agency, dataset)
    account = account_of(agreed, agency, stack)
    check_access(account, [account.names.receipts(agency)])
    console = Screen(stderr=True, quiet=as_json)
    now = london_time(datetime.now(UTC))
    with console.status("assembling the flows") as status:
        originals = Originals.of(stack, agreed, catalogue)
        if file is None:
            candidates = originals.in_topics((agency, name) for name in supplied)
        else:
            columns = _columns(mapping, dataset, catalogue)
            candidates = originals.in_file(file, columns, agency)
        entry = {
            "actor": account.principal,
            "action": "resolve",
            "dataset": dataset,
            "subject": wanted,
        }
        audited = recorder_of(stack, agreed, catalogue, COMMANDS).write
        try:
            found = search(wanted, candidates, now, _counted(status.update))
        except Exception:
            audited(entry | {"outcome": "failed"})
            raise
        audited(entry | {"outcome": "not-found" if found is None else "found"})
    _tell(found, agency, as_json=as_json)


def _digest(given: str) -> str:
    digest = given.strip().lower()
    if len(digest) != 32 or not set(digest) <= set("0123456789abcdef"):  # noqa: PLR2004
        message = "not a digest of a release; accepted: 32 hexadecimal digits"
        raise typer.BadParameter(message, param_hint="DIGEST")
    return digest


def _supplied(protocol: Protocol, agency: str, dataset: str | None) -> list[str]:
    supplied = [s.dataset for s in protocol.supplies if s.agency == agency]
    if not supplied:
        accepted = ", ".join(sorted({s.agency for s in protocol.supplies}))
        message = f"{agency!r} supplies nothing; accepted: {accepted}"
        raise typer.BadParameter(message, param_hint="--as")
    if dataset is not None and dataset not in supplied:
        message = f"{agency} does not supply {dataset!r}; accepted: {', '.join(supplied)}"
        raise typer.BadParameter(message, param_hint="--dataset")
    return supplied if dataset is None else [dataset]


def _columns(mapping: str | None, dataset: str | None, catalogue: Catalogue) -> Mapping:
    if dataset is None:
        raise typer.BadParameter("give the dataset of the file", param_hint="--dataset")
    return columns_of(mapping, dataset, catalogue)


def _counted(update: Callable[[str], None]) -> Callable[[int], None]:
    return lambda number: update(f"{number:,} records compared")


def _tell(found: Found | None, agency: str, *, as_json: bool) -> None:
    if found is None:
        say(f"ipu: no record of {agency} has this digest", err=True)
        raise typer.Exit(NOT_FOUND)
    if as_json:
        say_json(found._asdict())
        return
    say(f"{found.field} of {found.dataset}, supply {found.supply or 'unknown'}:")
    for name, value in found.reference.items():
        say(f"  {name}: {value}")

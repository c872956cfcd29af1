"""`ipu keys`: manage the epochs of the keys that make digests of references."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isp.agreement.protocol_file import load_protocol
from isp.keys.key_store import KeptEpoch, KeyStore
from ops.commands.common import AsJson, ProtocolOption, RunDir, SecretsFolder, protocol_of
from ops.screen import Screen, say, say_json
from ops.settings import Settings
from ops.system import keys_in
from schemas.catalogue import load_catalogue
from schemas.london import london_today

keys = typer.Typer(no_args_is_help=True, help="Manage the keys of references.")


@keys.command("list")
def list_(
    *, secrets: SecretsFolder = None, run_dir: RunDir = None, as_json: AsJson = False
) -> None:
    """Show the epochs, without their keys.

    Examples:

        ipu keys list --json
    """
    epochs = _store(secrets, run_dir).epochs()
    if as_json:
        say_json([_document(e) for e in epochs])
        return
    table = Table("epoch", "for events from", "key made", "")
    for epoch in epochs:
        begins = epoch.begins.isoformat() if epoch.begins else "ever"
        table.add_row(str(epoch.number), begins, str(epoch.made), "retired" * epoch.retired)
    Screen().print(table)


@keys.command()
def make(*, secrets: SecretsFolder = None, run_dir: RunDir = None) -> None:
    """Make first keys after all were lost for good.

    New releases will not join with earlier ones.

    Examples:

        ipu keys make
    """
    store = _store(secrets, run_dir)
    store.make(london_today())
    say(f"{len(store.epochs())} epoch in {store.folder}")


@keys.command()
def rotate(
    *,
    begins: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="Day on which the new epoch begins; default: the first of next month.",
        ),
    ] = None,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Say that others may know the current key.")
    ] = False,
    secrets: SecretsFolder = None,
    run_dir: RunDir = None,
) -> None:
    """Begin a new epoch on a future day, or move a planned one.

    Refused if the current epoch will have lasted less than two years on that day: records from
    before and after the day do not join. Workers see the new epoch within seconds and restart with
    it. An --urgent epoch protects events from its first day on; earlier events keep the earlier
    key, even if they are supplied later.

    Examples:

        ipu keys rotate --from 2029-01-01

        ipu keys rotate --urgent
    """  # fmt: skip
    today = london_today()
    day = begins.date() if begins else _first_of_next_month(today)
    made = _store(secrets, run_dir).rotate(day, today, urgent=urgent)
    say(f"epoch {made.number} begins on {made.begins}")


@keys.command()
def retire(
    number: Annotated[int, typer.Argument(help="Number of the epoch.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    protocol: ProtocolOption = None,
    secrets: SecretsFolder = None,
    run_dir: RunDir = None,
) -> None:
    """Delete the key of an epoch whose releases have expired.

    Its digests cannot be resolved any more.

    Examples:

        ipu keys retire 1
    """
    settings = Settings.from_environment(run_dir=run_dir)
    agreed = load_protocol(protocol_of(settings.run_dir, protocol), load_catalogue())
    if not yes:
        typer.confirm(f"Delete the key of epoch {number} permanently?", abort=True)
    _store(secrets, run_dir).retire(number, london_today(), agreed.retention.releases_days)
    say(
        f"the key of epoch {number} is deleted; remove it from your backups too, and restart the workers"
    )


def _store(secrets: Path | None, run_dir: Path | None) -> KeyStore:
    if secrets is not None:
        return KeyStore(secrets)
    return keys_in(Settings.from_environment(run_dir=run_dir).run_dir)


def _first_of_next_month(today: date) -> date:
    return (today.replace(day=1) + timedelta(32)).replace(day=1)


def _document(epoch: KeptEpoch) -> dict[str, object]:
    begins = epoch.begins.isoformat() if epoch.begins else None
    return {
        "number": epoch.number, "begins": begins, "made": str(epoch.made), "retired": epoch.retired,
    }  # fmt: skip

"""``ipu up`` and ``ipu down``: the embedded broker and schema registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from ops.embedded import stack as embedded
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.stack import Stack
from ops.settings import Settings, SettingsError

FAILED = 1
USAGE = 2

RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        help="Folder of data, logs and passwords. Default: IPU_RUN_DIR, else ./run.",
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON and no more.")]


def up(run_dir: RunDir = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Start the embedded broker and schema registry, or find them running.

    The first start fetches about 200 MB, each file checked against its pinned SHA-256; later ones
    need no network. Both servers listen on this machine only and run on until `ipu down`.

    Examples:

        ipu up

        ipu up --run-dir trial

        IPU_BROKER_PORT=9092 IPU_REGISTRY_PORT=8081 ipu up

        ipu up --json | jq -r .bootstrap
    """
    settings = _settings(run_dir)
    console = Console(stderr=True, quiet=as_json)
    try:
        with console.status("looking for a running stack") as status:
            stack = embedded.start(settings, report=status.update)
    except (StackError, OSError) as error:
        _fail(error, FAILED)
    typer.echo(json.dumps(_outcome(stack)) if as_json else _summary(stack))


def down(run_dir: RunDir = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Stop the embedded broker and schema registry. Their data, logs and passwords stay.

    Examples:

        ipu down

        ipu down --run-dir trial
    """
    settings = _settings(run_dir)
    console = Console(stderr=True, quiet=as_json)
    try:
        with console.status("looking for a running stack") as status:
            stopped = embedded.stop(settings, report=status.update)
    except (StackError, OSError) as error:
        _fail(error, FAILED)
    if as_json:
        typer.echo(json.dumps({"stopped": stopped, "run_dir": str(settings.run_dir)}))
    else:
        outcome = "stopped the stack" if stopped else "no stack was running"
        typer.echo(f"{outcome} under {settings.run_dir}; its data stays there")


def _settings(run_dir: Path | None) -> Settings:
    try:
        return Settings.from_environment(run_dir=run_dir)
    except SettingsError as error:
        _fail(error, USAGE)


def _fail(error: Exception, code: int) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(code)


def _outcome(stack: Stack) -> dict[str, object]:
    return {
        "bootstrap": stack.bootstrap,
        "registry_url": stack.registry_url,
        "run_dir": str(stack.run_dir),
        "logs": str(Layout(stack.run_dir).logs),
        "broker_pid": stack.broker.pid,
        "registry_pid": stack.registry.pid,
    }


def _summary(stack: Stack) -> str:
    layout = Layout(stack.run_dir)
    return "\n".join(
        (
            f"broker     {stack.bootstrap}   (SCRAM-SHA-512; pid {stack.broker.pid})",
            f"registry   {stack.registry_url}   (pid {stack.registry.pid})",
            f"logs       {layout.logs}",
            f"passwords  {layout.secrets.folder}   (yours alone: mode 0600)",
            "stop with  ipu down",
        )
    )

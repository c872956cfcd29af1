"""`ipu up` and `ipu down`: start and stop everything on this machine."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from isp.agreement.protocol import Protocol
from isp.keys import private_files
from ops.background import log_of
from ops.commands.common import DEFAULT_PROTOCOL, AsJson, Exercise, RunDir
from ops.commands.first_keys import AcceptedKeys, OverExercise, accepting
from ops.embedded.layout import Layout
from ops.embedded.service import Service
from ops.exercise import exercise
from ops.extras import need
from ops.keeper import Keeper
from ops.metrics_door import USER
from ops.screen import Screen, say, say_json, say_lines
from ops.settings import Settings
from ops.system import System, bring_up, take_down
from schemas.catalogue import load_catalogue

NO_HOUSEHOLDS = (
    "unknown: each record is released with its district only; "
    "give a file of counts with `ipu up --households FILE`"
)


def up(
    protocol: Annotated[
        Path | None,
        typer.Argument(help="Protocol file; default: the example, signed as an exercise."),
    ] = None,
    *,
    households: Annotated[
        Path | None,
        typer.Option(
            help="CSV of household counts by postcode. Without it no postcode counts as large enough, "
            "and each record is released with its district only."
        ),
    ] = None,
    worker: Annotated[bool, typer.Option(help="Start the stream worker, too.")] = True,
    accept_keys: AcceptedKeys = None,
    exercise: Exercise = False,
    over_exercise: OverExercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Start the system: broker, registry, protocol, index, worker.

    Servers that already run keep running. The first start downloads about 200 MB; each file is
    checked against its pinned SHA-256. Later starts need no network. Everything listens on this
    machine only.

    Examples:

        ipu up --households households.csv

        ipu up partnership.yaml --run-dir trial

        ipu up run/exercise/partnership.yaml --exercise

        IPU_BROKER_PORT=9092 IPU_REGISTRY_PORT=8081 ipu up

        ipu up --json | jq -r .bootstrap
    """
    need("embedded")
    settings = Settings.from_environment(run_dir=run_dir)
    console = Screen(stderr=True, quiet=as_json)
    if protocol is None:
        protocol, exercise = _exercise(settings), True
        console.print(f"{protocol}: the example, signed as an exercise on this machine")
    with console.status("looking for running servers") as status:

        def accept(of: Protocol) -> None:
            status.stop()
            accepting(accept_keys)(of)

        system = bring_up(
            settings,
            protocol,
            households,
            status.update,
            accept=accept,
            worker=worker,
            exercise=exercise,
            over_exercise=over_exercise,
        )
    if as_json:
        say_json(_outcome(system), indent=None)
    else:
        say_lines(_summary(system))


def keep(*, run_dir: RunDir = None) -> None:
    """Restart broker and registry when one has ended by itself; `ipu up` starts this command."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    Keeper(Settings.from_environment(run_dir=run_dir)).run()


def _exercise(settings: Settings) -> Path:
    private_files.make_folder(settings.run_dir)
    return exercise(DEFAULT_PROTOCOL, settings.run_dir, load_catalogue())


def down(*, run_dir: RunDir = None, as_json: AsJson = False) -> None:
    """Stop worker, registry and broker. Data, logs and passwords are kept.

    Examples:

        ipu down

        ipu down --run-dir trial
    """
    settings = Settings.from_environment(run_dir=run_dir)
    console = Screen(stderr=True, quiet=as_json)
    with console.status("looking for running servers") as status:
        stopped = take_down(settings, status.update)
    if as_json:
        say_json({"stopped": stopped, "run_dir": str(settings.run_dir)}, indent=None)
    else:
        outcome = "stopped" if stopped else "nothing was running"
        say(f"{outcome} under {settings.run_dir}; its data is kept")


def _outcome(system: System) -> dict[str, object]:
    stack = system.stack
    return {
        "exercise": system.protocol.exercise,
        "bootstrap": stack.bootstrap,
        "registry_url": stack.registry_url,
        "metrics_url": _metrics_url(system.worker),
        "discloser_metrics_url": _metrics_url(system.discloser),
        "alerter_metrics_url": _metrics_url(system.alerter),
        "detector_metrics_url": _metrics_url(system.detector),
        "hub_metrics_url": _metrics_url(system.hub),
        "households": system.households,
        "run_dir": str(stack.run_dir),
        "logs": str(Layout(stack.run_dir).logs),
        "broker_pid": stack.broker.pid,
        "registry_pid": stack.registry.pid,
        "worker_pid": system.worker.process.pid if system.worker else None,
    }


def _metrics_url(program: Service | None) -> str | None:
    return f"http://127.0.0.1:{program.port}/metrics" if program else None


def _summary(system: System) -> str:
    stack, layout = system.stack, Layout(system.stack.run_dir)
    lines = [
        f"protocol   {system.protocol.title}, number {system.protocol.number}",
        f"broker     {stack.bootstrap}   (SCRAM-SHA-512; pid {stack.broker.pid})",
        f"registry   {stack.registry_url}   (pid {stack.registry.pid})",
        f"passwords  {layout.secrets.folder}   (yours alone: mode 0600)",
    ]
    if system.worker:
        lines.append(
            f"worker     {log_of(stack.run_dir)}   (supervised; pid {system.worker.process.pid})"
        )
        lines.append(f"metrics    {_metrics_url(system.worker)}   (user {USER}, with its password)")
    if system.discloser:
        lines.append(f"discloser  {_metrics_url(system.discloser)}   (its metrics, likewise)")
    if system.alerter:
        lines.append(
            f"alerts     {_metrics_url(system.alerter)}   (metrics of the agent, likewise)"
        )
    if system.detector:
        lines.append(
            f"problems   {_metrics_url(system.detector)}   (metrics of the detector, likewise)"
        )
    if system.hub:
        lines.append(f"hub        {_metrics_url(system.hub)}   (metrics of the hub, likewise)")
    lines.append(f"households {system.households or NO_HOUSEHOLDS}")
    return "\n".join([*lines, f"logs       {layout.logs}", "stop with  ipu down"])

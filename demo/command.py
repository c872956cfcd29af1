"""`ipu demo`: run the whole system on this machine with made-up records, and stop it again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from demo.report import Findings, show
from demo.run import Demo, as_document
from demo.supplies import District
from isp.agreement.protocol_file import load_protocol
from isp.keys import private_files
from ops.background import log_of
from ops.commands.common import DEFAULT_PROTOCOL, AsJson
from ops.commands.first_keys import accepting
from ops.embedded.errors import StackError
from ops.exercise import exercise
from ops.extras import need
from ops.reference import STREETS_FOLDER
from ops.screen import Screen, say_lines
from ops.settings import Settings
from ops.system import System, bring_up, take_down
from sanitiser.build.street_build import build_streets
from schemas.catalogue import load_catalogue

FOLDER = "demo"
MARKER = "made-by-ipu-demo"


def demo(
    *,
    records: Annotated[int, typer.Option(min=30, help="Records supplied in all.")] = 20_000,
    rate: Annotated[float, typer.Option(min=1, help="Records per second in the live phase.")] = 300,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the live phase.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed makes the same records.")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep everything running afterwards.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the system on made-up records and show what partners get.

    Runs its own broker, registry and worker under `demo` of the run directory. The folder is
    emptied at the start, and everything is stopped at the end. Postcodes and their points are real;
    streets, numbers, names, household counts and events are made up.

    Examples:

        ipu demo

        ipu demo --records 100000 --keep

        ipu demo --json | jq .latency
    """
    need("embedded")
    settings = Settings.from_environment()
    settings = settings.model_copy(update={"run_dir": settings.run_dir / FOLDER})
    console = Screen(stderr=as_json)
    with progress_on(console) as progress:
        _begin_anew(settings)
        try:
            system, findings = _run(settings, progress, records, rate, seconds, seed)
        finally:
            if not keep:
                take_down(settings, lambda _: None)
    if as_json:
        say_lines(as_document(findings))
    else:
        console.print(system.protocol.title, style="bold")
        show(console, findings, [party.id for party in system.protocol.parties])
        console.print(_next_steps(system, keep=keep), soft_wrap=True)


def progress_on(console: Screen) -> Progress:
    """Return the progress of the demo; where the screen is narrow the bar is shorter, not the numbers."""
    numbers = MofNCompleteColumn(table_column=Column(no_wrap=True))
    columns = (TextColumn("{task.description}"), BarColumn(), numbers, TimeElapsedColumn())
    return Progress(*columns, console=console)


def _run(
    settings: Settings, progress: Progress, records: int, rate: float, seconds: float, seed: int
) -> tuple[System, Findings]:
    catalogue = load_catalogue()
    protocol = load_protocol(DEFAULT_PROTOCOL, catalogue)
    making = progress.add_task("making records up", total=None)
    district = District.of(protocol, catalogue, seed)
    folder = private_files.make_folder(settings.run_dir / "supplies")
    files = district.supply_files(protocol, folder, records)
    households = district.households(folder)
    # As `ipu reference streets` does. The worker reads the list at its start.
    build_streets(settings.run_dir / STREETS_FOLDER, [district.streets(folder)])
    progress.update(making, total=records, completed=records)
    starting = progress.add_task("starting", total=None)
    system = bring_up(
        settings,
        exercise(DEFAULT_PROTOCOL, settings.run_dir, catalogue),
        households,
        lambda what: progress.update(starting, description=what),
        accept=accepting(None),
        exercise=True,
    )
    progress.update(
        starting,
        description="broker, registry, protocol, index and worker are up",
        total=1,
        completed=1,
    )
    return system, Demo(system, district, files, rate, seconds).run(progress)


def _begin_anew(settings: Settings) -> None:
    take_down(settings, lambda _: None)
    if settings.run_dir.exists() and not (settings.run_dir / MARKER).exists():
        message = f"{settings.run_dir} was not made by `ipu demo`; move it, or set IPU_RUN_DIR"
        raise StackError(message)
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    private_files.make_folder(settings.run_dir)
    (settings.run_dir / MARKER).touch(mode=0o600)


def _next_steps(system: System, *, keep: bool) -> str:
    run_dir = Path(system.stack.run_dir)
    if not keep:
        return (
            f"All stopped. The supplies are in {run_dir / 'supplies'}, the worker's log in "
            f"{log_of(run_dir)}.\nTo continue: `ipu demo --keep`, or `ipu up` with a protocol "
            "of your own; see README.md."
        )
    metrics = f"http://127.0.0.1:{system.worker.port}/metrics" if system.worker else "-"
    return (
        f"Everything still runs under {run_dir}.\n"
        f"  metrics   {metrics}\n"
        f"  findings  ipu emerging watch --run-dir {run_dir} --as council\n"
        f"  publish   ipu publish --run-dir {run_dir} --agency police --dataset police-incident FILE.csv\n"
        f"  stop      ipu down --run-dir {run_dir}"
    )

"""`python -m tests.benchmarks`: the figures of the README, into build/bench.json."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Area, keep, table
from tests.benchmarks.setting import Files
from tests.benchmarks.suite import AreaName, Suite
from tests.benchmarks.versions import all_versions

FAILED = 1


Told = Callable[[str, int, int], None]


def bench(
    areas: Annotated[
        list[AreaName] | None, typer.Argument(help="What to measure; everything by default.")
    ] = None,
    *,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median counts.")] = 5,
    records: Annotated[int, typer.Option(min=5_000, help="Records of a throughput run.")] = 200_000,
    seconds: Annotated[int, typer.Option(min=2, help="Length of a latency run.")] = 60,
    only: Annotated[
        list[str] | None, typer.Option(help="Contender of the throughput; may be repeated.")
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="Where stack, index and logs of the benchmarks are kept.")
    ] = Path("build/bench"),
    out: Annotated[Path, typer.Option(help="The file of figures.")] = Path("build/bench.json"),
    bench_python: Annotated[
        Path, typer.Option(help="Python of the environment that holds Quix Streams.")
    ] = Path(".bench-venv/bin/python"),
) -> None:
    """Measure on this machine; close what else runs on it first.

    Examples:

        python -m tests.benchmarks

        python -m tests.benchmarks throughput --records 5000 --runs 1

        python -m tests.benchmarks latency --seconds 10 --runs 1
    """
    # So that what was started is stopped, as it is on an interrupt.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    wanted = areas or list(AreaName)
    files, console = Files(folder.resolve()), Console(stderr=True)
    measured: list[Area] = []
    try:
        versions = all_versions(bench_python)
        with _shown(console) as (told, said):
            suite = Suite(files, Path(sys.executable), bench_python, told, said)
            for area in suite.measure(wanted, runs, records, seconds, only or ()):
                measured.append(area)
                keep(out, area, versions)
    except BenchError as error:
        console.print(f"error: {error}")
        raise typer.Exit(FAILED) from None
    finally:
        if measured:
            Console().print(table(measured))


@contextmanager
def _shown(console: Console) -> Iterator[tuple[Told, Callable[[str], None]]]:
    """A progress bar, as two functions: how far the work is, and what is being done besides."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=None)

        def told(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        yield told, lambda what: progress.update(task, description=what, completed=0, total=None)


def main() -> None:
    """Run the command."""
    typer.run(bench)


if __name__ == "__main__":
    main()

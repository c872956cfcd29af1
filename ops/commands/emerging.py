"""`ipu emerging`: watch and show a recipient's emerging problems. `emerging_serve` runs the agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from connectors.emerging.picture import History, Picture
from connectors.emerging.recipient import FindingsReader
from connectors.errors import AlertError
from connectors.topic_feed import LinkWatch
from isp.agreement.protocol_file import load_protocol
from isp.audit.kept_heads import HeadKeeper, heads_file
from offline.private_file import private_file
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    account_of,
    protocol_of,
    running_stack,
)
from ops.commands.emerging_serve import serve
from ops.desk.problem_page import ProblemPage, tables
from ops.desk.problems import details
from ops.outputs import check_files, check_outputs
from ops.screen import Screen, json_text, say, say_json
from schemas.catalogue import load_catalogue

emerging = typer.Typer(no_args_is_help=True, help="Watch emerging problems, and how they end.")

Partner = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="The party that receives the findings.")
]
ProblemArgument = Annotated[
    str,
    typer.Argument(metavar="PROBLEM", help="Id of the problem; its first characters are enough."),
]


_MOST_IDS = 5


class Setting(NamedTuple):
    """The recipient of a command, and the audit heads that its login has seen."""

    reader: FindingsReader
    keeper: HeadKeeper

    def picture(self) -> Picture:
        """Return the present problems. Errors as `FindingsReader.picture`."""
        return self.reader.picture(self.keeper)

    def problem(self, beginning: str) -> History:
        """Return the problem whose id begins so.

        Raises:
            AlertError: no problem or several problems begin so, or it cannot be read here.
        """
        picture, principal = self.picture(), self.reader.account.principal
        found = [h for name, h in picture.problems.items() if name.startswith(beginning)]
        if len(found) == 1:
            return found[0]
        if found:
            raise AlertError(
                f"{beginning!r} is the beginning of {len(found)} problems of {principal}; accepted: "
                f"{_ids(found)}"
            )
        if any(name.startswith(beginning) for name in picture.unreadable):
            raise AlertError(
                f"problem {beginning}: this release cannot read it; install a newer one"
            )
        raise AlertError(
            f"{principal} has no problem {beginning!r}; it may have been taken back, or be older than "
            f"the topic retains; accepted: {_ids(list(picture.problems.values()))}"
        )


@emerging.command()
def watch(
    *,
    party: Partner,
    once: Annotated[bool, typer.Option("--once", help="Print the problems and end.")] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each problem, and end.")
    ] = False,
) -> None:
    """Show a recipient's emerging problems on a live page.

    The strongest come first. Each line has what and where, since when, the cases observed and expected,
    how it grew from version to version, its p-value, and how often chance alone gives one as strong over
    all types and places: by calculation, and as measured in replays. Provisional problems were found
    between two evaluations. Ended problems follow, with how they ended. Ctrl-C ends. The page reconnects
    by itself. Each read is in the broker's audit.

    Examples:

        ipu emerging watch --as council

        ipu emerging watch --as council --once

        ipu emerging watch --as council --json | jq -r 'select(.status != "closed") | .words'
    """
    setting = _setting(party, protocol, run_dir)
    if as_json:
        picture = setting.picture()
        for history in (*picture.open(), *picture.ended()):
            say(json_text(document(history)))
    elif once:
        Screen().print(tables(setting.picture()))
    else:
        _run_page(setting)


@emerging.command()
def show(
    problem: ProblemArgument,
    *,
    party: Partner,
    geojson: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write the circle to this file, as a GeoJSON feature."),
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Print one problem in words, with its evidence, sources, records and versions.

    Records are named by their ids in the released streams, as `ipu read` prints them. Exit code 1 if
    there is no such problem.

    Examples:

        ipu emerging show 3f0a51c2d4e69b78 --as council

        ipu emerging show 3f0a --as council --json | jq .evidence

        ipu emerging show 3f0a --as council --geojson problem.geojson
    """
    check_files({"--geojson": geojson})
    check_outputs({"--geojson": geojson}, {"--protocol": protocol})
    history = _setting(party, protocol, run_dir).problem(problem)
    if geojson is not None:
        with private_file(geojson) as stream:
            stream.write(json_text(history.newest.feature()).encode() + b"\n")
    if as_json:
        say_json(document(history))
        return
    for line in details(history):
        say(line)


def _ids(problems: Sequence[History]) -> str:
    shown = ", ".join(problem.newest.id for problem in problems[:_MOST_IDS]) or "none"
    more = len(problems) - _MOST_IDS
    return f"{shown} and {more:,} more" if more > 0 else shown


def document(history: History) -> dict[str, Any]:
    """Return a problem for JSON: its newest version with the geometry as an object, and its growth."""
    feature = history.newest.feature()
    growth = [
        {"version": v.version, "made": v.made.isoformat(), "status": v.status,
         "observed": v.observed, "expected": v.expected, "p": v.p}
        for v in history.versions
    ]  # fmt: skip
    return {**feature["properties"], "geometry": feature["geometry"], "growth": growth}


def _setting(party: str, protocol_file: Path | None, run_dir: Path | None) -> Setting:
    """Return the setting of a command.

    Raises:
        AlertError: the protocol sends no findings to the party.
        StackError: there is no password of the login.
    """
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    # Before the password is looked up, which a party without findings may have too.
    FindingsReader.check(agreed, party)
    account = account_of(agreed, party, stack)
    keeper = HeadKeeper(heads_file(stack.run_dir, account.principal))
    return Setting(FindingsReader(account, agreed, catalogue, party), keeper)


def _run_page(setting: Setting) -> None:
    reader = setting.reader
    with reader.feed(setting.keeper) as feed:
        link = LinkWatch.of(reader.account).look
        retention = timedelta(milliseconds=reader.topic.retention_ms)
        ProblemPage(reader.party, feed, link, retention).run(Screen())


emerging.command()(serve)

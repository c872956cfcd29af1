"""The `ipu` command line: one place that names the commands and turns errors into exit codes."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from connectors.errors import ConnectorError
from ops.audit.errors import AuditError
from ops.audit.kept_heads import HeadsDiffer
from ops.commands.aggregate import aggregate
from ops.commands.audit import audit
from ops.commands.consent import consent
from ops.commands.demo import demo
from ops.commands.disclose import disclose
from ops.commands.examples import keep_examples_whole
from ops.commands.isp import isp
from ops.commands.keys import keys
from ops.commands.publish import publish
from ops.commands.read import read
from ops.commands.reference import reference
from ops.commands.resolve import resolve
from ops.commands.risk import risk
from ops.commands.sanitise import sanitise
from ops.commands.stack import down, keep, up
from ops.commands.supplies import supplies
from ops.commands.worker import worker
from ops.disclosures.errors import DisclosureError
from ops.embedded.errors import StackError
from ops.isp.errors import ApplyError
from ops.reader import ReadError
from ops.screen import Screen
from ops.settings import SettingsError
from ops.worker import WorkerError
from sanitiser.postcode_store import PostcodeIndexError
from sanitiser.reference_sources import BadReference
from sanitiser.scrubbing import RecogniserMissing
from schemas.known_schemas import NotApplied
from schemas.protocol import ProtocolError
from schemas.record_type import SchemaError
from streams.pipeline import DependencyUnavailable

FAILED, USAGE, BROKEN = 1, 2, 3
EXPECTED = (
    ApplyError,
    AuditError,
    ConnectorError,
    DisclosureError,
    DependencyUnavailable,
    NotApplied,
    PostcodeIndexError,
    ProtocolError,
    ReadError,
    RecogniserMissing,
    BadReference,
    SchemaError,
    StackError,
    WorkerError,
)
"""Errors whose message tells the user all there is to know; any other is a fault of ours."""


def build_cli() -> typer.Typer:
    """The command line with every command on it."""
    cli = typer.Typer(
        name="ipu",
        cls=_Commands,
        help="Information Processing Unit: records from agencies in, protocol-gated streams out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for command in (up, down, worker, publish, read, sanitise, risk, resolve, demo):
        cli.command()(command)
    cli.command(hidden=True)(keep)
    cli.add_typer(isp, name="isp")
    cli.add_typer(supplies, name="supplies")
    cli.add_typer(aggregate, name="aggregate")
    cli.add_typer(reference, name="reference")
    cli.add_typer(keys, name="keys")
    cli.add_typer(audit, name="audit")
    cli.add_typer(disclose, name="disclose")
    cli.add_typer(consent, name="consent")
    keep_examples_whole(cli)
    return cli


def main() -> None:
    """Run a command; exit 0 fine, 1 the work failed, 2 usage, 3 drift or findings."""
    build_cli()()


class _Commands(TyperGroup):
    """Turns the errors we expect into one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            _tell(error)
            raise typer.Exit(USAGE) from error
        except HeadsDiffer as error:
            _tell(error)
            raise typer.Exit(BROKEN) from error
        except EXPECTED as error:
            _tell(error)
            raise typer.Exit(FAILED) from error


def _tell(error: Exception) -> None:
    Screen(stderr=True, soft_wrap=True).print(f"ipu: {error}", style="red")


if __name__ == "__main__":
    main()

"""Run the `ipu` command line: list the commands and turn errors into exit codes."""

from __future__ import annotations

from typing import Any

import typer

from ops.commands.lazy import LazyGroup, Listed
from ops.exit_codes import exit_code
from ops.extras import extra_missing

COMMANDS = {
    "up": Listed(
        "ops.commands.stack",
        "Start the system: broker, registry, protocol, index, worker.",
    ),
    "down": Listed("ops.commands.stack", "Stop worker, registry and broker."),
    "worker": Listed(
        "ops.commands.worker",
        "Process intake records until stopped.",
    ),
    "publish": Listed(
        "ops.commands.publish",
        "Supply a file of records, as the agency's own principal.",
    ),
    "read": Listed(
        "ops.commands.read",
        "Print a topic's records as JSON lines, read as one party.",
    ),
    "sanitise": Listed(
        "ops.commands.sanitise",
        "Sanitise a file as the worker would, by guidance Appendix 1.",
    ),
    "risk": Listed(
        "ops.commands.risk",
        "Attack a release with its originals, as an intruder would.",
    ),
    "detect": Listed(
        "ops.commands.detect",
        "Find clusters of events in a file, by a scan of space and time.",
    ),
    "resolve": Listed(
        "ops.commands.resolve",
        "Print a supplier's own reference behind a released digest.",
    ),
    "demo": Listed(
        "demo.command",
        "Run the system on made-up records and show what partners get.",
    ),
    "keep": Listed(
        "ops.commands.stack",
        "Restart broker and registry when one has ended by itself; `ipu up` starts this command.",
        hidden=True,
    ),
    "isp": Listed("ops.commands.isp", "Check, sign, plan and apply Information Sharing Protocols."),
    "supplies": Listed("ops.commands.supplies", "List supplies and what is missing."),
    "aggregate": Listed("ops.commands.aggregate", "Publish and show tables of aggregate data."),
    "reference": Listed(
        "ops.commands.reference", "Build the postcode index and the lists of places and premises."
    ),
    "keys": Listed("ops.commands.keys", "Manage the keys of references."),
    "audit": Listed("ops.commands.audit", "Show what was done with records, and verify the audit."),
    "disclose": Listed(
        "ops.commands.disclose",
        "Handle requests for personal information, case by case.",
    ),
    "alerts": Listed(
        "ops.commands.alerts",
        "Watch, acknowledge and deliver domestic alerts.",
    ),
    "emerging": Listed("ops.commands.emerging", "Watch emerging problems, and how they end."),
    "hub": Listed("ops.commands.hub", "Store releases, and write each party's copy of them."),
    "export": Listed("ops.commands.export", "Write a dataset of the hub to a file for a party."),
    "consent": Listed("ops.commands.consent", "Record people's consent to sharing, by process."),
}
"""Every command by its name, in the order of the help."""


def build_cli() -> typer.Typer:
    """Return the command line with every command."""
    cli = typer.Typer(
        name="ipu",
        cls=_Commands,
        help="Information Processing Unit: depersonalise agencies' records and release them by protocol.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    cli.callback()(_no_options)
    return cli


def main() -> None:
    """Run a command. Exit codes: 0 success, 1 the work failed, 2 usage, 3 drift or findings."""
    build_cli()()


def _no_options() -> None:
    # Without a callback Typer makes no group of a command line that has no commands yet.
    return


class _Commands(LazyGroup):
    """The group of all commands. Turns an expected error into one message and an exit code."""

    listed = COMMANDS

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            expected = extra_missing(error) or error
            code = exit_code(expected)
            if code is None:
                raise
            _print(expected)
            raise typer.Exit(code) from error


def _print(error: Exception) -> None:
    from ops.screen import Screen

    Screen(stderr=True, soft_wrap=True).print(f"ipu: {error}", style="red")


if __name__ == "__main__":
    main()

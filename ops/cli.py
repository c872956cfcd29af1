"""The `ipu` command line: one place that lists the commands and turns errors into exit codes."""

from __future__ import annotations

from typing import Any

import typer

from ops.commands.lazy import LazyGroup, Listed
from ops.exit_codes import exit_code
from ops.extras import extra_missing

COMMANDS = {
    "up": Listed(
        "ops.commands.stack",
        "Start broker and registry, apply the protocol, build the postcode index, start the worker.",
    ),
    "down": Listed("ops.commands.stack", "Stop worker, registry and broker."),
    "worker": Listed(
        "ops.commands.worker",
        "Process intake records until stopped (SIGTERM finishes the batch at hand).",
    ),
    "publish": Listed(
        "ops.commands.publish",
        "Supply a file of records to the partnership, as the agency's own principal.",
    ),
    "read": Listed(
        "ops.commands.read",
        "Print a topic's records as JSON lines, as one of the parties has them.",
    ),
    "sanitise": Listed(
        "ops.commands.sanitise",
        "Sanitise a file as the worker sanitises records: by guidance Appendix 1.",
    ),
    "risk": Listed(
        "ops.commands.risk",
        "Attack a release with its originals at hand: what would an intruder find?",
    ),
    "resolve": Listed(
        "ops.commands.resolve",
        "Give a supplier the reference of its own record behind a digest that was released.",
    ),
    "demo": Listed(
        "ops.commands.demo",
        "Supply a district's made-up records and show what each partner then has.",
    ),
    "keep": Listed(
        "ops.commands.stack",
        "Start broker and registry again whenever one has ended by itself; `ipu up` runs it.",
        hidden=True,
    ),
    "isp": Listed("ops.commands.isp", "The Information Sharing Protocol."),
    "supplies": Listed("ops.commands.supplies", "What was supplied, and what is lacking."),
    "aggregate": Listed("ops.commands.aggregate", "Tables of aggregate data."),
    "reference": Listed(
        "ops.commands.reference", "Postcodes with their households, and named places."
    ),
    "keys": Listed("ops.commands.keys", "Keys of references, which never leave this machine."),
    "audit": Listed(
        "ops.commands.audit", "What was done with whose records, and the proof that it is whole."
    ),
    "disclose": Listed(
        "ops.commands.disclose",
        "Personal information, case by case: asked for, decided by its agency, and destroyed.",
    ),
    "consent": Listed(
        "ops.commands.consent", "What people have said about sharing, for which process."
    ),
}
"""Every command by its name, in the order of the help."""


def build_cli() -> typer.Typer:
    """Return the command line with every command on it."""
    cli = typer.Typer(
        name="ipu",
        cls=_Commands,
        help="Information Processing Unit: records from agencies in, protocol-gated streams out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    cli.callback()(_no_options)
    return cli


def main() -> None:
    """Run a command; exit 0 fine, 1 the work failed, 2 usage, 3 drift or findings."""
    build_cli()()


def _no_options() -> None:
    # Without a callback Typer makes no group of a command line whose commands it does not know yet.
    return


class _Commands(LazyGroup):
    """Turns the errors we expect into one message and an exit code."""

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

"""A command that takes a file, and has commands of its own beside it."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class FileOrCommand(TyperGroup):
    """A group that is itself a command: its first argument is one of its commands, or else a file.

    A file with the name of a command is given as ``./name``.
    """

    allow_interspersed_args = True

    def __init__(self, **options: Any) -> None:
        options.update(
            invoke_without_command=True, no_args_is_help=True, subcommand_metavar="or COMMAND"
        )
        super().__init__(**options)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Return the context of the named command, or of the group as a command."""
        command = self.commands.get(args[0]) if args else None
        if command is None:
            return super().make_context(info_name, args, parent, **extra)
        # Of the group's parent, because the group's own context would want a file.
        name = f"{info_name} {args[0]}"
        return command.make_context(name, args[1:], parent=parent, **extra)

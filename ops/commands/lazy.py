"""Import a command's module only when the command is called.

The list of commands, the group's help and shell completion need only names and summaries. Kafka
clients and numerical libraries take seconds to import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from ops.commands.examples import keep_examples_whole


class Listed(NamedTuple):
    """A command: the module that has it under its name, and the first sentence of its help."""

    module: str
    summary: str
    hidden: bool = False


class LazyGroup(TyperGroup):
    """A group whose subclass lists its commands; a command is imported when it is called."""

    listed: ClassVar[Mapping[str, Listed]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Imported(self.listed)
        self._summaries = TyperGroup(name=self.name, commands=_summaries(self.listed))

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the commands' names without importing any."""
        return list(self.listed)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing any."""
        self._summaries.format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the commands or options with this beginning, without importing any command."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return self._summaries.shell_complete(typer.Context(self._summaries), incomplete)


class _Imported(MutableMapping[str, Any]):
    """Commands by name, each imported when it is first looked up."""

    def __init__(self, listed: Mapping[str, Listed]) -> None:
        self._listed = dict(listed)
        self._commands: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._commands:
            self._commands[name] = _command(name, self._listed[name])
        return self._commands[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._listed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def _summaries(listed: Mapping[str, Listed]) -> dict[str, Any]:
    return {
        name: TyperCommand(name, help=command.summary, hidden=command.hidden)
        for name, command in listed.items()
    }


def _command(name: str, listed: Listed) -> Any:
    found = getattr(import_module(listed.module), name)
    app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name, hidden=listed.hidden)(found)
    keep_examples_whole(app)
    return typer.main.get_group(app).commands[name]

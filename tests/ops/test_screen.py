"""Texts from others reach a terminal as visible text, and as nothing else."""

from __future__ import annotations

import io
import json

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ops.screen import Screen, say, say_json, say_lines

HOSTILE = "banes.[/x][bold]\x1b[2J\u202e\x9b\x07\r:smile:"
SEEN = "banes.[/x][bold]\\u001b[2J\\u202e\\u009b\\u0007\\u000d:smile:"


def printed(what: object, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    Screen(file=stream, width=200, force_terminal=terminal, color_system=None).print(what)
    return stream.getvalue()


def is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_a_table_shows_names_as_they_are() -> None:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    text = printed(table)
    assert text.count(SEEN) == 3
    assert is_plain(text)


@pytest.mark.parametrize("what", [HOSTILE, Text(HOSTILE), Panel(HOSTILE)], ids=type)
def test_nothing_that_is_printed_controls_the_terminal(what: object) -> None:
    text = printed(what)
    assert "banes.[/x][bold]\\u001b[2J\\u202e" in text
    assert is_plain(text)


def test_a_status_is_no_markup() -> None:
    stream = io.StringIO()
    screen = Screen(file=stream, width=200, force_terminal=True, color_system=None)
    with screen.status(HOSTILE) as status:
        status.update(f"then {HOSTILE}")
    assert "\x07" not in stream.getvalue()
    assert f"then {SEEN}" in stream.getvalue()


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"unreadable: {HOSTILE}\nwhole: yes")
    assert capsys.readouterr().out == f"unreadable: {SEEN}\\u000awhole: yes\n"
    say_lines("a\nb", err=True)
    assert capsys.readouterr().err == "a\nb\n"


def test_json_says_the_same_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"name": HOSTILE, "what": "é\n"})
    text = capsys.readouterr().out
    assert is_plain(text)
    assert json.loads(text) == {"name": HOSTILE, "what": "é\n"}

"""The table of alerts shows text from others as it is, in a terminal of 80 columns."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from connectors.alerts.picture import Change, Picture
from ops.cli import build_cli
from ops.commands.alerts import _print
from tests.connectors.alerts.messages import HOUR, NOW, ONE, received


def printed(capsys: pytest.CaptureFixture[str], picture: Picture) -> str:
    _print(picture, NOW)
    return capsys.readouterr().out


def test_no_name_from_others_controls_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    picture = Picture()
    picture.take(Change.of(received(level="[red]x\x1b[2J\u202e")))
    text = printed(capsys, picture)
    assert "[red]x\\u001b[2J\\u202e" in text
    assert "\x1b" not in text


def test_an_id_is_never_broken_so_that_it_can_be_copied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    picture = Picture()
    raised = NOW - 47 * HOUR
    late = received(
        level="marac-repeat", raised=raised, due=raised, late=True, escalated="liaison_officer"
    )
    picture.take(Change.of(late))
    assert ONE in printed(capsys, picture)


def test_an_empty_desk_says_so_and_what_it_cannot_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = Picture(unreadable={ONE})
    text = printed(capsys, picture)
    assert "no alerts" in text
    assert "cannot read: 1" in text


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("textual", ["watch", "--as", "council"]),
        ("standardwebhooks",
         ["deliver", "--as", "council", "--url", "https://x/", "--secret-file", "x"]),
    ],
)  # fmt: skip
def test_without_its_extra_a_command_says_how_to_install_it(
    module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [name for name in sys.modules if name.startswith("connectors.alerts.webhook")]:
        monkeypatch.delitem(sys.modules, loaded)
    for hidden in (module, f"{module}.webhooks"):
        monkeypatch.setitem(sys.modules, hidden, None)
    result = CliRunner().invoke(build_cli(), ["alerts", *arguments])
    assert result.exit_code == 1
    assert "pip install 'community-safety-ipu[desk]'" in result.output

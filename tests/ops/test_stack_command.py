"""The command line of the embedded stack, where no server is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import build_cli


@pytest.fixture
def app() -> typer.Typer:
    return build_cli()


def test_help_teaches_by_example(app: typer.Typer) -> None:
    for name in ("up", "down"):
        shown = CliRunner().invoke(app, [name, "--help"])
        assert shown.exit_code == 0
        assert "--run-dir trial" in shown.output


def test_stopping_what_does_not_run_is_no_failure(app: typer.Typer, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["down", "--run-dir", str(tmp_path / "run"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"stopped": False, "run_dir": str(tmp_path / "run")}


def test_a_bad_setting_is_a_usage_error(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IPU_BROKER_PORT", "80")
    failed = CliRunner().invoke(app, ["up", "--run-dir", str(tmp_path / "run")])
    assert failed.exit_code == 2
    assert "IPU_BROKER_PORT: '80' is not accepted" in failed.stderr

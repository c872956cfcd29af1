"""`ipu hub sink --to` refuses a URL that cannot be used, before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.hub.errors import HubError
from ops.cli import build_cli
from ops.commands.hub_store import STORE_FILE, store_of, target_of

SECRET = "hunter2"


@pytest.mark.parametrize("supervised", [[], ["--supervised"]])
def test_a_url_with_a_password_is_refused_at_once_and_not_repeated(supervised: list[str]) -> None:
    url = f"postgresql://hub:{SECRET}@db.example/hub"
    answer = CliRunner().invoke(build_cli(), ["hub", "sink", "--to", url, *supervised])
    assert answer.exit_code == 1
    assert "has a password" in answer.stderr
    assert SECRET not in answer.output


def test_a_password_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with pytest.raises(HubError, match="PGPASSWORD is set"):
        target_of("postgresql://hub@db.example/hub")


def test_without_a_url_the_hub_is_a_file_in_its_folder(tmp_path: Path) -> None:
    assert target_of(None) is None
    with store_of(None, tmp_path)():
        assert (tmp_path / STORE_FILE).exists()

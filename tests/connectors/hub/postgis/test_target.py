"""A database is named by a URL without a password, and proves its name unless it is on this machine."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from connectors.hub.errors import HubError
from connectors.hub.postgis.target import Target

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://hub:{SECRET}@db.example/hub",
        f"postgres://hub@db.example/hub?password={SECRET}",
        f"postgresql://hub@db.example/hub?sslkey=k&sslpassword={SECRET}",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(HubError, match=r"has a password.*in ~/\.pgpass, mode 0600") as caught:
        Target.of(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"host=db.example password={SECRET}",
        f"mysql://hub:{SECRET}@db.example/hub",
        f"postgresql://hub:{SECRET}/1@db.example/hub",
        "postgresql://hub:1/1@db.example/hub",
        f"postgresql://db.example/hub?{SECRET}={SECRET}",
        f"postgresql://db.example:{SECRET}/hub",
        f"postgresql://[::1/{SECRET}",
    ],
)
def test_what_is_no_url_of_postgresql_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(HubError, match="accepted: postgresql://USER@HOST:PORT/DATABASE") as caught:
        Target.of(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://hub@db.example/hub", "verify-full"),
        ("postgresql://hub@192.0.2.7/hub", "verify-full"),
        ("postgresql:///hub", "verify-full"),
        ("postgresql://hub@localhost,db.example/hub", "verify-full"),
        ("postgresql://hub@localhost/hub?hostaddr=192.0.2.7", "verify-full"),
        ("postgresql://hub@db.example/hub?sslmode=require", "require"),
        ("postgresql://hub@localhost/hub", None),
        ("postgresql://hub@127.0.0.1:5433/hub", None),
        ("postgresql://hub@[::1]/hub", None),
        ("postgresql://hub@%2Frun%2Fpostgresql/hub", None),
        ("postgresql://hub@localhost/hub?sslmode=verify-full", "verify-full"),
    ],
)
def test_a_host_other_than_this_machine_must_prove_its_name_unless_the_url_says_otherwise(
    url: str, mode: str | None
) -> None:
    assert Target.of(url).parameters.get("sslmode") == mode


def test_a_target_is_told_by_host_port_and_name() -> None:
    assert str(Target.of("postgresql://hub@db.example:5433/crime")) == "db.example:5433/crime"
    assert str(Target.of("postgresql://db.example/crime")) == "db.example:5432/crime"


def test_a_password_in_the_environment_is_refused(tmp_path: Path) -> None:
    target = Target.of("postgresql://hub@localhost/hub")
    with pytest.raises(
        HubError, match="PGPASSWORD is set; accepted: a file of mode 0600"
    ) as caught:
        target.check({"PGPASSWORD": SECRET})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("where", ["environment", "url"])
def test_a_passfile_that_others_can_read_is_refused(tmp_path: Path, where: str) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{SECRET}")
    file.chmod(0o640)
    query = f"?passfile={file}" if where == "url" else ""
    environment = {} if where == "url" else {"PGPASSFILE": str(file)}
    target = Target.of(f"postgresql://hub@localhost/hub{query}")
    with pytest.raises(HubError, match=r"has mode 0640, .*; accepted: 0600\. Run: chmod 600"):
        target.check(environment)
    file.chmod(0o600)
    target.check(environment)


def test_a_mode_that_does_not_prove_the_server_is_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = {"PGPASSFILE": "/no/such/file"}
    with caplog.at_level(logging.WARNING):
        Target.of("postgresql://hub@db.example/hub").check(here)
        Target.of("postgresql://hub@localhost/hub").check(here)
        assert not caplog.records
        Target.of("postgresql://hub@db.example/hub?sslmode=require").check(here)
    assert "sslmode=require does not prove the server; better: verify-full" in caplog.text

"""Settings read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ops.settings import Settings, SettingsError


def test_nothing_set_means_a_run_folder_here_and_free_ports() -> None:
    settings = Settings.from_environment({})
    assert settings.run_dir == Path.cwd() / "run"
    assert settings.cache_dir == Path.home() / ".cache" / "ipu"
    assert (settings.broker_port, settings.registry_port) == (None, None)
    assert (settings.broker_heap, settings.registry_heap) == ("1536m", "192m")


def test_every_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "IPU_RUN_DIR": str(tmp_path),
            "IPU_CACHE_DIR": str(tmp_path / "cache"),
            "IPU_BROKER_PORT": "9092",
            "IPU_REGISTRY_PORT": "8081",
            "IPU_BROKER_HEAP": "1g",
            "IPU_REGISTRY_HEAP": "256m",
            "UNRELATED": "x",
        }
    )
    assert settings == Settings(
        run_dir=tmp_path,
        cache_dir=tmp_path / "cache",
        broker_port=9092,
        registry_port=8081,
        broker_heap="1g",
        registry_heap="256m",
    )


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"IPU_BROKER_PORT": ""}).broker_port is None


def test_an_option_wins_over_the_environment_and_an_absent_option_does_not(tmp_path: Path) -> None:
    environment = {"IPU_RUN_DIR": "elsewhere"}
    assert Settings.from_environment(environment, run_dir=tmp_path).run_dir == tmp_path
    assert Settings.from_environment(environment, run_dir=None).run_dir.name == "elsewhere"


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("IPU_BROKER_PORT", "ninety", "port from 1024 to 65535"),
        ("IPU_REGISTRY_PORT", "80", "port from 1024 to 65535"),
        ("IPU_BROKER_HEAP", "512", "such as 512m"),
        ("IPU_REGISTRY_HEAP", "0m", "such as 192m"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_what_is_accepted(
    variable: str, value: str, accepted: str
) -> None:
    with pytest.raises(SettingsError, match=rf"(?s){variable}: '{value}'.*{accepted}"):
        Settings.from_environment({variable: value})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings.from_environment({}).broker_port = 1

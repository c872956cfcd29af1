"""Settings of the embedded stack, read from the environment: folders, ports, heap sizes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "IPU_"

Port = Annotated[int, Field(ge=1024, le=65535)]
Heap = Annotated[str, Field(pattern=r"^[1-9][0-9]*[mMgG]$")]

ACCEPTED = {
    "run_dir": "a folder that this user may write",
    "cache_dir": "a folder that this user may write",
    "broker_port": "a port from 1024 to 65535, or empty for any free port",
    "registry_port": "a port from 1024 to 65535, or empty for any free port",
    "broker_heap": "a whole number followed by m or g, such as 512m",
    "registry_heap": "a whole number followed by m or g, such as 192m",
}


class SettingsError(ValueError):
    """An environment variable holds a value that the settings do not accept."""


class Settings(BaseModel):
    """Settings of the embedded stack; paths are absolute, heaps are Java sizes, ports TCP ports.

    A port of ``None`` means: the port used last under this run directory, or any free port.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = Field(default=Path("run"), validate_default=True)
    cache_dir: Path = Field(default=Path("~/.cache/ipu"), validate_default=True)
    broker_port: Port | None = None
    registry_port: Port | None = None
    broker_heap: Heap = "1536m"
    registry_heap: Heap = "192m"

    @field_validator("run_dir", "cache_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **overrides: object
    ) -> Settings:
        """Read ``IPU_RUN_DIR``, ``IPU_BROKER_PORT`` and so on; an empty variable counts as unset.

        An override of ``None`` is ignored, so that command-line options can be passed as they are.

        Raises:
            SettingsError: names the variable, its value and what is accepted.
        """
        source = os.environ if environment is None else environment
        given: dict[str, Any] = {
            name: source[variable_of(name)]
            for name in cls.model_fields
            if source.get(variable_of(name))
        }
        given |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None


def variable_of(name: str) -> str:
    """Return the environment variable of a setting: ``broker_port`` is ``IPU_BROKER_PORT``."""
    return PREFIX + name.upper()


def _explain(error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        name = str(problem["loc"][0])
        accepted = ACCEPTED.get(name, f"one of the settings {', '.join(sorted(ACCEPTED))}")
        problems.append(
            f"{variable_of(name)}: {problem['input']!r} is not accepted; give {accepted}"
        )
    return "\n".join(problems)

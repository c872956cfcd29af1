"""No command writes over a file that it reads, by whatever name the file is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import build_cli
from ops.outputs import check_outputs
from tests.protocols import FIRST

Spell = Callable[[Path], Path]
ROWS = b"incident_reference,incident_date\nI-1,2026-10-01\n"


def the_same(path: Path) -> Path:
    return path


def by_a_detour(path: Path) -> Path:
    (path.parent / "sub").mkdir()
    return path.parent / "sub" / ".." / path.name


def by_a_link(path: Path) -> Path:
    link = path.with_name("link.csv")
    link.symlink_to(path)
    return link


def by_a_hard_link(path: Path) -> Path:
    link = path.with_name("hard.csv")
    link.hardlink_to(path)
    return link


def by_a_linked_folder(path: Path) -> Path:
    folder = path.parent.parent / f"{path.parent.name}-linked"
    folder.symlink_to(path.parent)
    return folder / path.name


SPELLINGS = [the_same, by_a_detour, by_a_link, by_a_hard_link, by_a_linked_folder]


def ipu(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(build_cli(), [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())


def sanitise(file: Path, *arguments: object) -> tuple[int, str]:
    return ipu("sanitise", file, "--dataset", "police-incident", *arguments)


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_the_original_is_not_overwritten_by_its_release(tmp_path: Path, spelt: Spell) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(ROWS)
    code, said = sanitise(file, "--out", spelt(file))
    assert code == 2
    assert "is the input of IN" in said
    assert file.read_bytes() == ROWS
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("option", ["--households", "--key", "--mapping", "--premises"])
@pytest.mark.parametrize("written", ["--out", "--rejects"])
def test_no_other_file_that_is_read_is_overwritten(
    tmp_path: Path, option: str, written: str
) -> None:
    file, other = tmp_path / "in.csv", tmp_path / "other"
    file.write_bytes(ROWS)
    other.write_bytes(b"kept")
    outputs = {"--out": tmp_path / "out.csv"} | {written: other}
    given = [part for pair in outputs.items() for part in pair]
    code, said = sanitise(file, option, other, *given)
    assert (code, f"is the input of {option}" in said) == (2, True)
    assert other.read_bytes() == b"kept"


def test_the_rejects_are_not_written_over_the_release(tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_bytes(ROWS)
    code, said = sanitise(file, "--out", out, "--rejects", tmp_path / "." / "out.csv")
    assert (code, "is already the output of --out" in said) == (2, True)
    assert not out.exists()


@pytest.mark.parametrize("name", ["there", "/dev/null"])
def test_what_is_no_file_is_not_written_to(tmp_path: Path, name: str) -> None:
    file, out = tmp_path / "in.csv", tmp_path / name
    file.write_bytes(ROWS)
    if not out.exists():
        out.mkdir()
    code, _ = sanitise(file, "--out", out)
    assert code == 2


def test_nothing_is_written_into_a_folder_that_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "gazetteer" / "names"
    inside.parent.mkdir()
    with pytest.raises(typer.BadParameter, match="is the input of --gazetteer"):
        check_outputs({"--out": inside}, {"--gazetteer": inside.parent})


def test_other_files_beside_those_that_are_read_are_written(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(ROWS)
    there = tmp_path / "out.csv"
    there.write_bytes(b"of the last time")
    check_outputs(
        {"--out": there, "--rejects": tmp_path / "in.csv.rejects"},
        {"IN": file, "--mapping": "data-police-uk-incident", "--key": None},
    )


@pytest.mark.parametrize(
    ("command", "place"),
    [("premises", "premises.txt"), ("gazetteer", "gazetteer/places.csv")],
)
def test_a_list_is_not_built_over_what_it_is_built_of(
    tmp_path: Path, command: str, place: str
) -> None:
    source = tmp_path / place
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(b"name,type\nThe Crown,Pub/bar/nightclub\n")
    before = source.read_bytes()
    code, said = ipu("reference", command, source, "--run-dir", tmp_path)
    assert (code, "is the input of FILES" in said) == (2, True)
    assert source.read_bytes() == before


def test_the_index_is_not_built_over_the_households_it_is_built_of(tmp_path: Path) -> None:
    households = tmp_path / "reference" / "households.csv"
    households.parent.mkdir()
    households.write_bytes(b"postcode,households\nBA2 4HG,9\n")
    code, said = ipu("reference", "build", "--households", households, "--run-dir", tmp_path)
    assert (code, "is the input of --households" in said) == (2, True)
    assert households.is_file()


def test_an_exercise_is_not_made_over_the_protocol_it_is_made_of(tmp_path: Path) -> None:
    protocol = tmp_path / "exercise" / "first.yaml"
    protocol.parent.mkdir()
    protocol.write_bytes(FIRST.read_bytes())
    code, said = ipu("isp", "exercise", protocol, "--run-dir", tmp_path)
    assert (code, "is the input of PROTOCOL" in said) == (2, True)
    assert protocol.read_bytes() == FIRST.read_bytes()

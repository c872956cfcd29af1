"""The postcode index of a run is reused, and built again where that loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isp.agreement.protocol import Sanitising
from ops import reference
from ops.cli import build_cli
from ops.commands import reference as commands
from ops.reference import ensure_index
from sanitiser.build.history import index_digest
from sanitiser.build.reference import PostcodeTable, table_of
from sanitiser.build.successor import ChangeRefused
from sanitiser.places.postcode_store import load_metadata
from sanitiser.places.postcodes import IndexOfAnotherFormat, PostcodeIndex

SANITISING = Sanitising()


@pytest.fixture(autouse=True)
def one_postcode(monkeypatch: pytest.MonkeyPatch) -> None:
    def package() -> PostcodeTable:
        return table_of(
            [
                ("BA1 1AA", 375_000, 165_000, "E06000022"),
                ("BA1 1AB", 375_010, 165_000, "E06000022"),
                ("BA1 1AD", 375_400, 165_000, "E06000022"),
            ],
            "test",
            "1",
        )

    monkeypatch.setattr(reference, "onspd_package", package)
    monkeypatch.setattr(commands, "onspd_package", package)


@pytest.fixture
def households(tmp_path: Path) -> Path:
    path = tmp_path / "households.csv"
    path.write_text("postcode,households\nBA1 1AA,9\nBA1 1AB,1\nBA1 1AD,20\n")
    return path


def make_earlier(folder: Path) -> None:
    path = folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 1}))


def ensured(run_dir: Path, households: Path | None) -> int | None:
    folder = ensure_index(run_dir, SANITISING, households, lambda _: None)
    found = PostcodeIndex.open(folder).find("BA1 1AA")
    assert found is not None
    return found.households


def test_an_index_of_an_earlier_format_is_built_again_of_the_same_counts(
    tmp_path: Path, households: Path
) -> None:
    ensured(tmp_path, households)
    make_earlier(tmp_path / "reference")
    assert ensured(tmp_path, households) == 9


def test_an_index_of_an_earlier_format_never_loses_its_counts(
    tmp_path: Path, households: Path
) -> None:
    ensured(tmp_path, households)
    make_earlier(tmp_path / "reference")
    with pytest.raises(IndexOfAnotherFormat, match="reference build --households FILE"):
        ensured(tmp_path, None)


def test_an_index_of_an_earlier_format_without_counts_is_built_again(tmp_path: Path) -> None:
    ensured(tmp_path, None)
    make_earlier(tmp_path / "reference")
    assert ensured(tmp_path, None) is None


def test_an_index_is_kept_with_its_counts_where_none_are_given(
    tmp_path: Path, households: Path
) -> None:
    ensured(tmp_path, households)
    assert ensured(tmp_path, None) == 9


def substitute(folder: Path) -> list[str | None]:
    index = PostcodeIndex.open(folder)
    places = [index.release(text) for text in ("BA1 1AA", "BA1 1AB")]
    return [place.postcode if place else None for place in places]


def test_an_index_for_another_k_succeeds_the_one_in_place_with_its_counts(
    tmp_path: Path, households: Path
) -> None:
    first = ensure_index(tmp_path, SANITISING, households, lambda _: None)
    assert substitute(first) == ["BA1 1AA", "BA1 1AA"]
    raised = Sanitising(minimum_households=10)
    folder = ensure_index(tmp_path, raised, None, lambda _: None)
    assert (folder, substitute(folder)) == (first, ["BA1 1AD", "BA1 1AD"])
    assert load_metadata(folder).succeeds is not None


@pytest.mark.parametrize("changed", ["k", "households", "nothing"])
def test_an_index_that_cannot_be_read_is_built_again_only_as_it_was(
    tmp_path: Path, households: Path, changed: str
) -> None:
    folder = ensure_index(tmp_path, SANITISING, households, lambda _: None)
    make_earlier(folder)
    sanitising = Sanitising(minimum_households=8) if changed == "k" else SANITISING
    if changed == "households":
        households.write_text("postcode,households\nBA1 1AA,3\n")
    if changed == "nothing":
        assert ensure_index(tmp_path, sanitising, households, lambda _: None) == folder
        return
    with pytest.raises(ChangeRefused, match=r"format version 1; .*build the same one first"):
        ensure_index(tmp_path, sanitising, households, lambda _: None)


@pytest.mark.parametrize("file", ["metadata.json", "counts.npy"])
def test_a_damaged_index_that_succeeds_another_is_never_replaced_by_a_first_one(
    tmp_path: Path, households: Path, file: str
) -> None:
    ensure_index(tmp_path, Sanitising(minimum_households=10), households, lambda _: None)
    folder = ensure_index(tmp_path, SANITISING, households, lambda _: None)
    (folder / file).unlink()
    with pytest.raises(ChangeRefused, match=r"not known.*backup"):
        ensure_index(tmp_path, SANITISING, households, lambda _: None)


def test_a_change_is_measured_against_the_index_in_use_without_touching_it(
    tmp_path: Path, households: Path
) -> None:
    folder = ensure_index(tmp_path, SANITISING, households, lambda _: None)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    given = ["reference", "build", "--k", "10", "--against", str(folder), "--json"]
    trial = ["--run-dir", str(tmp_path / "trial")]
    result = CliRunner().invoke(build_cli(), [*given, *trial])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["change"]["under_k"] == 0
    assert document["change"]["classes"] == 2
    assert document["without_regard_to_it"]["classes"] == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_index_in_place_is_succeeded_and_no_other(tmp_path: Path, households: Path) -> None:
    used = ensure_index(tmp_path / "used", SANITISING, households, lambda _: None)
    other = ensure_index(tmp_path / "other", Sanitising(minimum_households=5), None, lambda _: None)
    given = ["reference", "build", "--against", str(other), "--run-dir", str(tmp_path / "used")]
    result = CliRunner().invoke(build_cli(), given)
    assert result.exit_code == 1
    assert "leave out --against" in " ".join(result.output.split())
    assert load_metadata(used).k == 4


def test_an_index_that_a_crash_left_beside_its_folder_is_put_back_and_used(
    tmp_path: Path, households: Path
) -> None:
    ensured(tmp_path, households)
    (tmp_path / "reference").rename(tmp_path / ".reference.abc.old")
    assert ensured(tmp_path, None) == 9
    assert load_metadata(tmp_path / "reference").succeeds is None
    assert not (tmp_path / ".reference.abc.old").exists()


def test_after_a_crash_an_index_for_another_k_succeeds_the_one_put_back(
    tmp_path: Path, households: Path
) -> None:
    ensured(tmp_path, households)
    before = index_digest(tmp_path / "reference")
    (tmp_path / "reference").rename(tmp_path / ".reference.abc.old")
    ensure_index(tmp_path, Sanitising(minimum_households=5), None, lambda _: None)
    assert load_metadata(tmp_path / "reference").succeeds == before

"""The postcode index of a run is reused, and built again where that loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isp.agreement.protocol import Sanitising
from ops import reference
from ops.reference import ensure_index
from sanitiser.build.reference import PostcodeTable, table_of
from sanitiser.places.postcodes import IndexOfAnotherFormat, PostcodeIndex

SANITISING = Sanitising()


@pytest.fixture(autouse=True)
def one_postcode(monkeypatch: pytest.MonkeyPatch) -> None:
    def package() -> PostcodeTable:
        return table_of([("BA1 1AA", 375_000, 165_000, "E06000022")], "test", "1")

    monkeypatch.setattr(reference, "onspd_package", package)


@pytest.fixture
def households(tmp_path: Path) -> Path:
    path = tmp_path / "households.csv"
    path.write_text("postcode,households\nBA1 1AA,9\n")
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

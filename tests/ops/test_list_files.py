"""The reference lists of a run directory, and of a command's options, are opened in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.keys.errors import SecretError
from isp.keys.protected_places import ProtectedStore
from ops.list_files import ListFiles
from ops.settings import SettingsError
from sanitiser.build.gazetteer_build import build_gazetteer
from sanitiser.build.premises_list import build_premises
from sanitiser.build.street_build import build_streets
from sanitiser.protected.listed import Place
from sanitiser.reference_lists import NO_LISTS

PREMISES = "name,type\nHope Arms,Pub/bar/nightclub\n"
PLACES = "name,type,easting,northing\nAlice Park,Park,377000,166700\n"
STREETS = "name,easting,northing\nAcacia Avenue,374900,170100\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run directory without lists."""
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def files_of(run: Path) -> ListFiles:
    return ListFiles.of(run, run / "secrets")


def protect(run: Path) -> ProtectedStore:
    store = ProtectedStore.of(run, run / "secrets")
    store.change(lambda listed: listed.with_places([Place(None, None, "SW1A 1AA", None)], 1))
    return store


def make_all(run: Path) -> ListFiles:
    """Build every list as `ipu reference` does."""
    for name, text in (("pubs", PREMISES), ("places", PLACES), ("names", STREETS)):
        (run.parent / f"{name}.csv").write_text(text)
    build_premises(run / "premises.txt", [run.parent / "pubs.csv"])
    build_gazetteer(run / "gazetteer", [run.parent / "places.csv"])
    build_streets(run / "streets", [run.parent / "names.csv"])
    protect(run)
    return files_of(run)


def test_a_run_directory_without_lists_has_none(run: Path) -> None:
    assert files_of(run).open() == NO_LISTS
    assert not list(files_of(run).public())


def test_every_list_of_a_run_directory_is_opened(run: Path) -> None:
    lists = make_all(run).open()
    assert lists.gazetteer is not None
    assert lists.gazetteer.find("Alice Park") is not None
    assert lists.premises("hope arms") == "Hope Arms"
    assert lists.streets is not None
    assert lists.streets.nearest((374_900.0, 170_100.0)) == "Acacia Avenue"
    assert len(lists.protected.held) == 1


def test_the_options_of_a_command_open_the_same_lists(run: Path) -> None:
    made = make_all(run)
    given = ListFiles.given(
        run / "gazetteer", run / "premises.txt", run / "streets", run / "protected-places", None
    )
    assert given == made
    key = run.parent / "places.key"
    (run / "secrets" / "protected" / "places.key").rename(key)
    moved = ListFiles.given(None, None, None, run / "protected-places", key)
    assert moved.open().protected == protected_of(run, key)


def protected_of(run: Path, key: Path) -> object:
    return ProtectedStore(run / "protected-places", key).read()


def test_a_list_of_protected_places_without_its_key_opens_nothing(run: Path) -> None:
    protect(run).key_file.unlink()
    with pytest.raises(SecretError, match="is missing"):
        files_of(run).open()


def test_a_list_that_is_made_later_is_noticed(run: Path) -> None:
    files = files_of(run)
    assert files.protected == protect(run)


def test_the_public_files_have_every_list_but_the_encrypted_one(run: Path) -> None:
    names = {file.relative_to(run).parts[0] for file in make_all(run).public()}
    assert names == {"gazetteer", "streets", "premises.txt"}


@pytest.mark.parametrize("kind", ["gazetteer", "streets", "premises"])
def test_a_damaged_or_wrong_list_is_named_with_the_command_that_builds_one(
    run: Path, kind: str
) -> None:
    files = make_all(run)
    path: Path = getattr(files, kind)
    for file in (path,) if path.is_file() else path.iterdir():
        file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=f"ipu reference {kind}"):
        files.open()


@pytest.mark.parametrize("kind", ["gazetteer", "streets"])
def test_a_folder_that_is_no_list_is_refused(run: Path, kind: str) -> None:
    files = ListFiles(gazetteer=run) if kind == "gazetteer" else ListFiles(streets=run)
    with pytest.raises(SettingsError, match=f"ipu reference {kind}"):
        files.open()


@pytest.mark.parametrize("kind", ["gazetteer", "streets"])
def test_a_list_whose_next_build_crashed_is_put_back(run: Path, kind: str) -> None:
    make_all(run)
    (run / kind).rename(run / f".{kind}.abc.old")
    lists = files_of(run).open()
    assert lists.streets is not None
    assert lists.streets.nearest((374_900.0, 170_100.0)) == "Acacia Avenue"
    assert lists.gazetteer is not None
    assert lists.gazetteer.find("Alice Park") is not None

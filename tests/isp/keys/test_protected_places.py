"""The list of protected places is encrypted at rest, and never silently absent."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from filelock import FileLock

from isp.keys import protected_places
from isp.keys.errors import SecretError
from isp.keys.protected_places import ProtectedStore
from sanitiser.address.household import household
from sanitiser.protected.listed import Place, ProtectedList

PLACE = Place(
    "100120000001", household("5 Mill Lane", "BA1 2ZZ"), "BA1 2ZZ", (375_000.0, 170_000.0)
)


@pytest.fixture
def store(tmp_path: Path) -> ProtectedStore:
    return ProtectedStore.of(tmp_path / "run", tmp_path / "run" / "secrets")


def added(store: ProtectedStore, *places: Place) -> ProtectedList:
    return store.change(lambda listed: listed.with_places(places, 1_000))


def test_a_partnership_without_a_list_has_none(store: ProtectedStore) -> None:
    assert store.read() is None


def test_what_was_added_is_read_again(store: ProtectedStore) -> None:
    listed = added(store, PLACE)
    assert store.read() == listed
    assert [Place(*entry[1:5]) for entry in listed.held] == [PLACE]


def test_no_file_has_anything_of_a_place_and_only_its_owner_may_read_it(
    store: ProtectedStore,
) -> None:
    assert PLACE.home is not None
    parts = [
        str(p).lower().encode() for p in (PLACE.uprn, PLACE.home.address, PLACE.postcode, 375_000)
    ]
    assert all(part in repr((*PLACE, *PLACE.home)).lower().encode() for part in parts)
    added(store, PLACE)
    files = [file for file in store.file.parent.rglob("*") if file.is_file()]
    assert {store.file, store.key_file} <= set(files)
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_bytes()
        # The files hold base64: look also at what it stands for.
        for text in (content, base64.b64decode(content)):
            assert not [part for part in parts if part in text.lower()]
    assert stat.S_IMODE(store.key_file.parent.parent.stat().st_mode) == 0o700


def test_the_size_of_the_file_does_not_show_the_number_of_places(store: ProtectedStore) -> None:
    added(store, PLACE)
    one = store.file.stat().st_size
    added(store, *(PLACE._replace(uprn=str(10_000 + n)) for n in range(50)))
    assert store.file.stat().st_size == one


def test_the_same_list_is_never_encrypted_to_the_same_bytes(store: ProtectedStore) -> None:
    added(store, PLACE)
    first = store.file.read_bytes()
    store.change(lambda listed: listed.without([1], 2_000))
    store.change(lambda listed: listed.with_places([PLACE], 3_000))
    assert store.file.read_bytes()[:16] != first[:16]


@pytest.mark.parametrize("lost", ["file", "key_file"])
def test_a_list_without_its_key_or_a_key_without_its_list_is_an_error(
    store: ProtectedStore, lost: str
) -> None:
    added(store, PLACE)
    gone: Path = getattr(store, lost)
    gone.unlink()
    with pytest.raises(SecretError, match="restore it from your backup"):
        store.read()
    with pytest.raises(SecretError, match="restore it from your backup"):
        added(store, PLACE)
    assert not gone.exists()


def test_another_key_or_a_changed_list_is_an_error_that_quotes_nothing(
    store: ProtectedStore, tmp_path: Path
) -> None:
    added(store, PLACE)
    other = ProtectedStore.of(tmp_path / "other", tmp_path / "other" / "secrets")
    added(other, PLACE)
    for content in (other.file.read_bytes(), b"bm90IHNlYWxlZA==", b"5 Mill Lane"):
        store.file.write_bytes(content)
        with pytest.raises(SecretError, match="cannot be decrypted") as raised:
            store.read()
        assert "Mill" not in str(raised.value)


def test_a_list_that_others_may_read_is_refused(store: ProtectedStore) -> None:
    added(store, PLACE)
    store.key_file.chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        store.read()


def test_a_list_that_another_command_changes_is_left_as_it_is(
    store: ProtectedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = added(store, PLACE)
    monkeypatch.setattr(protected_places, "_LOCK_SECONDS", 0.01)
    with (
        FileLock(store.key_file.with_suffix(".lock")),
        pytest.raises(SecretError, match="another command"),
    ):
        store.change(lambda listed: listed.without([1], 2_000))
    assert store.read() == before


@pytest.mark.parametrize("damaged", ["file", "key_file"])
def test_a_file_that_is_not_text_is_an_error_that_holds_nothing_of_it(
    store: ProtectedStore, damaged: str
) -> None:
    added(store, PLACE)
    of: Path = getattr(store, damaged)
    of.write_bytes(b"secret\xff")
    with pytest.raises(SecretError, match="not UTF-8") as raised:
        store.read()
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None

"""Passwords in private files."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from isp.keys.errors import SecretError
from isp.keys.secrets_store import SecretStore


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    return SecretStore(tmp_path / "secrets")


def test_a_password_is_long_random_and_kept(store: SecretStore) -> None:
    first = store.password("agency.police")
    assert len(first) >= 32
    assert store.password("agency.police") == first
    assert store.password("agency.council") != first


def test_only_the_owner_may_read_a_password(store: SecretStore) -> None:
    store.password("worker")
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((store.folder / "worker").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_password_that_others_may_read_is_refused_without_showing_it(
    store: SecretStore, mode: int
) -> None:
    password = store.password("worker")
    (store.folder / "worker").chmod(mode)
    with pytest.raises(SecretError, match=rf"mode {mode:04o}.*chmod 600") as caught:
        store.password("worker")
    assert password not in str(caught.value)


def test_an_empty_password_file_is_refused(store: SecretStore) -> None:
    store.password("worker")
    (store.folder / "worker").write_text("")
    with pytest.raises(SecretError, match="empty"):
        store.password("worker")


def test_those_who_ask_at_once_get_one_password(store: SecretStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        passwords = set(pool.map(lambda _: store.password("worker"), range(64)))
    assert len(passwords) == 1
    assert [path.name for path in store.folder.iterdir()] == ["worker"]


@pytest.mark.parametrize("principal", ["", "..", "../other", "a/b", ".hidden", "a b", "x" * 129])
def test_a_principal_can_never_name_a_file_elsewhere(store: SecretStore, principal: str) -> None:
    with pytest.raises(ValueError, match="cannot be a principal"):
        store.password(principal)


def test_a_client_connects_with_scram_as_its_principal(store: SecretStore) -> None:
    assert store.client_config("127.0.0.1:9092", "worker") == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "worker",
        "sasl.password": store.password("worker"),
    }


def test_a_password_that_was_forgotten_is_made_anew(store: SecretStore) -> None:
    first = store.password("worker")
    store.forget("worker")
    assert not store.has("worker")
    assert store.password("worker") != first
    store.forget("nobody")

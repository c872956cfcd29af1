"""A file is in its place only after the audit has it: whole, for its owner alone, with nothing beside it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519

from connectors.hub.exports.placing import place, target, workplace

CONTENT = b"RESTRICTED rows" * 1_000


@pytest.fixture
def clear(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    file = folder / "export.gpkg"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "incidents.gpkg"


def test_the_file_is_there_only_after_its_digest_is_audited(clear: Path, out: Path) -> None:
    told: list[str] = []

    def audited(digest: str) -> None:
        assert not out.exists()
        told.append(digest)

    digest = place(clear, out, (), audited)
    assert told == [digest] == [hashlib.sha256(CONTENT).hexdigest()]
    assert out.read_bytes() == CONTENT
    assert out.stat().st_mode & 0o777 == 0o600
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_without_an_entry_of_the_audit_there_is_no_file_and_an_earlier_one_stays(
    clear: Path, out: Path, is_encrypted: bool
) -> None:
    out.write_bytes(b"earlier")
    keys = (x25519.Identity.generate().to_public(),) if is_encrypted else ()

    def refused(_digest: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        place(clear, out, keys, refused)
    assert out.read_bytes() == b"earlier"
    assert list(out.parent.iterdir()) == [out]


def test_an_encrypted_file_is_read_by_its_recipients_alone(clear: Path, out: Path) -> None:
    owners = [x25519.Identity.generate() for _ in range(2)]
    digest = place(clear, out, [owner.to_public() for owner in owners], lambda _: None)
    sealed = out.read_bytes()
    assert b"RESTRICTED" not in sealed
    for owner in owners:
        assert hashlib.sha256(pyrage.decrypt(sealed, [owner])).hexdigest() == digest
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [x25519.Identity.generate()])
    assert out.stat().st_mode & 0o777 == 0o600


def test_the_name_of_an_encrypted_file_says_so_once() -> None:
    assert target(Path("a/b.gpkg"), is_encrypted=True) == Path("a/b.gpkg.age")
    assert target(Path("a/b.gpkg.age"), is_encrypted=True) == Path("a/b.gpkg.age")
    assert target(Path("a/b.gpkg"), is_encrypted=False) == Path("a/b.gpkg")


def test_a_clear_file_goes_with_its_private_folder_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), workplace(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "export.gpkg").write_bytes(CONTENT)
        raise ConnectionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_removed_after_a_day(tmp_path: Path) -> None:
    for name in ("old", "running"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "export.gpkg").write_bytes(CONTENT)
    os.utime(tmp_path / "old", (0, 0))
    with workplace(tmp_path):
        assert not (tmp_path / "old").exists()
        assert (tmp_path / "running" / "export.gpkg").exists()

"""Keys are made once, kept private, and neither replaced nor deleted while releases need them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isp.keys.errors import SecretError
from isp.keys.key_store import EPOCH_DAYS, KeyStore, Refused
from ops.cli import build_cli

TODAY = date(2026, 11, 23)
NEXT = TODAY + timedelta(EPOCH_DAYS)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    store = KeyStore(tmp_path / "secrets")
    store.secrets_folder.mkdir(mode=0o700)
    store.make(TODAY)
    return store


def test_keys_are_made_once_each_another_and_private(keys: KeyStore) -> None:
    before = keys.ring()
    keys.make(TODAY + timedelta(1))
    assert keys.ring() == before
    assert before.lasting != before.epochs[0].key
    files = list(keys.folder.iterdir())
    assert len(files) == 3
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    assert keys.folder.stat().st_mode & 0o777 == 0o700


def test_a_new_epoch_begins_on_a_day_to_come_and_leaves_the_old_key(keys: KeyStore) -> None:
    old = keys.ring()
    keys.rotate(NEXT, TODAY)
    new = keys.ring()
    assert new.epochs[0] == old.epochs[0]
    assert new.lasting == old.lasting
    assert (new.at(NEXT - timedelta(1)), new.at(NEXT)) == (0, 1)
    assert new.epochs[1].key != new.epochs[0].key


def test_an_epoch_outlasts_what_it_joins(keys: KeyStore) -> None:
    with pytest.raises(Refused, match=f"accepted: {NEXT} or later"):
        keys.rotate(NEXT - timedelta(1), TODAY)
    keys.rotate(NEXT, TODAY)
    with pytest.raises(Refused):
        keys.rotate(NEXT + timedelta(EPOCH_DAYS - 1), NEXT)


def test_a_key_that_may_be_known_is_replaced_from_tomorrow_on_and_no_sooner(keys: KeyStore) -> None:
    with pytest.raises(Refused):
        keys.rotate(TODAY, TODAY, urgent=True)
    assert keys.rotate(TODAY + timedelta(1), TODAY, urgent=True).number == 2


def test_a_planned_epoch_can_be_moved_and_an_urgent_one_goes_before_it(keys: KeyStore) -> None:
    """A mistyped date must not fix the next key for ever; no digest of the planned key exists yet."""
    keys.rotate(date(2200, 1, 1), TODAY)
    planned = keys.ring().epochs[1].key
    assert keys.rotate(NEXT, TODAY).number == 2
    assert keys.rotate(TODAY + timedelta(1), TODAY, urgent=True).number == 2
    assert [e.begins for e in keys.epochs()] == [None, TODAY + timedelta(1)]
    assert keys.ring().epochs[1].key == planned
    assert keys.rotate(TODAY + timedelta(3), TODAY + timedelta(2), urgent=True).number == 3


def test_a_key_is_deleted_only_when_no_release_of_its_epoch_is_kept(keys: KeyStore) -> None:
    with pytest.raises(Refused, match="have ended: none"):
        keys.retire(1, TODAY, 365)
    keys.rotate(NEXT, TODAY)
    allowed = NEXT + timedelta(EPOCH_DAYS + 365)
    with pytest.raises(Refused, match=f"from {allowed} on"):
        keys.retire(1, allowed - timedelta(1), 365)
    before = keys.ring()
    keys.retire(1, allowed, 365)
    assert not (keys.folder / "reference-1").exists()
    after = keys.ring()
    assert (after.epochs[0].key, after.epochs[1:]) == (None, before.epochs[1:])
    with pytest.raises(LookupError):
        after.key(TODAY)
    with pytest.raises(Refused, match="have ended: 1"):
        keys.retire(2, NEXT + timedelta(3650), 365)


def test_a_retiring_that_was_cut_short_is_finished_by_the_next(keys: KeyStore) -> None:
    keys.rotate(NEXT, TODAY)
    day, key = NEXT + timedelta(EPOCH_DAYS + 365), (keys.folder / "reference-1").read_text()
    keys.retire(1, day, 365)
    (keys.folder / "reference-1").write_text(key)
    keys.retire(1, day, 365)
    assert not (keys.folder / "reference-1").exists()


def test_keys_that_were_there_are_never_made_anew(keys: KeyStore) -> None:
    keys.rotate(NEXT, TODAY)
    keys.file.unlink()
    with pytest.raises(SecretError, match="restore it"):
        keys.make(TODAY)
    assert {f.name for f in keys.folder.iterdir()} == {"reference-1", "reference-2", "memory"}


def test_a_system_that_is_not_new_gets_no_new_keys(tmp_path: Path) -> None:
    lost = KeyStore(tmp_path)
    with pytest.raises(SecretError, match="ipu keys make"):
        lost.make(TODAY, new=False)
    assert not lost.folder.exists()
    lost.make(TODAY)
    assert len(lost.epochs()) == 1


@pytest.mark.parametrize("name", ["reference-1", "memory"])
def test_a_missing_key_is_never_made_anew(keys: KeyStore, name: str) -> None:
    (keys.folder / name).unlink()
    with pytest.raises(SecretError, match="restore it"):
        keys.ring()
    assert not (keys.folder / name).exists()


@pytest.mark.parametrize("content", ["", "{}x", '[{"number": 1}]', "[]", "[1]"])
def test_a_broken_list_of_epochs_is_told_and_not_replaced(keys: KeyStore, content: str) -> None:
    keys.file.write_text(content)
    for asked in (keys.ring, lambda: keys.rotate(NEXT, TODAY), lambda: keys.retire(1, NEXT, 1)):
        with pytest.raises(SecretError, match="restore it"):
            asked()
    keys.make(TODAY)
    assert keys.file.read_text() == content


def test_a_key_that_others_may_read_is_refused(keys: KeyStore) -> None:
    (keys.folder / "reference-1").chmod(0o644)
    with pytest.raises(SecretError, match="0600"):
        keys.ring()


def test_a_key_too_short_to_withstand_search_is_refused(keys: KeyStore) -> None:
    (keys.folder / "reference-1").write_text("short")
    with pytest.raises(SecretError, match="32"):
        keys.ring()


def test_the_commands_show_epochs_and_no_key(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "secrets")
    store.secrets_folder.mkdir(mode=0o700)
    store.make(TODAY)
    runner, where = CliRunner(), ["--run-dir", str(tmp_path)]
    refused = runner.invoke(build_cli(), ["keys", "rotate", "--from", "2000-01-01", *where])
    assert refused.exit_code == 1
    rotated = runner.invoke(build_cli(), ["keys", "rotate", "--from", "2200-01-01", *where])
    assert rotated.exit_code == 0, rotated.output
    listed = runner.invoke(build_cli(), ["keys", "list", "--json", *where])
    document = json.loads(listed.stdout)
    assert [(e["number"], e["begins"], e["retired"]) for e in document] == [
        (1, None, False),
        (2, "2200-01-01", False),
    ]
    retired = runner.invoke(build_cli(), ["keys", "retire", "1", "--yes", *where])
    assert retired.exit_code == 1
    shown = runner.invoke(build_cli(), ["keys", "list", *where]).output
    for file in ("reference-1", "reference-2", "memory"):
        secret = (store.folder / file).read_text().strip()
        assert secret not in shown + rotated.output + refused.output + listed.output


def test_nothing_is_there_before_the_system_was_brought_up(tmp_path: Path) -> None:
    answer = CliRunner().invoke(build_cli(), ["keys", "list", "--run-dir", str(tmp_path)])
    assert answer.exit_code == 1
    assert "ipu up" in answer.output

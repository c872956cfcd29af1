"""Keys for alerts are private files, are never overwritten, and fit the public half of the protocol."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from isp.keys.alert_keys import (
    alert_key_file,
    conflict_key_file,
    load_alert_key,
    make_alert_key,
    sealing_key,
)
from isp.keys.errors import SecretError


def test_a_key_is_read_as_it_was_made_from_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    file = alert_key_file(tmp_path, "council")
    made = make_alert_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sealing_key(load_alert_key(file)) == sealing_key(made)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    file = alert_key_file(tmp_path, "council")
    before = sealing_key(make_alert_key(file))
    with pytest.raises(SecretError, match="never overwritten"):
        make_alert_key(file)
    assert sealing_key(load_alert_key(file)) == before


def test_the_conflict_officer_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = {alert_key_file(tmp_path, "council"), conflict_key_file(tmp_path, "council")}
    assert {f.relative_to(tmp_path).as_posix() for f in files} == {
        "alerts/council.key", "alerts/conflict.council.key",
    }  # fmt: skip


@pytest.mark.parametrize("content", ["AAAA", "no base64 at all", "-----BEGIN PRIVATE KEY-----"])
def test_what_is_no_key_is_refused_without_its_content(content: str, tmp_path: Path) -> None:
    file = tmp_path / "council.key"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(SecretError, match="holds no key for alerts") as raised:
        load_alert_key(file)
    assert content not in str(raised.value)

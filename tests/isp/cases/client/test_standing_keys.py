"""A recipient finds the private key of each case, and reads personal alerts with the key of the case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.cases.case import Case, Flow
from isp.cases.client.recipient import (
    make_sealing_key,
    opened_alert,
    read_sealing_key,
    sealing_key_file,
)
from isp.cases.client.standing_keys import case_key, case_key_file, standing_key_file
from isp.cases.errors import DisclosureError
from isp.cases.register import opened
from isp.cases.sealing import (
    alert_name,
    new_case_key,
    public_half,
    sealed,
    to_recipient,
)
from isp.keys import private_files
from isp.keys.alert_keys import alert_key_file, conflict_key_file, make_alert_key
from schemas.exact_base64 import encoded
from tests.isp.cases.prepared import Desk, with_terms
from tests.isp.cases.table import CASE, NOW, Table, request

KEY = new_case_key()
ALERT = "00000000000000ee"


def flow_to(private: X25519PrivateKey) -> Flow:
    wrapped = to_recipient(KEY, private.public_key().public_bytes_raw(), CASE)
    return Flow(key=encoded(wrapped))


def prepared_for(private: X25519PrivateKey) -> Case:
    """An open case that was prepared from an alert, under terms with the public half of the key."""
    public = public_half(private)
    desk = Desk(with_terms(sealing_key=public))
    desk.prepare(sealing_key=public)
    desk.decide("approve")
    return opened(desk.case, flow_to(private), NOW)


def test_each_case_finds_the_key_that_it_was_encrypted_to_also_of_an_earlier_protocol(
    tmp_path: Path,
) -> None:
    newest = alert_key_file(tmp_path, "council")
    made = [make_alert_key(newest.with_name(f"council.{year}.key")) for year in (2025, 2026)]
    make_alert_key(conflict_key_file(tmp_path, "council"))
    made.append(make_alert_key(newest))
    for private in made:
        assert case_key(tmp_path, "council", prepared_for(private)) == KEY
    files = {standing_key_file(tmp_path, "council", public_half(private)) for private in made}
    assert {file.name for file in files} == {
        "council.2025.key", "council.2026.key", "council.key",
    }  # fmt: skip


def test_the_key_of_the_conflict_officer_is_not_used_for_cases(tmp_path: Path) -> None:
    private = make_alert_key(conflict_key_file(tmp_path, "council"))
    with pytest.raises(DisclosureError, match="has no key of council"):
        case_key(tmp_path, "council", prepared_for(private))


def test_a_case_that_an_officer_requested_has_its_own_key(tmp_path: Path) -> None:
    make_alert_key(alert_key_file(tmp_path, "council"))
    table = Table()
    table.send(request())
    table.decide("approve")
    own = make_sealing_key(sealing_key_file(tmp_path, "council", CASE))
    case = opened(table.case, flow_to(own), NOW)
    assert case_key_file(tmp_path, "council", case) == sealing_key_file(tmp_path, "council", CASE)
    assert case_key(tmp_path, "council", case) == KEY


def test_without_its_key_a_case_cannot_be_read_and_the_error_says_which(tmp_path: Path) -> None:
    with pytest.raises(DisclosureError, match=r"alerts has no key of council for .*: council\.key"):
        case_key(tmp_path, "council", prepared_for(X25519PrivateKey.generate()))
    desk = Desk()
    desk.prepare()
    with pytest.raises(DisclosureError, match="is asked; it has no key"):
        case_key(tmp_path, "council", desk.case.as_seen_by("council"))


def test_a_file_that_is_no_key_is_refused_without_its_content(tmp_path: Path) -> None:
    file = sealing_key_file(tmp_path, "council", CASE)
    private_files.make_folder(file.parent)
    private_files.write_new(file, "c2VjcmV0")
    with pytest.raises(DisclosureError, match="has no private key for encryption") as raised:
        read_sealing_key(file)
    assert "c2VjcmV0" not in str(raised.value)


def test_an_alert_is_read_with_the_key_of_its_case_and_under_its_own_id_alone() -> None:
    text = json.dumps({"alert": ALERT, "level": "standard"}).encode()
    message = {"alert": ALERT, **sealed(KEY, alert_name(ALERT), text)}
    assert opened_alert(message, KEY) == {"alert": ALERT, "level": "standard"}
    no_document = {"alert": ALERT, **sealed(KEY, alert_name(ALERT), b"[]")}
    no_json = {"alert": ALERT, **sealed(KEY, alert_name(ALERT), b"Jane Roe")}
    for other, key in [
        (message | {"alert": "f" * 16}, KEY),
        (message, new_case_key()),
        (no_document, KEY),
        (no_json, KEY),
    ]:
        with pytest.raises(DisclosureError, match="cannot be decrypted") as raised:
            opened_alert(other, key)
        assert "Jane" not in str(raised.value)

"""Personal content is read with the key of the open case or of the officer, and in no other way."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.alerts.content import content_of
from connectors.alerts.decrypting import ByCase, ByOfficer
from connectors.alerts.picture import Alert
from connectors.errors import AlertError
from isp.cases.client.recipient import make_sealing_key, sealing_key_file
from isp.cases.errors import DisclosureError
from isp.cases.sealing import new_case_key, public_half, sealed, to_officer, to_recipient
from isp.keys.alert_keys import alert_key_file, conflict_key_file
from isp.keys.errors import SecretError
from schemas.exact_base64 import encoded
from tests.connectors.alerts.messages import ONE, TWO, alert, content

CASE = "c" * 16
CASE_KEY = new_case_key()


def raw(private: X25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


def personal(name: str = ONE, key: bytes = CASE_KEY, bound_to: str | None = None) -> Alert:
    binding = f"alert:{bound_to or name}".encode()
    return alert(
        name, kind="personal", case=CASE, **sealed(key, binding, json.dumps(content()).encode())
    )


def by_case(secrets: Path, wrapped_to: X25519PrivateKey | None, *, prepared: bool = True) -> ByCase:
    flow = None
    if wrapped_to is not None:
        flow = SimpleNamespace(key=encoded(to_recipient(CASE_KEY, raw(wrapped_to), CASE)))
    terms = None
    if prepared and wrapped_to is not None:
        terms = SimpleNamespace(sealing_key=public_half(wrapped_to))
    state = "closed" if flow is None else "open"
    case = SimpleNamespace(case=CASE, state=state, flow=flow, prepared=terms)
    office = SimpleNamespace(party=SimpleNamespace(id="council"), case=lambda _: case)
    return ByCase(cast(Any, office), secrets)


@pytest.mark.parametrize("prepared", [False, True])
def test_an_alert_is_read_with_the_key_of_the_request_or_that_of_prepared_requests(
    tmp_path: Path, prepared: bool
) -> None:
    asked = sealing_key_file(tmp_path, "council", CASE)
    file = alert_key_file(tmp_path, "council") if prepared else asked
    private = make_sealing_key(file)
    found = content_of(personal(), by_case(tmp_path, private, prepared=prepared))
    assert found == json.loads(json.dumps(content()))


def test_an_alert_cannot_be_read_after_its_case_has_ended(tmp_path: Path) -> None:
    make_sealing_key(alert_key_file(tmp_path, "council"))
    with pytest.raises(DisclosureError, match=f"case {CASE} is closed"):
        content_of(personal(), by_case(tmp_path, None))


def test_without_the_key_the_message_names_where_it_was_looked_for(tmp_path: Path) -> None:
    private = X25519PrivateKey.generate()
    with pytest.raises(DisclosureError, match=r"council\.key"):
        content_of(personal(), by_case(tmp_path, private))
    with pytest.raises(DisclosureError, match=r"council\.cccccccccccccccc\.sealing"):
        content_of(personal(), by_case(tmp_path, private, prepared=False))


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = alert_key_file(tmp_path, "council")
    private = make_sealing_key(file)
    file.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        content_of(personal(), by_case(tmp_path, private))


def test_content_of_another_alert_or_key_is_refused_without_the_content(tmp_path: Path) -> None:
    private = make_sealing_key(alert_key_file(tmp_path, "council"))
    for wrong in (personal(bound_to=TWO), personal(key=new_case_key())):
        with pytest.raises(DisclosureError, match=f"alert {ONE}") as raised:
            content_of(wrong, by_case(tmp_path, private))
        assert "01632" not in str(raised.value)


def test_a_conflict_officer_reads_its_own_alerts_with_its_own_key_alone(tmp_path: Path) -> None:
    file = conflict_key_file(tmp_path, "council")
    private = make_sealing_key(file)
    text = json.dumps(content()).encode()
    mine = alert(ONE, kind="personal", **to_officer(raw(private), ONE, text))
    assert content_of(mine, ByOfficer(file))["matched"] == "victim"
    moved = alert(TWO, kind="personal", **to_officer(raw(private), ONE, text))
    with pytest.raises(AlertError, match="not encrypted to this key"):
        content_of(moved, ByOfficer(file))


def test_content_that_is_no_document_is_refused(tmp_path: Path) -> None:
    file = conflict_key_file(tmp_path, "council")
    private = make_sealing_key(file)
    for text in (b"[1]", b"no json"):
        wrong = alert(ONE, kind="personal", **to_officer(raw(private), ONE, text))
        with pytest.raises(AlertError, match="not a document"):
            content_of(wrong, ByOfficer(file))


def test_a_depersonalised_alert_is_read_without_a_key() -> None:
    def refused(_alert: Alert) -> dict[str, Any]:
        raise AssertionError

    assert content_of(alert(area=""), refused) == {
        "level": "standard", "reasons": ["every event"], "type": "domestic-incident",
        "hour": "2026-11-29T14", "late": False,
    }  # fmt: skip

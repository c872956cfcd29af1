"""A protocol that is no longer in force grants no right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from isp.agreement.protocol_file import load_protocol
from isp.broker import apply as applying
from isp.broker.changes import Change
from isp.broker.errors import ApplyError
from isp.broker.in_force import InForce
from isp.broker.registration import Registration
from isp.broker.signed import Admitted
from isp.broker.users import Passwords
from isp.signing.signatures import content_digest
from ops.commands.common import DEFAULT_PROTOCOL
from schemas.catalogue import load_catalogue
from schemas.known_schemas import KnownSchemas

CATALOGUE = load_catalogue()
PROTOCOL = load_protocol(DEFAULT_PROTOCOL, CATALOGUE)
OURS, OTHER = content_digest(PROTOCOL), "0" * 64


def in_force(digest: str) -> InForce:
    return InForce(digest, {}, datetime(2026, 3, 1, tzinfo=UTC), {})


def apply_after(before: InForce | None) -> None:
    no_passwords = cast("Passwords", None)  # no user is made here
    admitted = Admitted(PROTOCOL, (), before)
    applying.apply(admitted, CATALOGUE, {}, no_passwords, {}, lambda _: None)


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the broker with one that needs no change; return the list of granted rights."""
    made: list[str] = []

    def grant(*_: Any) -> Change:
        made.append("rules")
        return Change()

    known = KnownSchemas({})
    answers: dict[str, Any] = {
        "read_schemas": known,
        "_intend": None,
        "register_schemas": Registration({}, Change(), known, {}),
        "publish_schemas": None,
        "_audit": None,
        "_put_in_force": None,
    }
    unchanged = ("revoke_rules", "remove_users", "apply_topics", "apply_users", "apply_quotas")
    answers |= dict.fromkeys((*unchanged, "rule_changes"), Change())
    for name, answer in answers.items():
        monkeypatch.setattr(applying, name, lambda *_, _answer=answer, **__: _answer)
    monkeypatch.setattr(applying, "grant_rules", grant)
    monkeypatch.setattr(applying, "AdminClient", lambda _: None)
    return made


@pytest.mark.parametrize("before", [None, in_force(OTHER), in_force(OURS)])
def test_what_another_protocol_took_the_place_of_meanwhile_grants_nothing(
    monkeypatch: pytest.MonkeyPatch, granted: list[str], before: InForce | None
) -> None:
    found = iter([before])
    another = in_force("f" * 64)
    monkeypatch.setattr(applying, "read_in_force", lambda *_: next(found, another))
    with pytest.raises(ApplyError, match="another protocol was put in force meanwhile"):
        apply_after(before)
    assert granted == []


@pytest.mark.parametrize("before", [None, in_force(OTHER), in_force(OURS)])
def test_what_none_took_the_place_of_is_granted(
    monkeypatch: pytest.MonkeyPatch, granted: list[str], before: InForce | None
) -> None:
    monkeypatch.setattr(applying, "read_in_force", lambda *_: before)
    apply_after(before)
    assert granted == ["rules"]

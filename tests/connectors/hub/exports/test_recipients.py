"""The keys of recipients are public keys of age; a secret key is refused and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyrage import x25519

from connectors.hub.errors import HubError
from connectors.hub.exports.recipients import recipients

KEYS = [str(x25519.Identity.generate().to_public()) for _ in range(2)]
SECRET = str(x25519.Identity.generate())


def test_a_key_is_one_recipient() -> None:
    assert [str(each) for each in recipients(KEYS[0])] == KEYS[:1]


def test_a_file_has_a_recipient_in_each_line_but_comments(tmp_path: Path) -> None:
    file = tmp_path / "council.keys"
    file.write_text(f"# The council's analysts\n{KEYS[0]}\n\n  {KEYS[1]}  \n", encoding="utf-8")
    assert [str(each) for each in recipients(str(file))] == KEYS


@pytest.mark.parametrize("given", [SECRET, SECRET.lower()], ids=["as made", "in small letters"])
def test_a_secret_key_is_refused_without_being_shown(given: str, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="is a secret key; accepted: the public key") as refused:
        recipients(given)
    assert given not in str(refused.value)
    file = tmp_path / "key.txt"
    file.write_text(f"# public key: {KEYS[0]}\n{given}\n", encoding="utf-8")
    with pytest.raises(HubError, match=r"key\.txt, line 2: is a secret key") as refused:
        recipients(str(file))
    assert given not in str(refused.value)


def test_a_faulty_key_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="is no public key of age"):
        recipients("age1qqqq")
    file = tmp_path / "council.keys"
    file.write_text(f"{KEYS[0]}\nssh-ed25519 AAAA\n", encoding="utf-8")
    with pytest.raises(HubError, match="line 2: is no public key of age"):
        recipients(str(file))


def test_no_file_and_a_file_without_a_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="is no file; accepted"):
        recipients(str(tmp_path / "absent"))
    (tmp_path / "empty").write_text("# nothing yet\n")
    with pytest.raises(HubError, match="has no key; accepted"):
        recipients(str(tmp_path / "empty"))

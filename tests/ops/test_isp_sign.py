"""`ipu isp key`, `sign` and `exercise`: keys are private, and signatures are by the party they name."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from isp.agreement.protocol import ProtocolError
from isp.agreement.protocol_file import load_protocol, parse_protocol
from isp.broker.signed import load_signed
from isp.keys.alert_keys import alert_key_file, conflict_key_file, load_alert_key, sealing_key
from isp.keys.errors import SecretError
from isp.keys.officer_keys import load_key, make_key
from isp.signing.signatures import fingerprint, keys_digest, public_key, signatures_file
from isp.signing.successor import followed
from ops.cli import build_cli
from ops.commands.common import DEFAULT_PROTOCOL
from ops.commands.first_keys import accepting
from ops.exercise import exercise
from schemas.catalogue import load_catalogue
from tests.protocols import FIRST
from tests.protocols.exchanged import exchange_after_reading

SIGNING = {
    "police": "liaison_officer",
    "fire": "deputy",
    "business": "approver",
    "council": "liaison_officer",
}
BUSINESS_LINES = 9
"""Lines of one signature: that of the business partnership, first in the file, is not stale."""


class Answer(NamedTuple):
    code: int
    text: str
    said: str


def run(*arguments: str | Path, typed: str | None = None) -> Answer:
    result = CliRunner().invoke(build_cli(), ["isp", *map(str, arguments)], input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.output)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Write the small protocol with a key under each post, and the keys next to it."""
    document: Any = YAML().load(FIRST)
    for party in document["parties"]:
        for post in ("liaison_officer", "deputy", "approver"):
            if post in party:
                made = run("key", "--out", tmp_path / f"{party['id']}-{post}.pem")
                assert made.code == 0, made.said
                party[post]["key"] = made.text.splitlines()[0].removeprefix("key: ")
    path = tmp_path / "first.yaml"
    YAML().dump(document, path)
    return path


def sign(draft: Path, party: str, post: str = "liaison_officer", *more: str) -> Answer:
    key = draft.with_name(f"{party}-{post}.pem")
    return run("sign", draft, "--as", party, "--key", key, *more)


def test_a_draft_becomes_a_signed_protocol(draft: Path) -> None:
    assert "a draft" in run("check", draft).text
    assert run("check", draft, "--signed").code == 1
    with pytest.raises(ProtocolError, match="nobody has signed it"):
        load_signed(draft, load_catalogue())
    first = sign(draft, "police")
    assert "newly agreed to: business, council, fire, police" in first.text
    assert "'fire' has not signed the protocol in its present content" in first.text
    assert run("check", draft).code == 1, "begun, and not ended"
    sign(draft, "fire", "deputy")
    sign(draft, "business", "approver")
    last = sign(draft, "council")
    assert "everybody has signed" in last.text
    assert json.loads(run("check", draft, "--signed", "--json").text)["signed"] is True
    assert load_signed(draft, load_catalogue()).protocol.prefix == "banes"


def test_who_signs_again_replaces_its_signature(draft: Path) -> None:
    for _ in range(2):
        assert sign(draft, "police").code == 0
    assert signatures_file(draft).read_text().count("- party:") == 1


def test_a_key_that_is_nobodys_or_open_to_others_signs_nothing(draft: Path) -> None:
    key = draft.with_name("fire-deputy.pem")
    other = run("sign", draft, "--as", "police", "--key", key)
    assert (other.code, "does not belong to the liaison_officer" in other.said) == (1, True)
    key.chmod(0o644)
    opened = run("sign", draft, "--as", "fire", "--key", key)
    assert (opened.code, "chmod 600" in opened.said) == (1, True)
    key.chmod(0o600)
    unknown = run("sign", draft, "--as", "hospital", "--key", key)
    assert (unknown.code, "accepted: police" in unknown.said) == (1, True)
    assert not signatures_file(draft).exists()


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    key = make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert public_key(load_key(file)) == public_key(key)
    with pytest.raises(SecretError, match="never overwritten"):
        make_key(file)


def test_a_key_under_a_passphrase_is_asked_for_it(draft: Path) -> None:
    file = draft.with_name("new.pem")
    made = run("key", "--out", file, "--passphrase", typed="seven words\nseven words\n")
    assert made.code == 0, made.said
    assert "seven words" not in file.read_text()
    with pytest.raises(SecretError, match="passphrase"):
        load_key(file, "others")
    key = next(line for line in made.text.splitlines() if line.startswith("key: ")).split()[1]
    document: Any = YAML().load(draft)
    document["parties"][0]["deputy"]["key"] = key
    YAML().dump(document, draft)
    signing = ("sign", draft, "--as", "police", "--key", file)
    assert run(*signing, typed="others\n").code == 1
    assert run(*signing, typed="seven words\n").code == 0


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.pem"
    file.touch(mode=0o600)
    file.write_text(content)
    with pytest.raises(SecretError) as raised:
        load_key(file)
    assert str(file) in str(raised.value)


def test_an_exercise_is_signed_by_all_and_keeps_its_keys(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    copy = exercise(FIRST, tmp_path, catalogue)
    text, signatures = copy.read_text(), signatures_file(copy).read_text()
    assert load_signed(copy, catalogue, exercise=True).protocol.party("police").posts["deputy"].key
    assert exercise(FIRST, tmp_path, catalogue) == copy
    assert (copy.read_text(), signatures_file(copy).read_text()) == (text, signatures)
    keys = list((tmp_path / "secrets" / "officers").iterdir())
    assert len(keys) == 7
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)


def test_an_exercise_is_of_the_protocol_that_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "first.yaml"
    shutil.copy(FIRST, file)
    catalogue = load_catalogue()
    exchange_after_reading(monkeypatch, file, b"parties: [")
    copy = exercise(file, tmp_path, catalogue)
    assert file.read_bytes() == b"parties: [", "it was exchanged"
    assert load_signed(copy, catalogue, exercise=True).protocol.party("police")


def test_an_exercise_says_so_in_what_is_signed_and_is_taken_knowingly_alone(
    tmp_path: Path,
) -> None:
    catalogue = load_catalogue()
    copy = exercise(FIRST, tmp_path, catalogue)
    with pytest.raises(ProtocolError, match=r"EXERCISE, agreed by nobody.*--exercise"):
        load_signed(copy, catalogue)
    told = run("check", copy, "--signed")
    assert told.code == 0
    assert "EXERCISE, agreed by nobody" in " ".join(told.text.split())
    assert "signed by all who must" not in told.text
    assert json.loads(run("check", copy, "--json").text)["exercise"] is True
    unmarked = copy.read_text().replace("exercise: true\n", "")
    assert unmarked != copy.read_text()
    copy.write_text(unmarked)
    with pytest.raises(ProtocolError, match="is of another protocol"):
        load_signed(copy, catalogue, exercise=True)


def signed_by_all(draft: Path) -> None:
    for party, post in SIGNING.items():
        assert sign(draft, party, post).code == 0


def test_what_is_read_once_is_what_is_verified(
    draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that exchanging the file after it was read has no effect."""
    signed_by_all(draft)
    good, evil = draft.read_bytes(), draft.read_bytes().replace(b"2000", b"9000")
    assert good != evil
    exchange_after_reading(monkeypatch, draft, evil)
    read = load_signed(draft, load_catalogue())
    assert draft.read_bytes() == evil, "it was exchanged"
    assert read.protocol.sanitising.substitute_limit_metres == 2000
    exchange_after_reading(monkeypatch, draft, good)
    with pytest.raises(
        ProtocolError, match="'police' has not signed the protocol in its present content"
    ):
        load_signed(draft, load_catalogue())


def test_who_signs_again_takes_out_what_it_signed_of_an_earlier_protocol(draft: Path) -> None:
    signed_by_all(draft)
    draft.write_text(draft.read_text().replace("2000", "9000"))
    stale = run("check", draft)
    assert stale.code == 1
    assert "the signature of 'police' (liaison_officer) is of another protocol" in stale.said
    again = sign(draft, "police", "deputy")
    assert "removed: the signature of police (liaison_officer)" in again.text
    for party in ("fire", "council"):
        assert sign(draft, party, SIGNING[party]).code == 0
    assert run("check", draft, "--signed").code == 0, "business need not sign again"


def test_a_stale_signature_is_named_by_its_line(draft: Path) -> None:
    signed_by_all(draft)
    stale = signatures_file(draft).read_text()
    draft.write_text(draft.read_text().replace("2000", "9000"))
    for party, post in SIGNING.items():
        assert sign(draft, party, post).code == 0
    good = signatures_file(draft).read_text()
    signatures_file(draft).write_text(good + stale.partition("\n")[2])
    refused = run("check", draft)
    assert refused.code == 1
    line = good.count("\n") + 1
    assert f"first.signatures.yaml:{line + BUSINESS_LINES}:" in refused.said
    with pytest.raises(ProtocolError, match="is of another protocol"):
        load_signed(draft, load_catalogue())


def test_the_keys_of_a_first_protocol_are_accepted_by_their_digest_alone(draft: Path) -> None:
    protocol = load_protocol(draft, load_catalogue())
    shown = json.loads(run("check", draft, "--json").text)["keys"]
    assert shown == keys_digest(protocol)
    accepting(shown)(protocol)
    for given in (None, "0" * 64):
        with pytest.raises(ProtocolError) as refused:
            accepting(given)(protocol)
        assert f"--accept-keys {shown}" in str(refused.value)
        for posts in protocol.officers.values():
            assert all(fingerprint(o.key or "") in str(refused.value) for o in posts.values())


def test_what_a_protocol_follows_is_written_and_every_other_line_stays() -> None:
    text = FIRST.read_text()
    once = followed(text, 1, "0" * 64)
    written = ["number: 2", f'follows: "{"0" * 64}"']
    assert once.splitlines()[1:3] == written
    assert [line for line in once.splitlines() if line not in text.splitlines()] == written
    assert parse_protocol(once.encode(), FIRST, load_catalogue()).follows == "0" * 64
    again = followed(once, 2, "b" * 64)
    assert again == followed(text, 2, "b" * 64)
    with pytest.raises(ProtocolError, match="add these two lines by hand"):
        followed("{}", 1, "a" * 64)


def test_a_protocol_that_was_changed_after_it_was_signed_is_refused(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    copy = exercise(FIRST, tmp_path, catalogue)
    text = copy.read_text().replace(
        "substitute_limit_metres: 2000", "substitute_limit_metres: 9000"
    )
    assert text != copy.read_text()
    copy.write_text(text)
    with pytest.raises(
        ProtocolError, match="'police' has not signed the protocol in its present content"
    ):
        load_signed(copy, catalogue, exercise=True)
    shutil.rmtree(tmp_path / "secrets")


def test_an_exercise_makes_the_sealing_keys_of_alerts_and_keeps_them(tmp_path: Path) -> None:
    catalogue, run_dir = load_catalogue(), tmp_path / "run"
    before = load_protocol(DEFAULT_PROTOCOL, catalogue).alert_recipients
    copy = load_protocol(exercise(DEFAULT_PROTOCOL, run_dir, catalogue), catalogue)
    secrets = run_dir / "secrets"
    for recipient, example in zip(copy.alert_recipients, before, strict=True):
        assert recipient.terms is not None
        assert example.terms is not None
        file = alert_key_file(secrets, recipient.party)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert recipient.terms.sealing_key == sealing_key(load_alert_key(file))
        assert recipient.terms.sealing_key != example.terms.sealing_key
        officer, key = recipient.conflict_officer, conflict_key_file(secrets, recipient.party)
        assert key.exists() is (officer is not None)
        if officer is not None:
            assert officer.sealing_key == sealing_key(load_alert_key(key))
    again = load_protocol(exercise(DEFAULT_PROTOCOL, run_dir, catalogue), catalogue)
    assert again.alert_recipients == copy.alert_recipients


def test_a_key_for_alerts_is_made_for_the_protocol(tmp_path: Path) -> None:
    file = tmp_path / "council.key"
    made = run("key", "--sealing", "--out", file)
    assert made.text == f"sealing_key: {sealing_key(load_alert_key(file))}\n"
    assert run("key", "--sealing", "--passphrase", "--out", tmp_path / "other.key").code == 2

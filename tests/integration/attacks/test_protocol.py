"""Attacks on the protocol in force, on the real broker: what was not agreed to does not come into force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from isp.agreement.protocol_file import load_protocol
from isp.broker.apply import apply
from isp.broker.errors import ApplyError
from isp.broker.in_force import read_in_force
from isp.broker.signed import Admitted
from isp.keys.officer_keys import make_key
from isp.signing.signatures import content_digest, keys_digest, public_key
from ops.cli import build_cli
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from schemas.catalogue import load_catalogue
from tests.integration.agreed import Agreements
from tests.protocols.exchanged import exchange_after_reading

pytestmark = pytest.mark.broker


class Answer(NamedTuple):
    code: int
    said: str


def isp(stack: Stack, *arguments: str | Path) -> Answer:
    where = ["--run-dir", str(stack.run_dir)]
    result = CliRunner().invoke(build_cli(), ["isp", *map(str, arguments), *where])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, " ".join(result.output.split()))


def in_force(stack: Stack, prefix: str) -> str | None:
    """The digest of the partnership's protocol in force."""
    admin = stack.secrets.client_config(stack.bootstrap, ADMIN)
    known = read_in_force(admin, prefix, load_catalogue())
    return known.digest if known else None


def digest_of(path: Path) -> str:
    return content_digest(load_protocol(path, load_catalogue()))


def personal_for_fire(document: Any) -> None:
    """Change a protocol after it was signed: give the fire service more than it is entitled to."""
    document["receives"][0]["datasets"] = ["police-incident"]
    document["review_grace_days"] = 7


def longer_grace(document: Any) -> None:
    document["review_grace_days"] = 35


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Agreements:
    return Agreements("agreed", tmp_path_factory.mktemp("agreed"))


@pytest.fixture(scope="module")
def first(stack: Stack, parties: Agreements) -> Path:
    """Number 1, in force after its keys were accepted and not before."""
    path = parties.signed("first")
    accepted = keys_digest(load_protocol(path, load_catalogue()))
    for given in ((), ("--accept-keys", "0" * 64)):
        refused = isp(stack, "apply", path, *given)
        assert refused.code == 1
        assert f"--accept-keys {accepted}" in refused.said
    assert in_force(stack, "agreed") is None
    shown = isp(stack, "plan", path)
    assert f"digest of all keys: {accepted}" in shown.said
    assert isp(stack, "apply", path, "--accept-keys", accepted).code == 0
    assert in_force(stack, "agreed") == digest_of(path)
    return path


@pytest.fixture(scope="module")
def second(stack: Stack, parties: Agreements, first: Path) -> Path:
    """Number 2, in force."""
    path = parties.successor(first, "second", longer_grace)
    assert isp(stack, "apply", path).code == 0
    return path


def test_a_file_that_is_exchanged_while_it_is_applied_puts_nothing_else_in_force(
    stack: Stack,
    parties: Agreements,
    second: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, evil = second.read_bytes(), parties.draft("evil", personal_for_fire).read_bytes()
    second.write_bytes(evil)
    exchange_after_reading(monkeypatch, second, good)
    refused = isp(stack, "apply", second)
    assert second.read_bytes() == good, "it was exchanged"
    assert refused.code == 1
    assert "'fire' has not signed the protocol in its present content" in refused.said
    exchange_after_reading(monkeypatch, second, evil)
    assert isp(stack, "apply", second).code == 0
    assert second.read_bytes() == evil, "it was exchanged"
    second.write_bytes(good)
    assert in_force(stack, "agreed") == digest_of(second)


def test_an_earlier_protocol_does_not_come_back_on_the_same_day(
    stack: Stack, parties: Agreements, first: Path, second: Path
) -> None:
    shown = isp(stack, "plan", first)
    back = isp(stack, "apply", first)
    for answer in (shown, back):
        assert answer.code == 1
        assert f"`number: 3` with `follows: {digest_of(second)}`" in answer.said
    assert f"in force: number 2, digest {digest_of(second)}" in shown.said
    rival = parties.successor(first, "rival")
    assert isp(stack, "apply", rival).code == 1, "another second one"
    overtaken = Admitted(load_protocol(rival, load_catalogue()), (), None)
    admin = stack.secrets.client_config(stack.bootstrap, ADMIN)
    with pytest.raises(ApplyError, match="another protocol was put in force meanwhile"):
        apply(overtaken, load_catalogue(), admin, stack.secrets, stack.registry_client, print)
    assert isp(stack, "apply", second).code == 0, "what is in force is applied again"
    assert in_force(stack, "agreed") == digest_of(second)


def test_an_exercise_is_never_put_over_what_partners_have_signed(
    stack: Stack, parties: Agreements, second: Path
) -> None:
    exercise = parties.draft("exercise", mark=True)
    unaware, aware = "Use --exercise to accept it", "is not marked as one"
    for command, told in (("plan", unaware), ("apply", unaware), ("apply --exercise", aware)):
        refused = isp(stack, *command.split(), exercise)
        assert refused.code == 1
        assert told in refused.said
    assert in_force(stack, "agreed") == digest_of(second)


def test_the_authorities_do_not_replace_the_key_of_a_body_that_is_none(
    stack: Stack, parties: Agreements, second: Path
) -> None:
    stolen = parties.folder / "stolen.pem"
    key = public_key(make_key(stolen))
    own = parties.key("business", "approver")
    kept = own.read_bytes()

    def with_key(document: Any) -> None:
        body = next(p for p in document["parties"] if p["id"] == "business")
        body["approver"]["key"] = key

    def in_words(document: Any) -> None:
        with_key(document)
        document["rekeyed"] = ["business"]

    own.write_bytes(stolen.read_bytes())
    try:
        taken = parties.successor(second, "taken", with_key)
        told = parties.successor(second, "told", in_words)
    finally:
        own.write_bytes(kept)
    refused = isp(stack, "apply", taken)
    assert refused.code == 1
    assert "new key of 'business' (approver), not confirmed by 'business'" in refused.said
    shown = isp(stack, "plan", told)
    assert shown.code == 0
    assert "NOT confirmed by 'business': changed by the authorities (rekeyed)" in shown.said
    assert in_force(stack, "agreed") == digest_of(second)


def test_a_successor_is_prepared_by_one_command(
    stack: Stack, parties: Agreements, second: Path
) -> None:
    coming = parties.draft("coming", longer_grace)
    assert isp(stack, "follow", coming).code == 0
    following = load_protocol(coming, load_catalogue())
    assert (following.number, following.follows) == (3, digest_of(second))
    unchanged = isp(stack, "follow", second)
    assert (unchanged.code, "is the protocol in force itself" in unchanged.said) == (1, True)


def test_a_signed_protocol_takes_the_place_of_an_exercise_as_said_alone(
    stack: Stack, tmp_path: Path
) -> None:
    parties = Agreements("tried", tmp_path)
    exercise = parties.draft("exercise", mark=True)
    assert isp(stack, "apply", exercise, "--exercise").code == 0
    real = parties.signed("real")
    refused = isp(stack, "apply", real)
    assert (refused.code, "an exercise is in force" in refused.said) == (1, True)
    unasked = isp(stack, "apply", real, "--over-exercise")
    assert (unasked.code, "--accept-keys" in unasked.said) == (1, True)
    accepted = keys_digest(load_protocol(real, load_catalogue()))
    taken = isp(stack, "apply", real, "--over-exercise", "--accept-keys", accepted)
    assert taken.code == 0
    assert in_force(stack, "tried") == digest_of(real)
    drift = isp(stack, "drift", exercise, "--json")
    assert (drift.code, json.loads(drift.said)["exercise"]) == (3, True)

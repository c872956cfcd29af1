"""A signature stays valid in every release, and a release refuses what only a later one can read.

The digests, signatures and letters in format_1.json are those that the first release of format 1 made. They
never change, nor do those of the first releases with alerts and with emerging problems. Those of the
examples change with these alone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from isp.agreement.alerts import Alerts, DomesticAlerts
from isp.agreement.emerging import EmergingProblems
from isp.agreement.hub import Hub
from isp.agreement.officer import Officer
from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.agreement.second import SecondProfile
from isp.cases import letters
from isp.cases.case import Case, ConsentRecord, Flow, read_stored
from isp.cases.letters import LetterError, digest, statement, verify_letter
from isp.cases.register import opened
from isp.signing.signatures import (
    Signature,
    content_digest,
    is_current,
    keys_digest,
    load_signatures,
    save_signatures,
    signatures_file,
    terms_digest,
)
from isp.signing.succession import before_of
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.exact_base64 import encoded
from schemas.formats import REQUIRED, Signed, load_formats
from tests.isp.cases.prepared import Desk
from tests.isp.cases.table import NOW, Table, key_of, request
from tests.isp.signing.test_signatures import TODAY
from tests.later_release import ADDED, later, models_of, using
from tests.protocols import FIRST

SIGNED: dict[str, Any] = json.loads(Path(__file__).with_name("format_1.json").read_text("utf-8"))
EVERY: dict[str, Any] = SIGNED["every_field"]
ALERTING: dict[str, Any] = SIGNED["every_field_of_alerts"]
DETECTING: dict[str, Any] = SIGNED["every_field_of_problems"]
STORING: dict[str, Any] = SIGNED["every_field_of_hub"]
LETTERS = SIGNED["letters"]
PROTOCOL_MODELS = sorted({m.__name__ for m in models_of(Protocol)})
LETTER_MODELS = sorted({m.__name__ for m in models_of(letters.Letter)})
CASE_MODELS = sorted({m.__name__ for m in models_of(Case | ConsentRecord)})
ALERT_MODELS = {m.__name__ for m in models_of(DomesticAlerts)} - {
    m.__name__ for m in models_of(Officer)
}
PROBLEM_MODELS = {m.__name__ for m in models_of(EmergingProblems)}
HUB_MODELS = {m.__name__ for m in models_of(Hub)}
IN_TERMS = ALERT_MODELS | PROBLEM_MODELS | HUB_MODELS | {
    "Agreement", "AggregateAgreement", "Entitlement", "Neighbour", "Officer", "Party", "RejectLimit",
    "SupplyAgreement",
}  # fmt: skip
BANES = SCHEMA_FOLDER / "protocols" / "banes.yaml"
FILES = {"banes.yaml": BANES, "bro.yaml": BANES.with_name("bro.yaml"), "first.yaml": FIRST}
DIGEST_BEFORE_SECOND = "1755d937964763665a8467c39dedb578c109eedb168a0dd49706d753fd43b9c8"
"""Of the Welsh example, as its officers signed it before profile second had settings."""
DIGEST_OF_BANES = "02672c47b41c17c69fd4a09c30a5eaa925f54ad1bd57fd4a437d2ffdd1ccebcc"


every_signed = pytest.mark.parametrize(
    "signed", [EVERY, ALERTING, DETECTING, STORING], ids=["first", "alerts", "problems", "hub"]
)


def terms_of(protocol: Protocol) -> dict[str, str]:
    return {name: terms_digest(protocol, name) for name in protocol.signatories}


def signed_with(extended: str) -> dict[str, Any]:
    """Return the signed protocol of the first release that has the model."""
    if extended in HUB_MODELS:
        return STORING
    if extended in PROBLEM_MODELS:
        return DETECTING
    return ALERTING if extended in ALERT_MODELS else EVERY


def read_by_later(extended: str) -> Protocol:
    """Return the protocol of format 1, read by a release with one more field in one model."""
    content = signed_with(extended)["in_force"]
    protocol: Protocol = later(Protocol, extended).model_validate(content)
    return protocol


def signed_by_all_releases() -> Iterator[type[Signed]]:
    found = set(Signed.__subclasses__())
    while found:
        model = found.pop()
        found |= set(model.__subclasses__())
        if not model.__name__.startswith("_") and not model.__module__.startswith("tests."):
            yield model


def test_the_digest_of_the_example_is_what_its_officers_signed(catalogue: Catalogue) -> None:
    assert content_digest(load_protocol(BANES, catalogue)) == DIGEST_OF_BANES


@pytest.mark.parametrize("name", FILES)
def test_a_protocol_has_the_digest_that_it_had(name: str, catalogue: Catalogue) -> None:
    protocol = load_protocol(FILES[name], catalogue)
    digests = {"content": content_digest(protocol), "keys": keys_digest(protocol)}
    assert digests == SIGNED["protocols"][name]


def test_a_protocol_without_settings_for_second_has_the_digest_of_before_them(
    catalogue: Catalogue,
) -> None:
    protocol = load_protocol(FILES["bro.yaml"], catalogue)
    sanitising = protocol.sanitising.model_copy(update={"second": SecondProfile()})
    without = protocol.model_copy(update={"sanitising": sanitising})
    assert content_digest(without) == DIGEST_BEFORE_SECOND
    assert content_digest(protocol) != DIGEST_BEFORE_SECOND


@every_signed
def test_a_protocol_that_uses_every_field_has_the_digests_that_it_had(
    signed: dict[str, Any],
) -> None:
    protocol = Protocol.model_validate(signed["in_force"])
    assert (content_digest(protocol), keys_digest(protocol)) == (signed["content"], signed["keys"])
    assert terms_of(protocol) == signed["terms"]
    assert json.loads(protocol.model_dump_json(by_alias=True)) == signed["in_force"]


@every_signed
def test_a_signature_that_was_made_then_is_valid(signed: dict[str, Any]) -> None:
    signature = Signature.model_validate(signed["signature"])
    assert is_current(Protocol.model_validate(signed["in_force"]), signature, TODAY)


def test_only_those_whom_alerts_concern_have_other_terms_with_them() -> None:
    terms, before = ALERTING["terms"], EVERY["terms"]
    changed = {name for name in terms if terms[name] != before[name]}
    protocol = Protocol.model_validate(ALERTING["in_force"])
    domestic = protocol.domestic_alerts
    assert domestic is not None
    concerned = {recipient.party for recipient in domestic.recipients}
    concerned |= {s.agency for s in protocol.supplies if s.dataset in domestic.datasets}
    assert changed == concerned != set(terms)


def test_only_those_whom_emerging_problems_concern_have_other_terms_with_them() -> None:
    protocol = Protocol.model_validate(DETECTING["in_force"])
    emerging = protocol.emerging_problems
    assert emerging is not None
    without = protocol.model_copy(update={"alerts": Alerts()})
    before, after = terms_of(without), terms_of(protocol)
    changed = {name for name in after if after[name] != before[name]}
    concerned = {recipient.party for recipient in emerging.recipients}
    concerned |= {s.agency for s in protocol.supplies if s.dataset in emerging.datasets}
    assert changed == concerned != set(after)


def test_the_order_of_the_datasets_of_a_group_is_signed() -> None:
    """Of several records about one event, the first dataset's is counted."""
    document = copy.deepcopy(DETECTING["in_force"])
    (group,) = document["alerts"]["emerging"]["groups"]
    group["types"] = dict(reversed(group["types"].items()))
    turned = Protocol.model_validate(document)
    assert content_digest(turned) != DETECTING["content"]
    before, after = DETECTING["terms"], terms_of(turned)
    assert {n for n in after if after[n] != before[n]} == {"police", "health", "traders"}


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_that_was_signed_then_is_valid(name: str) -> None:
    assert digest(verify_letter(LETTERS[name])) == LETTERS[name]["digest"]


@pytest.mark.parametrize("extended", PROTOCOL_MODELS)
def test_a_field_that_a_later_release_adds_changes_no_digest_of_a_protocol(extended: str) -> None:
    protocol, signed = read_by_later(extended), signed_with(extended)
    assert (content_digest(protocol), keys_digest(protocol)) == (signed["content"], signed["keys"])
    assert terms_of(protocol) == signed["terms"]
    assert is_current(protocol, Signature.model_validate(signed["signature"]), TODAY)


@pytest.mark.parametrize("extended", PROTOCOL_MODELS)
def test_a_field_that_is_used_changes_the_digest_and_is_refused_by_an_earlier_release(
    extended: str,
) -> None:
    protocol, signed = using(read_by_later(extended), extended), signed_with(extended)
    assert content_digest(protocol) != signed["content"]
    changed = terms_of(protocol) != signed["terms"]
    assert changed == (extended in IN_TERMS)
    document = json.loads(protocol.model_dump_json(by_alias=True))
    with pytest.raises(ValidationError, match=ADDED):
        Protocol.model_validate(document)


@pytest.mark.parametrize("extended", PROTOCOL_MODELS)
def test_a_protocol_that_a_later_release_put_in_force_is_read(extended: str) -> None:
    protocol = read_by_later(extended)
    document = json.loads(protocol.model_dump_json(by_alias=True))
    before = before_of(signed_with(extended)["content"], document)
    assert (before.number, before.terms) == (2, signed_with(extended)["terms"])
    used = json.loads(using(protocol, extended).model_dump_json(by_alias=True))
    after = before_of("a" * 64, used)
    assert (after.holders, after.authorities) == (before.holders, before.authorities)
    assert after.terms == {}, "terms that are not understood are signed anew"


def test_a_protocol_in_force_of_a_later_format_is_refused() -> None:
    said = "the protocol in force .a{64}.: format: this release cannot read format 2; accepted: 1"
    with pytest.raises(ProtocolError, match=said):
        before_of("a" * 64, {**EVERY["in_force"], "format": 2})


def test_a_protocol_says_its_format_or_leaves_it_out(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "banes.yaml"
    text = BANES.read_text("utf-8")
    assert "\nformat: 1\n" in text
    path.write_text(text.replace("\nformat: 1\n", "\n"), encoding="utf-8")
    assert content_digest(load_protocol(path, catalogue)) == DIGEST_OF_BANES


def test_a_protocol_of_a_later_format_is_refused_with_that_alone(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "banes.yaml"
    path.write_text(f"{ADDED}: []\nformat: 2\n{FIRST.read_text('utf-8')}", encoding="utf-8")
    with pytest.raises(ProtocolError) as raised:
        load_protocol(path, catalogue)
    assert str(raised.value) == (
        f"{path}:2: format: this release cannot read format 2; accepted: 1. A later release reads "
        "later formats"
    )


def test_a_protocol_with_a_field_of_a_later_release_is_refused_at_its_line(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "banes.yaml"
    path.write_text(f"format: 1\n{ADDED}: []\n{FIRST.read_text('utf-8')}", encoding="utf-8")
    with pytest.raises(ProtocolError) as raised:
        load_protocol(path, catalogue)
    said = f"{path}:2: {ADDED}: is not a setting of format 1; accepted: format, number, follows, "
    assert str(raised.value).startswith(said)


def test_a_signature_is_valid_for_a_later_release_until_it_uses_a_field_more() -> None:
    extended: Signature = later(Signature, "Signature").model_validate(EVERY["signature"])
    assert extended.holds(extended.key)
    assert save_signatures(FIRST, [extended]) == save_signatures(
        FIRST, [Signature.model_validate(EVERY["signature"])]
    )
    assert not using(extended, "Signature").holds(extended.key)


def test_a_signature_of_a_later_format_is_refused_at_its_line(tmp_path: Path) -> None:
    path = signatures_file(tmp_path / "banes.yaml")
    signature = Signature.model_validate(EVERY["signature"])
    text = save_signatures(path, [signature, signature])
    path.write_text(f"{text}  format: 2\n  weight: 3\n", encoding="utf-8")
    with pytest.raises(ProtocolError) as raised:
        load_signatures(tmp_path / "banes.yaml")
    line = len(text.splitlines()) + 1
    assert str(raised.value).startswith(
        f"{path}:{line}: 1.format: this release cannot read format 2"
    )
    assert "weight" not in str(raised.value)


@pytest.mark.parametrize("extended", LETTER_MODELS)
def test_a_field_that_a_later_release_adds_changes_no_letter(
    extended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "_LETTERS", TypeAdapter(later(letters.Letter, extended)))
    read = {name: verify_letter(signed) for name, signed in LETTERS.items()}
    assert {n: digest(letter) for n, letter in read.items()} == {
        n: signed["digest"] for n, signed in LETTERS.items()
    }
    used = [statement(using(letter, extended)) for letter in read.values()]
    assert any(ADDED in text for text in used)


def sealed_as(more: dict[str, Any], name: str = "request") -> dict[str, Any]:
    """Return a letter with changed content, signed by its writer."""
    document = {**json.loads(LETTERS[name]["document"]), **more}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = key_of(document["party"], document["post"])
    signature = encoded(key.sign(letters._DOMAIN + text.encode()))
    return {"document": text, "signature": signature}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"format": 2, "weight": 3}, "the letter is of format 2; accepted: 1. A later"),
        ({"format": "Jane Roe"}, "the letter is of another format; accepted: 1. A later"),
        ({"format": 19900517}, "the letter is of another format; accepted: 1. A later"),
        ({"kind": "Jane Roe"}, "the kind of letter is not in format 1; accepted: request, "),
        ({"Jane Roe": 3}, "a field is not in format 1; accepted there: format, case, "),
        (
            {"subjects": [{"reference": "Jane Roe", "Jane Roe": 3}]},
            "a field is not in format 1; accepted there: reference, name, date_of_birth, ",
        ),
    ],
)
def test_a_letter_of_a_later_release_is_refused_with_what_is_read_and_nothing_of_it(
    more: dict[str, Any], said: str
) -> None:
    with pytest.raises(LetterError) as raised:
        verify_letter(sealed_as(more))
    assert str(raised.value).startswith(said)
    assert "Jane" not in str(raised.value)
    assert "1990" not in str(raised.value)


def kept() -> list[BaseModel]:
    """Return an open case, a prepared one and a consent in their stored form."""
    table = Table()
    table.send(request())
    table.decide("approve")
    table.consent()
    desk = Desk()
    desk.prepare()
    open_case = opened(table.case, Flow(key="AA=="), NOW)
    return [open_case, desk.case, *table.register.consents.values()]


@pytest.mark.parametrize("extended", CASE_MODELS)
def test_what_a_later_release_keeps_of_a_case_is_read_unless_it_uses_a_field_more(
    extended: str,
) -> None:
    used = 0
    for record in kept():
        kind = "case" if isinstance(record, Case) else "consent"
        extending = later(type(record), extended).model_validate(record.model_dump())
        assert read_stored(kind, extending.model_dump_json()) == record
        text = using(extending, extended).model_dump_json()
        used += ADDED in text
        assert (read_stored(kind, text) is None) == (ADDED in text)
    assert used


def test_a_case_of_a_later_format_is_not_read() -> None:
    for record in kept():
        kind = "case" if isinstance(record, Case) else "consent"
        document = record.model_dump(mode="json")
        assert read_stored(kind, json.dumps(document | {"format": 1})) == record
        assert read_stored(kind, json.dumps(document | {"format": 2})) is None


def test_every_part_of_what_is_signed_keeps_to_the_format() -> None:
    reached = models_of(Protocol | Signature | letters.Letter | Case | ConsentRecord)
    assert [m.__name__ for m in reached if not issubclass(m, Signed)] == []


def test_no_field_and_no_default_of_the_format_has_changed() -> None:
    """Each new optional field has a line under `later` in formats.yaml; existing lines do not change."""
    formats = load_formats()
    declared = {
        name: dict(formats.always.get(name, {})) | dict(formats.later.get(name, {}))
        for name in formats.always.keys() | formats.later.keys()
    }
    assert {model.__name__: defaults_of(model) for model in signed_by_all_releases()} == declared
    assert REQUIRED not in [v for fields in formats.later.values() for v in fields.values()]


def defaults_of(model: type[BaseModel]) -> dict[str, Any]:
    return {
        name: REQUIRED
        if field.is_required()
        else to_jsonable_python(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
    }

"""A protocol counts as signed only when all required posts have signed its present content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isp.agreement.officer import Officer
from isp.agreement.protocol import Party, Post, Protocol, ProtocolError, Status
from isp.agreement.protocol_file import load_protocol
from isp.signing.signatures import (
    Signature,
    content_digest,
    load_signatures,
    make_signature,
    public_key,
    save_signatures,
    signature_findings,
    signatures_file,
)
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.exact_base64 import decoded, encoded
from tests.protocols import FIRST

DEFAULT_PROTOCOL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
DAY = date(2026, 11, 1)
TODAY = date(2026, 11, 28)
AUTHORITIES = ("council", "fire", "police")

Keys = dict[tuple[str, str], Ed25519PrivateKey]


def seeded(party: str, post: str, generation: int = 0) -> Ed25519PrivateKey:
    name = f"{party} {post} {generation}".encode()
    return Ed25519PrivateKey.from_private_bytes(name[:32].ljust(32, b"."))


def with_keys(protocol: Protocol, generation: dict[str, int] | None = None) -> Protocol:
    """Return the protocol with a key for each post; another `generation` gives other keys."""

    def keyed(party: Party) -> Party:
        number = (generation or {}).get(party.id, 0)
        posts: dict[str, Any] = {
            post: officer.model_copy(update={"key": public_key(seeded(party.id, post, number))})
            for post, officer in party.posts.items()
        }
        return party.model_copy(update=posts)

    return protocol.model_copy(update={"parties": tuple(map(keyed, protocol.parties))})


PROTOCOL = with_keys(load_protocol(FIRST, load_catalogue()))


def signed(
    protocol: Protocol, party: str, post: Post = "liaison_officer", generation: int = 0
) -> Signature:
    return make_signature(protocol, party, post, seeded(party, post, generation), DAY)


def by_all(protocol: Protocol, generation: dict[str, int] | None = None) -> list[Signature]:
    return [
        signed(protocol, p.id, next(iter(p.posts)), (generation or {}).get(p.id, 0))
        for p in protocol.parties
    ]


def findings(protocol: Protocol, signatures: list[Signature], today: date = TODAY) -> list[str]:
    return [finding.message for finding in signature_findings(protocol, signatures, today)]


def changed(protocol: Protocol, **fields: Any) -> Protocol:
    return protocol.model_copy(update=fields)


def with_partner(protocol: Protocol) -> Protocol:
    """Return the protocol with a new partner."""
    business = protocol.party("business")
    approver = business.approver
    assert approver is not None
    new = {
        "id": "traders",
        "approver": approver.model_copy(update={"key": public_key(seeded("traders", "approver"))}),
    }
    return changed(protocol, parties=(*protocol.parties, business.model_copy(update=new)))


def test_a_protocol_that_all_have_signed_is_signed() -> None:
    assert findings(PROTOCOL, by_all(PROTOCOL)) == []


@pytest.mark.parametrize("party", AUTHORITIES)
def test_no_responsible_authority_may_be_missing(party: str) -> None:
    left = [s for s in by_all(PROTOCOL) if s.party != party]
    (finding,) = findings(PROTOCOL, left)
    assert f"'{party}' has not signed the protocol in its present content" in finding


def test_the_deputy_signs_for_the_authority_as_well() -> None:
    others = [s for s in by_all(PROTOCOL) if s.party != "fire"]
    assert findings(PROTOCOL, [*others, signed(PROTOCOL, "fire", "deputy")]) == []


def test_a_partner_signs_its_own_terms_and_not_again_for_those_of_others() -> None:
    (finding,) = findings(PROTOCOL, [s for s in by_all(PROTOCOL) if s.party != "business"])
    assert "'business' has not signed its own terms" in finding
    later = changed(PROTOCOL, review_grace_days=14)
    authorities = [s for s in by_all(later) if s.party in AUTHORITIES]
    earlier = [s for s in by_all(PROTOCOL) if s.party == "business"]
    assert findings(later, [*authorities, *earlier]) == []
    terms = tuple(e for e in PROTOCOL.receives if e.party != "business")
    other = changed(PROTOCOL, receives=terms)
    again = [s for s in by_all(other) if s.party in AUTHORITIES]
    stale, lacking = findings(other, [*again, *earlier])
    assert (
        "the signature of 'business' (approver) is for other terms than the present ones; remove it"
        in stale
    )
    assert "'business' has not signed its own terms" in lacking


def test_any_change_asks_every_authority_anew() -> None:
    later = changed(PROTOCOL, review=date(2098, 1, 1))
    found = findings(later, by_all(PROTOCOL))
    for name in AUTHORITIES:
        assert any(f"the signature of {name!r} (liaison_officer) is of another" in f for f in found)
        assert any(
            f"{name!r} has not signed the protocol in its present content" in f for f in found
        )
    assert len(found) == 2 * len(AUTHORITIES)


def test_a_new_partner_is_signed_in_by_every_authority() -> None:
    grown = with_partner(PROTOCOL)
    own = signed(grown, "traders", "approver")
    signatures = [*by_all(grown)[:2], *by_all(PROTOCOL)[2:], own]
    assert {s.party for s in signatures[:2]} == {"police", "fire"}
    found = findings(grown, signatures)
    assert "'traders' is a partner that 'council' has not admitted by its signature" in found
    assert not [f for f in found if f.startswith(("'police'", "'fire'"))]
    assert findings(grown, by_all(grown)) == []


@st.composite
def forged(draw: Any) -> Signature:
    """Return a signature in which one field or one bit is changed."""
    made = by_all(PROTOCOL)[0]
    field = draw(
        st.sampled_from(["signed_on", "protocol", "terms", "partners", "post", "signature"])
    )
    if field == "signature":
        raw = bytearray(decoded(made.signature, 64))
        raw[draw(st.integers(0, 63))] ^= 1 << draw(st.integers(0, 7))
        return made.model_copy(update={field: encoded(bytes(raw))})
    other = {
        "signed_on": draw(st.dates().filter(lambda day: day != DAY)),
        "protocol": draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        "terms": draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        "partners": tuple(draw(st.lists(st.sampled_from(made.partners), max_size=3))),
        "post": "deputy",
    }
    return made.model_copy(update={field: other[field]})


@given(forged())
def test_a_signature_in_which_anything_was_changed_does_not_count(forgery: Signature) -> None:
    found = findings(PROTOCOL, [forgery, *by_all(PROTOCOL)[1:]])
    assert any("the signature of 'police'" in f for f in found)
    assert any("'police' has not signed the protocol" in f for f in found)


def test_a_signature_by_another_key_or_of_nobody_does_not_count() -> None:
    stolen = signed(PROTOCOL, "fire").model_copy(update={"party": "police"})
    nobody = signed(PROTOCOL, "fire").model_copy(update={"party": "hospital"})
    found = findings(PROTOCOL, [stolen, nobody])
    assert "by a key that the protocol does not have" in found[0]
    assert "of a post that is not in the protocol" in found[1]


def test_a_neighbour_signs_what_is_shared_of_its_area() -> None:
    full = load_protocol(DEFAULT_PROTOCOL, load_catalogue())
    (neighbour,) = full.neighbours
    assert neighbour.agreement is not None
    officer = neighbour.agreement.liaison_officer
    key = public_key(seeded("wiltshire", "liaison_officer"))
    agreement = neighbour.agreement.model_copy(
        update={"liaison_officer": officer.model_copy(update={"key": key})}
    )
    agreed = neighbour.model_copy(update={"agreement": agreement})
    protocol = changed(with_keys(full), neighbours=(agreed,))
    own = signed(protocol, "wiltshire")
    assert findings(protocol, [*by_all(protocol), own]) == []
    (finding,) = findings(protocol, by_all(protocol))
    assert "'wiltshire' has not signed its own terms" in finding
    wider = agreed.model_copy(update={"area": ("E06000054", "E06000030")})
    more = changed(protocol, neighbours=(wider,))
    stale, lacking = findings(more, [*by_all(more), own])
    assert "the signature of 'wiltshire' (liaison_officer) is for other terms" in stale
    assert "'wiltshire' has not signed its own terms" in lacking


def test_who_signs_must_hold_the_key_of_the_post() -> None:
    with pytest.raises(ProtocolError, match="does not belong to the liaison_officer of 'police'"):
        make_signature(PROTOCOL, "police", "liaison_officer", seeded("fire", "deputy"), DAY)
    with pytest.raises(ProtocolError, match="accepted: liaison_officer, deputy"):
        make_signature(PROTOCOL, "police", "approver", seeded("police", "approver"), DAY)


def test_two_posts_never_share_a_key() -> None:
    document = PROTOCOL.model_dump(mode="json", by_alias=True)
    document["parties"][0]["deputy"]["key"] = document["parties"][1]["deputy"]["key"]
    with pytest.raises(ValidationError, match="used for several posts"):
        Protocol.model_validate(document)


def test_an_approver_does_not_sign_for_a_responsible_authority() -> None:
    key = public_key(seeded("police", "approver"))
    approver = Officer(post="Data Protection Officer", contact="x@partnership.example", key=key)
    police = PROTOCOL.party("police").model_copy(update={"approver": approver})
    protocol = changed(PROTOCOL, parties=(police, *PROTOCOL.parties[1:]))
    with pytest.raises(ProtocolError, match="accepted: liaison_officer, deputy"):
        signed(protocol, "police", "approver")


def test_without_a_responsible_authority_nothing_is_signed() -> None:
    invited = [p.model_copy(update={"status": Status.INVITED}) for p in PROTOCOL.parties]
    protocol = changed(PROTOCOL, parties=tuple(invited))
    assert any(
        "no party is a responsible authority" in f for f in findings(protocol, by_all(protocol))
    )


def test_a_signature_of_a_day_ahead_is_refused() -> None:
    ahead = [s.model_copy(update={"signed_on": date(2026, 12, 20)}) for s in by_all(PROTOCOL)]
    found = findings(PROTOCOL, ahead)
    assert any("dated 2026-12-20, but today is 2026-11-28 (Europe/London)" in f for f in found)
    early = by_all(PROTOCOL)
    assert findings(PROTOCOL, early, today=DAY) == []
    assert len(findings(PROTOCOL, early, today=date(2026, 10, 31))) == len(early)


def test_signatures_of_another_protocol_are_refused_beside_good_ones() -> None:
    later = changed(PROTOCOL, review_grace_days=14)
    beside = signed(PROTOCOL, "police", "deputy")
    (finding,) = findings(later, [*by_all(later), beside])
    assert "the signature of 'police' (deputy) is of another protocol" in finding


def test_a_signature_made_for_a_later_number_is_refused() -> None:
    next_one = changed(PROTOCOL, number=2, follows=content_digest(PROTOCOL))
    ahead = signed(next_one, "business", "approver")
    others = [s for s in by_all(PROTOCOL) if s.party != "business"]
    (finding,) = findings(PROTOCOL, [*others, ahead])
    assert "the signature of 'business' (approver) was made for number 2" in finding


def test_a_finding_names_the_line_of_its_signature(file: Path) -> None:
    later = changed(PROTOCOL, review_grace_days=14)
    entries = [*by_all(later), signed(PROTOCOL, "police", "deputy")]
    written = signatures_file(file)
    written.write_text(save_signatures(file, entries))
    line = written.read_text().splitlines().index('  post: "deputy"')
    read = load_signatures(file)
    (told,) = read.told(signature_findings(later, read.entries, TODAY))
    assert told.startswith(f"{written}:{line}: 4: the signature of 'police' (deputy)")


@pytest.mark.parametrize(
    "text", ["", "AAAA", "A" * 43, "A" * 42 + "B=", "A" * 43 + "=\n", "é" * 43 + "="]
)
def test_a_key_has_one_spelling_alone(text: str) -> None:
    with pytest.raises(ValidationError, match="32 bytes in base64"):
        Officer(post="Officer", contact="x@partnership.example", key=text)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "first.yaml"
    path.touch()
    yield path


def test_signatures_are_read_as_they_were_written(file: Path) -> None:
    made = by_all(PROTOCOL)
    assert load_signatures(file).entries == ()
    signatures_file(file).write_text(save_signatures(file, made))
    assert list(load_signatures(file).entries) == made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- party: police\n", "0.post: is missing; a value is needed"),
        ("x: [", "not YAML"),
        ("5", "not a list of signatures"),
    ],
)
def test_a_file_that_holds_no_signatures_is_told_with_its_name(
    file: Path, text: str, told: str
) -> None:
    signatures_file(file).write_text(text)
    with pytest.raises(ProtocolError, match=told) as raised:
        load_signatures(file)
    assert str(signatures_file(file)) in str(raised.value)


def test_the_digest_is_of_what_the_protocol_says() -> None:
    assert content_digest(PROTOCOL) == content_digest(PROTOCOL.model_copy())
    assert content_digest(PROTOCOL) != content_digest(with_partner(PROTOCOL))

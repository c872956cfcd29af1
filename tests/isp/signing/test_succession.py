"""A protocol may follow only the one in force, and each party confirms the change of its own keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from isp.agreement.officer import Officer
from isp.agreement.protocol import Party, Post, Protocol, ProtocolError, Status
from isp.signing.signatures import Signature, content_digest, public_key, signature_findings
from isp.signing.succession import Before, before_of, key_changes, left_after, succession_findings
from schemas.exact_base64 import encoded
from tests.isp.signing.test_signatures import (
    AUTHORITIES,
    PROTOCOL,
    TODAY,
    by_all,
    changed,
    seeded,
    signed,
    with_keys,
)


def in_force(protocol: Protocol, left: Any = None) -> Before:
    """Return the protocol in force, as read from the broker."""
    document = json.loads(protocol.model_dump_json(by_alias=True))
    return before_of(content_digest(protocol), document, left)


def after(before: Protocol, **fields: Any) -> Protocol:
    """Return the successor of the protocol, with changed fields."""
    linked = {"number": before.number + 1, "follows": content_digest(before), "rekeyed": ()}
    return changed(before, **linked | fields)


def refused(protocol: Protocol, signatures: Sequence[Signature], before: Before) -> list[str]:
    return list(succession_findings(protocol, signatures, before))


def keyed(protocol: Protocol, party: str, post: Post, generation: int, **more: Any) -> Protocol:
    """Return the protocol with another key for one post."""
    key = public_key(seeded(party, post, generation))
    officer = protocol.party(party).posts[post].model_copy(update={"key": key, **more})
    return with_party(protocol, protocol.party(party).model_copy(update={post: officer}))


def with_party(protocol: Protocol, party: Party) -> Protocol:
    return changed(
        protocol, parties=tuple(party if p.id == party.id else p for p in protocol.parties)
    )


def without(protocol: Protocol, party: str) -> Protocol:
    left = tuple(p for p in protocol.parties if p.id != party)
    return changed(protocol, parties=left)


BUSINESS_KEY = public_key(seeded("business", "approver"))


def test_the_protocol_in_force_is_accepted_again_and_so_is_the_one_that_follows() -> None:
    before = in_force(PROTOCOL)
    assert refused(PROTOCOL, by_all(PROTOCOL), before) == []
    later = after(PROTOCOL, review_grace_days=14)
    assert refused(later, by_all(later), before) == []


def test_an_earlier_protocol_does_not_come_back_though_all_have_signed_it() -> None:
    later = after(PROTOCOL, review_grace_days=14)
    (finding,) = refused(PROTOCOL, by_all(PROTOCOL), in_force(later))
    assert "number 1 and follows no other; number 2 is in force" in finding
    assert f"`number: 3` with `follows: {content_digest(later)}`" in finding


@pytest.mark.parametrize(
    "fields",
    [{"number": 3}, {"number": 1}, {"follows": None, "number": 1}, {"follows": "0" * 64}],
)
def test_no_other_number_and_no_other_digest_follows(fields: dict[str, Any]) -> None:
    other = after(PROTOCOL, **{"review_grace_days": 14, **fields})
    assert len(refused(other, by_all(other), in_force(PROTOCOL))) == 1


def test_two_protocols_that_follow_the_same_one_do_not_follow_each_other() -> None:
    one, other = (after(PROTOCOL, review_grace_days=days) for days in (14, 21))
    assert refused(other, by_all(other), in_force(PROTOCOL)) == []
    assert len(refused(other, by_all(other), in_force(one))) == 1


def test_what_has_no_number_in_force_is_followed_by_number_1() -> None:
    document = json.loads(PROTOCOL.model_dump_json(by_alias=True))
    for field in ("number", "follows", "exercise", "rekeyed"):
        del document[field]
    before = before_of("a" * 64, document)
    first = changed(PROTOCOL, follows="a" * 64)
    assert refused(first, by_all(first), before) == []
    assert len(refused(PROTOCOL, by_all(PROTOCOL), before)) == 1


def test_a_document_in_force_that_would_be_refused_today_still_guards_its_keys() -> None:
    document = json.loads(PROTOCOL.model_dump_json(by_alias=True))
    document["something_new"] = True
    before = before_of("a" * 64, document)
    taken = with_keys(changed(PROTOCOL, number=2, follows="a" * 64), {"business": 1})
    found = refused(taken, by_all(taken, {"business": 1}), before)
    assert any("new key of 'business' (approver), not confirmed" in f for f in found)
    with pytest.raises(ProtocolError, match="cannot be read"):
        before_of("a" * 64, {"parties": 5})


def test_a_number_names_what_it_follows() -> None:
    document = json.loads(PROTOCOL.model_dump_json(by_alias=True))
    with pytest.raises(ValidationError, match="needs the digest of the previous protocol"):
        Protocol.model_validate(document | {"number": 2})
    with pytest.raises(ValidationError, match="a first protocol cannot replace keys"):
        Protocol.model_validate(document | {"rekeyed": ["business"]})
    with pytest.raises(ValidationError, match="'nobody' is not a party"):
        following = {"number": 2, "follows": "a" * 64}
        Protocol.model_validate(document | following | {"rekeyed": ["nobody"]})


def test_terms_that_a_party_had_once_do_not_come_back_by_its_old_signature() -> None:
    receives = tuple(e for e in PROTOCOL.receives if e.party != "business")
    narrower = after(PROTOCOL, receives=receives)
    wider = after(narrower, receives=PROTOCOL.receives)
    old = [s for s in by_all(PROTOCOL) if s.party == "business"]
    authorities = [s for s in by_all(wider) if s.party in AUTHORITIES]
    assert not list(signature_findings(wider, [*authorities, *old], TODAY)), (
        "in itself it is signed"
    )
    (finding,) = refused(wider, [*authorities, *old], in_force(narrower))
    assert "'business' signed these terms for number 1" in finding
    assert refused(wider, by_all(wider), in_force(narrower)) == []


def test_a_signature_for_the_same_terms_lasts_through_changes_of_others() -> None:
    later = after(PROTOCOL, review_grace_days=14)
    old = [s for s in by_all(PROTOCOL) if s.party == "business"]
    authorities = [s for s in by_all(later) if s.party in AUTHORITIES]
    assert refused(later, [*authorities, *old], in_force(PROTOCOL)) == []


# Exercises


def test_an_exercise_never_follows_a_real_protocol_nor_a_real_one_an_exercise() -> None:
    exercise = changed(PROTOCOL, exercise=True)
    (finding,) = refused(exercise, by_all(exercise), in_force(PROTOCOL))
    assert "this is an exercise, and number 1 in force is not marked as one" in finding
    (finding,) = refused(PROTOCOL, by_all(PROTOCOL), in_force(exercise))
    assert "an exercise is in force" in finding
    assert "--over-exercise" in finding


def test_an_exercise_follows_any_exercise_of_the_same_keys_alone() -> None:
    one = changed(PROTOCOL, exercise=True)
    other = changed(one, review_grace_days=14)
    assert refused(other, by_all(other), in_force(one)) == []
    assert refused(one, by_all(one), in_force(other)) == []
    taken = with_keys(one, {"police": 1})
    assert len(refused(taken, by_all(taken, {"police": 1}), in_force(one))) == 1


# Keys


def test_a_key_changes_by_another_post_of_the_same_party() -> None:
    later = keyed(after(PROTOCOL), "police", "liaison_officer", 1)
    confirmed = [s for s in by_all(later, {"police": 1}) if s.party != "police"]
    confirmed.append(signed(later, "police", "deputy"))
    assert refused(later, confirmed, in_force(PROTOCOL)) == []
    (told,) = key_changes(later, confirmed, in_force(PROTOCOL))
    assert "new key of 'police' (liaison_officer)" in told
    assert told.endswith(", confirmed by 'police'")


@pytest.mark.parametrize("party", [*AUTHORITIES, "business"])
def test_nobody_else_replaces_the_keys_of_a_party(party: str) -> None:
    """The change is refused although all other parties, and the new keys, have signed."""
    moved = {party: 1}
    taken = with_keys(after(PROTOCOL), moved)
    signatures = by_all(taken, moved)
    assert not list(signature_findings(taken, signatures, TODAY)), "in itself it is signed"
    (finding,) = refused(taken, signatures, in_force(PROTOCOL))
    assert f"new key of {party!r}" in finding
    assert f"not confirmed by {party!r}" in finding
    assert all(
        "not confirmed" in line for line in key_changes(taken, signatures, in_force(PROTOCOL))
    )


def test_somebody_who_puts_own_keys_in_for_all_is_refused() -> None:
    moved = dict.fromkeys((*AUTHORITIES, "business"), 1)
    taken_over = with_keys(after(PROTOCOL), moved)
    signatures = by_all(taken_over, moved)
    assert not list(signature_findings(taken_over, signatures, TODAY)), "in itself it is signed"
    assert len(refused(taken_over, signatures, in_force(PROTOCOL))) == 4


def test_the_key_before_confirms_the_one_that_replaces_it_and_nothing_else() -> None:
    later = keyed(after(PROTOCOL), "business", "approver", 1, replaces=BUSINESS_KEY)
    new = by_all(later, {"business": 1})
    (finding,) = refused(later, new, in_force(PROTOCOL))
    assert "not confirmed by 'business'" in finding
    handed_over = signed(later, "business", "approver")
    assert not list(signature_findings(later, [*new, handed_over], TODAY))
    assert refused(later, [*new, handed_over], in_force(PROTOCOL)) == []
    alone = [s for s in new if s.party != "business"]
    (lacking,) = signature_findings(later, [*alone, handed_over], TODAY)
    assert "'business' has not signed its own terms" in lacking.message


def test_an_old_confirmation_confirms_no_other_protocol() -> None:
    later = keyed(after(PROTOCOL), "business", "approver", 1, replaces=BUSINESS_KEY)
    handed_over = signed(later, "business", "approver")
    other = changed(later, review_grace_days=14)
    signatures = [*by_all(other, {"business": 1}), handed_over]
    assert any("of another protocol" in stale.message
               for stale in signature_findings(other, signatures, TODAY))  # fmt: skip
    assert len(refused(other, signatures, in_force(PROTOCOL))) == 1


def test_a_body_that_lost_all_keys_is_rekeyed_in_words_by_all_authorities() -> None:
    moved = {"business": 1}
    rekeyed = with_keys(after(PROTOCOL, rekeyed=("business",)), moved)
    signatures = by_all(rekeyed, moved)
    assert refused(rekeyed, signatures, in_force(PROTOCOL)) == []
    (told,) = key_changes(rekeyed, signatures, in_force(PROTOCOL))
    assert "NOT confirmed by 'business': changed by the authorities (rekeyed)" in told
    without_fire = [s for s in signatures if s.party != "fire"]
    (finding,) = refused(rekeyed, without_fire, in_force(PROTOCOL))
    assert (
        "the keys of 'business': 'fire' has not signed this protocol with a key that is in force"
        in finding
    )


def test_an_authority_that_lost_all_keys_is_rekeyed_by_the_others_and_one_alone_at_a_time() -> None:
    moved = {"police": 1}
    rekeyed = with_keys(after(PROTOCOL, rekeyed=("police",)), moved)
    assert refused(rekeyed, by_all(rekeyed, moved), in_force(PROTOCOL)) == []
    both = {"police": 1, "fire": 1}
    two = with_keys(after(PROTOCOL, rekeyed=("police", "fire")), both)
    assert len(refused(two, by_all(two, both), in_force(PROTOCOL))) == 2


def test_who_was_rekeyed_is_so_until_it_has_signed_a_protocol_itself() -> None:
    moved = {"business": 1}
    rekeyed = with_keys(after(PROTOCOL, rekeyed=("business",)), moved)
    before, of_terms = in_force(rekeyed), by_all(rekeyed, moved)[-1]
    assert of_terms.party == "business"
    ended = after(rekeyed)
    authorities = [s for s in by_all(ended, moved) if s.party in AUTHORITIES]
    (finding,) = refused(ended, [*authorities, of_terms], before)
    assert (
        "'business' was rekeyed; keep it under `rekeyed` until it has signed a protocol itself"
        in finding
    )
    assert refused(ended, by_all(ended, moved), before) == []
    still = after(rekeyed, rekeyed=("business",), review_grace_days=14)
    kept = [s for s in by_all(still, moved) if s.party in AUTHORITIES]
    assert refused(still, [*kept, of_terms], before) == []


def test_rekeyed_names_nobody_whose_keys_stay_or_who_has_confirmed_them() -> None:
    idle = after(PROTOCOL, rekeyed=("business",))
    (finding,) = refused(idle, by_all(idle), in_force(PROTOCOL))
    assert "the keys of 'business' are those in force; remove the entry" in finding
    own = keyed(after(PROTOCOL, rekeyed=("police",)), "police", "liaison_officer", 1)
    signatures = [*by_all(own, {"police": 1})[1:], signed(own, "police", "deputy")]
    (finding,) = refused(own, signatures, in_force(PROTOCOL))
    assert "'police' has confirmed its keys itself; remove the entry" in finding


def test_a_party_that_left_comes_back_with_its_own_keys_alone() -> None:
    gone = without(after(PROTOCOL), "business")
    left = left_after(in_force(PROTOCOL), gone)
    assert set(left) == {"business"}
    before = in_force(gone, left)
    back = after(gone, parties=PROTOCOL.parties)
    assert refused(back, by_all(back), before) == []
    moved = {"business": 1}
    other = with_keys(back, moved)
    (finding,) = refused(other, by_all(other, moved), before)
    assert "new key of 'business' (approver), not confirmed" in finding
    assert left_after(before, other) == {}


def test_the_key_of_a_post_that_acts_in_cases_alone_is_guarded_too() -> None:
    key = public_key(seeded("police", "duty_officer"))
    officer = Officer(post="Duty Officer", contact="x@partnership.example", key=key)
    police = PROTOCOL.party("police").model_copy(update={"duty_officer": officer})
    later = with_party(after(PROTOCOL), police)
    others = [s for s in by_all(later) if s.party != "police"]
    (finding,) = refused(later, others, in_force(PROTOCOL))
    assert "new key of 'police' (duty_officer), not confirmed by 'police'" in finding
    assert refused(later, by_all(later), in_force(PROTOCOL)) == []


def test_a_sole_authority_changes_one_key_by_the_other_and_never_both() -> None:
    invited = {"status": Status.INVITED}
    others = [p.model_copy(update=invited) for p in PROTOCOL.parties if p.id != "police"]
    sole = changed(PROTOCOL, parties=(PROTOCOL.party("police"), *others))
    one = keyed(after(sole), "police", "liaison_officer", 1)
    assert refused(one, [signed(one, "police", "deputy")], in_force(sole)) == []
    by_new = signed(one, "police", "liaison_officer", 1)
    assert any("not confirmed by 'police'" in f for f in refused(one, [by_new], in_force(sole)))
    lost = with_keys(after(sole, rekeyed=("police",)), {"police": 1})
    found = refused(lost, by_all(lost, {"police": 1}), in_force(sole))
    assert any("no other authority in force can sign for the keys of 'police'" in f for f in found)


def test_an_authority_leaves_only_with_the_consent_of_the_others() -> None:
    smaller = without(after(PROTOCOL), "fire")
    assert refused(smaller, by_all(smaller), in_force(PROTOCOL)) == []
    (finding,) = refused(smaller, by_all(smaller)[1:], in_force(PROTOCOL))
    assert "the leaving of 'fire': 'police' has not signed" in finding


def test_a_key_does_not_replace_itself() -> None:
    document = json.loads(PROTOCOL.model_dump_json(by_alias=True))
    approver = next(p for p in document["parties"] if p["id"] == "business")["approver"]
    approver["replaces"] = approver["key"]
    with pytest.raises(ValidationError, match="must name the previous key"):
        Protocol.model_validate(document)
    approver["replaces"] = encoded((1).to_bytes(32, "little"))
    with pytest.raises(ValidationError, match="small order"):
        Protocol.model_validate(document)

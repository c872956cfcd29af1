"""Digests of people and homes never change, and cannot be computed without their key."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.address.household import Household
from sanitiser.incidents.digests import (
    DIGEST_BYTES,
    Digests,
    NotOfThisRecordError,
    Sealed,
    staff_digest,
    staff_key,
)
from sanitiser.references import ReferenceKey

LASTING = ReferenceKey(b"k" * 32)
DIGESTS = Digests(LASTING)
ANNA, BORN = ("anna", "price"), date(1990, 3, 2)
HOME = Household("5 acacia avenue", "BA1 1AA")
RECORD = bytes(range(DIGEST_BYTES))
KNOWN = "c2ac7518c4c99b70e70d80ed7976bd6ea162c403a14cc45b"


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (DIGESTS.record("police", "police-incident", ["IN-1"]), "3bd91ed526cf298a0821c4a0"),
        (DIGESTS.join("police", "incident", "IN-1"), "94f544b3f809699154581bdd"),
        (DIGESTS.reference("police", "offender", "O-1"), "627fea52088c1dba17d55c2d"),
        (DIGESTS.person(ANNA, BORN), "30b45ed4ac6664d55b302525"),
        (DIGESTS.household(HOME), "9d55b5f520fb8da6abca404e"),
        (DIGESTS.property("100012345678"), "e6d11738c37349845f776c7f"),
    ],
)
def test_the_digests_of_the_state_never_change(digest: bytes, expected: str) -> None:
    assert digest.hex() == expected


def test_the_digest_of_a_list_of_staff_never_changes() -> None:
    inner = staff_digest(staff_key(LASTING), ANNA, BORN)
    assert inner == "d3a60f71ccd352e35f2b290c3c07909e"
    assert DIGESTS.of_staff(inner) == DIGESTS.person(ANNA, BORN)


def test_the_key_of_staff_alone_does_not_find_a_person_in_the_state() -> None:
    key = staff_key(LASTING)
    inner = staff_digest(key, ANNA, BORN)
    found = DIGESTS.person(ANNA, BORN)
    assert found not in {bytes.fromhex(inner)[:DIGEST_BYTES], Digests(key).person(ANNA, BORN)}
    assert found.hex() not in key.digest(inner)


def test_one_value_has_another_digest_as_each_kind_and_of_each_agency() -> None:
    same = [
        DIGESTS.record("a", "b", ["c"]),
        DIGESTS.join("a", "b", "c"),
        DIGESTS.reference("a", "b", "c"),
        DIGESTS.join("x", "b", "c"),
        DIGESTS.join("a", "x", "c"),
        DIGESTS.join("ab", "", "c"),
        DIGESTS.household(Household("a", "b")),
        DIGESTS.household(Household("ab", "")),
    ]
    assert len(set(same)) == len(same)
    assert {len(digest) for digest in same} == {DIGEST_BYTES}


def test_another_date_of_birth_or_name_is_another_person() -> None:
    people = [
        DIGESTS.person(ANNA, BORN),
        DIGESTS.person(ANNA, date(1990, 2, 3)),
        DIGESTS.person(("hannah", "price"), BORN),
        DIGESTS.person(("annaprice",), BORN),
    ]
    assert len(set(people)) == len(people)


def test_an_encrypted_fact_can_be_read_again_and_never_changes() -> None:
    content = {"number": "07700 900123", "no_voicemail": True}
    sealed = DIGESTS.contact.encrypt(RECORD, content)
    assert sealed.hex()[:48] == KNOWN
    assert DIGESTS.contact.decrypt(RECORD, sealed) == content
    assert DIGESTS.contact.encrypt(RECORD, content) == sealed
    assert b"07700" not in sealed


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=90) | st.booleans() | st.none()))
def test_any_content_can_be_read_again_and_its_length_says_little(content: object) -> None:
    sealed = DIGESTS.subjects.encrypt(RECORD, content)
    assert DIGESTS.subjects.decrypt(RECORD, sealed) == content
    assert (len(sealed) - 12 - 16) % 64 == 0


def test_an_encrypted_fact_is_bound_to_its_record_its_kind_and_its_key() -> None:
    sealed = DIGESTS.contact.encrypt(RECORD, "07700 900123")
    other = Sealed(ReferenceKey(b"o" * 32).for_purpose("incidents", "contact"))
    tries = [
        (DIGESTS.contact, RECORD[::-1], sealed),
        (DIGESTS.subjects, RECORD, sealed),
        (other, RECORD, sealed),
        (DIGESTS.contact, RECORD, sealed[:-1]),
        (DIGESTS.contact, RECORD, sealed[:5]),
        (DIGESTS.contact, RECORD, b""),
        (DIGESTS.contact, RECORD, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ]
    for cipher, record, value in tries:
        with pytest.raises(NotOfThisRecordError) as failed:
            cipher.decrypt(record, value)
        assert "07700" not in repr(failed.value)


def test_two_contents_of_one_record_never_share_a_nonce() -> None:
    nonces = {DIGESTS.contact.encrypt(RECORD, n)[:12] for n in range(1_000)}
    assert len(nonces) == 1_000


def test_nothing_shows_a_key() -> None:
    shown = repr(DIGESTS) + repr(DIGESTS.contact) + repr(staff_key(LASTING))
    assert LASTING.secret.hex() not in shown
    assert "kkkk" not in shown

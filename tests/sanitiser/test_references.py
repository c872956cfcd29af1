"""References as keyed digests: they join where they should and nowhere else."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.references import KEY_BYTES, ReferenceKey

KEY = ReferenceKey(b"k" * KEY_BYTES)


def test_a_digest_is_128_bits_of_keyed_blake2b_over_its_parts() -> None:
    expected = blake2b(b"6:police5:CR/01", key=b"k" * KEY_BYTES, digest_size=16).hexdigest()
    assert KEY.digest("police", "CR/01") == expected


@given(st.lists(st.text(max_size=6), max_size=3), st.lists(st.text(max_size=6), max_size=3))
def test_a_key_that_has_taken_in_the_first_parts_goes_on_to_the_same_digest(
    first: list[str], rest: list[str]
) -> None:
    begun = KEY.begun(*first)
    assert begun.digest(*rest) == KEY.digest(*first, *rest)
    assert begun.digest(*rest) == begun.digest(*rest)


def test_the_same_parts_under_the_same_key_give_the_same_digest() -> None:
    assert KEY.digest("police", "CR/01") == ReferenceKey(b"k" * KEY_BYTES).digest("police", "CR/01")


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_different_parts_give_different_digests_however_they_are_cut(
    left: list[str], right: list[str]
) -> None:
    assert (KEY.digest(*left) == KEY.digest(*right)) == (left == right)


def test_parts_cannot_be_shifted_from_one_to_the_next() -> None:
    assert KEY.digest("ab", "c") != KEY.digest("a", "bc")
    assert KEY.digest("1:a", "b") != KEY.digest("1", "a1:b")


def test_every_key_and_purpose_digests_differently() -> None:
    keys = [
        KEY,
        ReferenceKey(b"o" * KEY_BYTES),
        KEY.for_purpose("central", "crime"),
        KEY.for_purpose("second", "crime"),
        KEY.for_purpose("central", "incident"),
        KEY.for_purpose("central", "record"),
    ]
    assert len({key.digest("police", "CR/01") for key in keys}) == len(keys)


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, 65])
def test_a_key_too_short_to_withstand_search_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 to 64 bytes"):
        ReferenceKey(b"k" * length)


def test_a_key_does_not_show_its_secret() -> None:
    assert "kkk" not in repr(KEY)
    assert "kkk" not in str(KEY)


def test_a_digest_does_not_contain_what_it_digests() -> None:
    assert "cafe" not in KEY.digest("police", "cafe" * 4)


def test_a_text_that_is_no_unicode_is_digested_too() -> None:
    assert len(KEY.digest("\ud800")) == 32

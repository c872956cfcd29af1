"""The places of a batch's releases are written as one entry, and read back record by record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.state import RELEASED_PREFIX, kind_of
from streams.state.packing import packed, unpacked

NAMES = st.binary(min_size=12, max_size=12)
VALUES = st.binary(max_size=300)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES.map(lambda n: b"d" + n), VALUES))
def test_what_is_written_gives_back_every_change(
    released: dict[bytes, bytes], others: dict[bytes, bytes]
) -> None:
    changes = {RELEASED_PREFIX + name: value for name, value in released.items()} | others
    written = packed(changes)
    assert len(written) == bool(released) + len(others)
    assert dict(entry for one in written.items() for entry in unpacked(*one)) == changes


def test_an_entry_of_a_batch_is_of_the_kind_of_what_is_in_it() -> None:
    (name,) = packed({RELEASED_PREFIX + bytes(12): b"1"})
    assert kind_of(name) == kind_of(RELEASED_PREFIX) == "withdrawals"


def test_two_batches_never_write_under_one_key_unless_they_say_the_same() -> None:
    names = [RELEASED_PREFIX + bytes([n] * 12) for n in range(2)]
    keys = {*packed({names[0]: b"1"}), *packed({names[0]: b"2"}), *packed({names[1]: b"1"})}
    assert len(keys) == 3


@given(
    st.permutations([p + bytes([n] * 12) for p in (RELEASED_PREFIX, b"b", b"d") for n in range(4)])
)
def test_what_is_written_does_not_tell_the_order_of_arrival(names: list[bytes]) -> None:
    entries = [
        name for one in packed(dict.fromkeys(names, b"1")).items() for name, _ in unpacked(*one)
    ]
    assert entries == sorted(names)

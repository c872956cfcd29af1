"""The derived keys of pending rows: in order, those of the last row of each key, none once it is settled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.state.pending import PendingKeys
from streams.state.tables import GONE

KEYS = st.sampled_from([b"e1", b"e2", b"e3"])
ROWS = st.none() | st.just(GONE) | st.builds(
    lambda day, letters: day.to_bytes(4) + bytes(letters),
    st.integers(0, 9),
    st.lists(st.sampled_from(b"abc"), max_size=3),
)  # fmt: skip


def derive(key: bytes, value: bytes) -> list[bytes]:
    return [b"%c" % letter + key for letter in value]


@given(st.lists(st.tuples(KEYS, ROWS)), st.integers(-1, 9))
def test_the_keys_are_those_of_the_last_row_of_each_key(
    changes: list[tuple[bytes, bytes | None]], expired: int
) -> None:
    pending, rows = PendingKeys(derive), dict[bytes, bytes | None]()
    for key, row in changes:
        pending.set(key, row)
        rows[key] = row
    assert [key in pending for key in rows] == [row is not None for row in rows.values()]
    there = {key: row for key, row in rows.items() if row}
    found = {
        derived
        for key, row in there.items()
        if int.from_bytes(row[:4]) > expired
        for derived in derive(key, row[4:])
    }
    assert pending.between(b"a", b"z", expired) == sorted(found)
    assert pending.between(b"b", b"c", expired) == sorted(k for k in found if k[:1] == b"b")
    pending.clear()
    assert pending.between(b"a", b"z", -1) == []

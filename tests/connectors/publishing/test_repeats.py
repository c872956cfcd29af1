from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from connectors.publishing.repeats import ROWS_NAMED, Repeats


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("abcde"), st.sampled_from("xy")))))
def test_records_that_repeat_an_identity_are_counted_as_by_a_plain_list(
    identities: list[tuple[str, str] | None],
) -> None:
    repeats, seen, later = Repeats(), defaultdict[tuple[str, str], int](int), []
    for row, identity in enumerate(identities, start=1):
        repeats.add(identity, row)
        if identity is not None:
            seen[identity] += 1
            if seen[identity] > 1:
                later.append(row)
    found = repeats.found()
    assert (found.records, found.rows) == (len(later), tuple(later[:ROWS_NAMED]))
    assert len(found.caveats) == bool(later)

from __future__ import annotations

import time

import pytest

from connectors.publishing.pace import CHUNK_BYTES, Chunk, Metronome, Pace
from transport.messages import Output


def test_a_chunk_is_due_by_rows_size_or_age(monkeypatch: pytest.MonkeyPatch) -> None:
    by_rows, by_size, by_age = Chunk(Pace(rows=2)), Chunk(Pace()), Chunk(Pace(seconds=1))
    by_rows.add(None)
    assert not any(chunk.is_due for chunk in (by_rows, by_size, by_age))
    by_rows.add(None)
    by_size.add(Output("t", None, bytes(CHUNK_BYTES)))
    by_age.opened -= 1
    assert all(chunk.is_due for chunk in (by_rows, by_size, by_age))
    assert (by_rows.rows, by_rows.messages) == (2, [])


def test_a_rate_is_kept_and_a_stall_not_made_good_in_a_burst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda s: now.__setitem__(0, now[0] + s))
    metronome = Metronome(10)
    for _ in range(21):
        metronome.wait()
    assert now[0] == pytest.approx(2)
    now[0] += 60
    for _ in range(31):
        metronome.wait()
    assert now[0] == pytest.approx(64, abs=0.2)

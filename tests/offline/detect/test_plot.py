"""The map of a scan is a picture, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from offline.detect.plot import draw
from offline.detect.reading import read_events
from offline.detect.running import Order, detect
from schemas.catalogue import load_catalogue
from tests.offline.detect.events import planted, write

pytest.importorskip("matplotlib")
PNG = b"\x89PNG\r\n\x1a\n"
ROWS = ["$A$,375000,164800,2026-03-30,1"]


@pytest.mark.parametrize("is_planted", [True, False])
def test_a_map_is_drawn_with_clusters_and_without(is_planted: bool, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    read = read_events(planted(file) if is_planted else write(file, ROWS), load_catalogue())
    draw(detect(read, Order(replicates=9)), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
    assert (tmp_path / "map.png").stat().st_mode & 0o077 == 0
    assert {each.name for each in tmp_path.iterdir()} == {"events.csv", "map.png"}

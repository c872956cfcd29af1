"""A scan of a file depends on its events and settings alone."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from offline.detect.days import day_of
from offline.detect.document import document_of
from offline.detect.errors import NothingInPeriod
from offline.detect.reading import read_events
from offline.detect.running import Order, detect
from schemas.catalogue import load_catalogue
from tests.offline.detect.events import HEADER, planted, write


def scanned(file: Path, **settings: Any) -> dict[str, Any]:
    read = read_events(file, load_catalogue())
    return document_of(read, detect(read, Order(replicates=99, **settings)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return planted(tmp_path / "events.csv")


def test_the_planted_cluster_is_found(file: Path) -> None:
    best = scanned(file)["clusters"][0]
    assert "S4" in best["sites"]
    assert (best["from"], best["to"], best["radius_m"]) == ("2026-03-29", "2026-03-30", 0)
    assert best["centre"] == [375400, 165200]
    assert best["p"] < 0.05


def test_the_same_seed_gives_the_same_result_and_another_seed_another_p(file: Path) -> None:
    assert scanned(file, seed=7) == scanned(file, seed=7)
    first, second = (scanned(file, seed=seed)["clusters"][0] for seed in (1, 2))
    assert first["llr"] == second["llr"]
    assert first["p_gumbel"] != second["p_gumbel"]


def test_the_order_of_the_rows_does_not_matter_to_what_is_found(file: Path, tmp_path: Path) -> None:
    rows = file.read_text().splitlines()[1:]
    random.Random(3).shuffle(rows)
    found = [scanned(each)["clusters"][0] for each in (file, write(tmp_path / "b.csv", rows))]
    assert [each["llr"] for each in found] == pytest.approx([found[0]["llr"]] * 2)
    assert [each["observed"] for each in found] == [found[0]["observed"]] * 2


def test_progress_ends_with_all_replicates(file: Path) -> None:
    shown: list[tuple[int, int]] = []
    read = read_events(file, load_catalogue())
    detect(read, Order(replicates=99), lambda done, total, _: shown.append((done, total)))
    assert shown[-1] == (99, 99)
    assert len(shown) > 10


def test_days_after_the_as_of_day_do_not_count(file: Path, tmp_path: Path) -> None:
    as_of = day_of("2026-03-28")
    early = [row for row in file.read_text().splitlines()[1:] if row.split(",")[3] <= "2026-03-28"]
    cut = scanned(write(tmp_path / "cut.csv", early))
    whole = scanned(file, as_of=as_of)
    assert whole["clusters"] == cut["clusters"]
    assert whole["counts"]["cases_outside_the_study_period"] > 0


def test_a_shorter_study_leaves_out_the_days_before(file: Path) -> None:
    document = scanned(file, study_days=10)
    assert document["settings"]["study_from"] == "2026-03-21"
    assert document["counts"]["cases"] < scanned(file)["counts"]["cases"]


def test_an_as_of_day_before_all_events_is_refused(file: Path) -> None:
    said = "no event is up to 2026-02-01; its events are from 2026-03-01 to 2026-03-30"
    with pytest.raises(NothingInPeriod, match=said):
        scanned(file, as_of=day_of("2026-02-01"))


@pytest.mark.parametrize(
    "rows",
    [
        ["A,375000,164800,2026-03-30,1"],
        ["A,375000,164800,2026-03-30,5"],
        [f"S{n},{375_000 + 500 * n},164800,2026-03-30,{n + 1}" for n in range(9)],
        [f"A,375000,164800,2026-03-{day},1" for day in range(10, 31)],
    ],
    ids=["one row", "one site and day", "all on one day", "one site"],
)
def test_where_nothing_can_stand_out_there_is_no_cluster(rows: list[str], tmp_path: Path) -> None:
    assert scanned(write(tmp_path / "in.csv", rows))["clusters"] == []


def test_records_are_named_where_ids_are_those_of_records(file: Path, tmp_path: Path) -> None:
    rows = [row.split(",", 1)[1] for row in file.read_text().splitlines()[1:]]
    events = [f"r{number},{row[:-1]}1" for number, row in enumerate(rows)]
    best = scanned(write(tmp_path / "records.csv", events))["clusters"][0]
    assert best["sites"] == ["375400,165200"]
    assert {f"r{len(rows) - 2}", f"r{len(rows) - 1}"} <= set(best["records"])
    assert len(best["records"]) == best["observed"]


def test_by_weekday_a_busy_weekend_at_one_site_is_no_cluster(tmp_path: Path) -> None:
    weekend = [f"A,375000,164800,2026-03-{day:02},4" for day in range(1, 30) if day % 7 in {0, 1}]
    rest = [f"B,377000,164800,2026-03-{day:02},2" for day in range(1, 30)]
    file = write(tmp_path / "in.csv", [*weekend, *rest], HEADER)
    assert scanned(file)["clusters"][0]["llr"] > 1
    assert scanned(file, strata="weekday")["clusters"] == []

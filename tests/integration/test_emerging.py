"""Emerging problems end to end on the real broker: supplied by an agency, found, and read by recipients."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.spate import (
    BUSINESS,
    COUNCIL,
    POLICE,
    Findings,
    Watched,
    history,
    postcodes,
    row,
    watched,
    with_emerging,
)
from tests.integration.waiting import PATIENCE_S, until
from transport.reader import Denied, read_all

pytestmark = pytest.mark.broker

SPATE = [f"S-{number}" for number in range(8)]


@pytest.fixture(scope="module")
def at_work(stack: Stack, site_of: MakeSite) -> Iterator[Watched]:
    """A partnership with half a year of incidents, whose detector has evaluated them."""
    site = site_of(stack, "emerging", with_emerging)
    with watched(site) as made:
        rows = history()
        made.supply("history", rows)
        until(lambda: site.receipts(POLICE)["received"] == len(rows), PATIENCE_S, "the receipts")
        made.await_evaluations()
        yield made


def test_a_spate_is_one_problem_from_the_supply_that_has_it_to_its_corrections(
    at_work: Watched,
) -> None:
    site, names = at_work.site, at_work.site.partnership.names
    council, business, police = (Findings(site, p) for p in (COUNCIL, BUSINESS, POLICE))
    at_work.supply("spate", [row(reference, 0) for reference in SPATE])
    opened = council.until(1, "the finding")
    assert (opened["status"], opened["version"], opened["what"]) == ("opened", 1, "asb-nuisance")
    assert opened["observed"] == len(SPATE)
    assert opened["areas"][0] == STEADY.split()[0]
    assert json.loads(opened["geometry"])["type"] == "Polygon"
    (source,) = opened["sources"]
    assert (source["agency"], source["cases"]) == (POLICE, len(SPATE))
    assert f"for {COUNCIL}" in opened["words"]

    # Each recipient has its own records, and those of its own streams alone.
    second = business.until(1, "the finding of the second profile")
    records = [{r["record_id"] for r in finding["records"]} for finding in (opened, second)]
    assert records[0].isdisjoint(records[1])
    assert police.read() == []

    # Killed in between, it finds nothing twice, and continues.
    at_work.kill()
    at_work.supply("more", [row("S-8", 0)])
    grown = council.until(2, "the growth")
    assert (grown["status"], grown["version"], grown["observed"]) == ("grown", 2, 9)
    assert [r["joined"] for r in grown["records"]].count(True) == 1
    business.until(2, "the growth of the second profile")

    # A corrected place and an erasure take a record out.
    at_work.supply("corrected", [row("S-0", 0, postcodes(1)[0])])
    corrected = council.until(3, "the correction")
    assert (corrected["version"], corrected["observed"]) == (3, 8)
    at_work.erase("S-1")
    erased = council.until(4, "the erasure")
    assert (erased["version"], erased["observed"]) == (4, 7)
    assert {f["problem"] for f in council.read()} == {opened["problem"]}
    assert [f["version"] for f in council.read()] == [1, 2, 3, 4]

    for party in (BUSINESS, POLICE, "fire", "worker"):
        with pytest.raises(Denied):
            list(read_all(site.partnership.client(party), names.alerts_emerging(COUNCIL), 1))


def test_a_standby_takes_over_and_publishes_nothing_again(at_work: Watched) -> None:
    council = Findings(at_work.site, COUNCIL)
    known = len(council.read())
    standby = at_work.start("1")
    try:
        log = at_work.site.folder / "detector-1.log"
        until(lambda: "restored" in log.read_text(), PATIENCE_S, "the standby to follow")
        assert at_work.detector is not None
        at_work.detector.kill()
        at_work.detector.wait(PATIENCE_S)
        at_work.supply("after", [row("S-9", 0)])
        assert council.until(known + 1, "the growth")["status"] == "grown"
    finally:
        standby.terminate()
        standby.wait(PATIENCE_S)
        at_work.detector = at_work.start()


def test_no_log_of_the_detector_has_content(at_work: Watched) -> None:
    assert "working by protocol" in at_work.log()
    for content in ("Acacia", STEADY, "S-0"):
        assert content not in at_work.log()

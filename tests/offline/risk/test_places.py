"""Own and moved records of a substitute postcode must look alike; a sector is not counted here."""

from __future__ import annotations

import pytest

from offline.risk.places import places
from offline.risk.truth import Truth
from sanitiser.places.location import NOWHERE, Located
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import load_catalogue
from tests.streams.partnership import small_index

TYPE = load_catalogue().record_type("police-incident")
SUBSTITUTE = "BA1 1AB"
ELSEWHERE = {"location_": Located(NOWHERE, "none", (), ())}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def row(address: str, postcode: str = SUBSTITUTE) -> dict[str, str]:
    return {"location_address": address, "location_postcode": postcode}


def reasons(
    index: PostcodeIndex, rows: list[dict[str, str]], allowed: list[dict[str, str]]
) -> set[str]:
    truths = [Truth({}, {}, frozenset(), cells, ELSEWHERE) for cells in allowed]
    hits, _ = places(rows, truths, TYPE, "central", index, 4)
    return {hit.reason for hit in hits}


TOLD_APART = {"a street with a postcode that is a substitute for others"}


def test_one_street_for_all_records_of_a_substitute_is_no_finding(index: PostcodeIndex) -> None:
    same = [row("Acacia Avenue"), row("Acacia Avenue")]
    assert reasons(index, same, same) == set()


def test_two_streets_with_a_substitute_are_found_also_where_the_sanitiser_gives_them(
    index: PostcodeIndex,
) -> None:
    apart = [row("Acacia Avenue"), row("Park Road")]
    assert reasons(index, apart, apart) == TOLD_APART


def test_a_street_that_the_sanitiser_does_not_give_is_found(index: PostcodeIndex) -> None:
    assert reasons(index, [row("Acacia Avenue")], [row("")]) == TOLD_APART


def test_a_sector_is_no_unknown_postcode(index: PostcodeIndex) -> None:
    sector = [row("", "BA1 1")]
    assert reasons(index, sector, sector) == set()

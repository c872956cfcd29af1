"""The table of an export is the only one, or the one that the options name."""

from __future__ import annotations

import pytest

from connectors.hub.errors import HubError
from connectors.hub.exports.choice import choose
from connectors.hub.tables import AnyTable, source_tables, tables_of
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue


@pytest.fixture
def tables(catalogue: Catalogue) -> tuple[AnyTable, ...]:
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    every = topics(protocol, catalogue)
    return (*tables_of(every), *source_tables(every, protocol.prefix))


def test_the_only_table_of_a_dataset_needs_no_option(tables: tuple[AnyTable, ...]) -> None:
    assert choose(tables, "fire-incident", None, None).name == "fire_incident"


def test_several_tables_are_refused_with_the_options_that_choose_each(
    tables: tuple[AnyTable, ...],
) -> None:
    with pytest.raises(HubError) as refused:
        choose(tables, "police-incident", None, None)
    for options in (
        "--profile central;",
        "--profile central --neighbour wiltshire",
        "--profile second",
    ):
        assert options in str(refused.value)


def test_a_profile_without_a_neighbour_means_the_own_area(tables: tuple[AnyTable, ...]) -> None:
    assert choose(tables, "police-incident", "central", None).schema == "central"
    chosen = choose(tables, "police-incident", "central", "wiltshire")
    assert chosen.schema == "neighbour_wiltshire_central"
    assert choose(tables, "police-incident", None, "wiltshire") == chosen


def test_a_neighbours_table_is_chosen_by_its_profile_where_it_is_the_only_one(
    tables: tuple[AnyTable, ...],
) -> None:
    own = [table for table in tables if table.topic.neighbour == "wiltshire"]
    assert choose(own, "police-incident", "central", None).topic.neighbour == "wiltshire"


@pytest.mark.parametrize(
    ("dataset", "profile", "neighbour", "said"),
    [
        ("cycling", None, None, "receives no dataset 'cycling'; accepted: ambulance-call, "),
        (
            "police-incident",
            "personal",
            None,
            "has no such table of the party; accepted: --profile",
        ),
        ("police-incident", "second", "wiltshire", "has no such table of the party; accepted:"),
    ],
)
def test_what_the_party_does_not_receive_is_refused_with_what_is_accepted(
    tables: tuple[AnyTable, ...], dataset: str, profile: str | None, neighbour: str, said: str
) -> None:
    with pytest.raises(HubError, match=said):
        choose(tables, dataset, profile, neighbour)

"""Markings are ordered, and at each level personal data is marked higher than other data."""

from __future__ import annotations

import itertools

import pytest

from isp.agreement.law import load_law
from isp.agreement.marking import marking, parsed
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.marked import unmarked

LAWS = load_law().laws
PROTOCOLS = sorted((SCHEMA_FOLDER / "protocols").glob("*.yaml"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize("law", LAWS)
def test_of_one_level_what_is_of_people_stands_above_what_is_not_and_levels_in_their_order(
    law: str,
) -> None:
    of = LAWS[law]
    in_order = [marking(of, level, personal=p) for level in of.markings for p in (False, True)]
    assert in_order == sorted(in_order)
    for low, high in itertools.combinations(in_order, 2):
        assert low < high
        assert not high < low


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_no_topic_of_people_is_marked_below_one_that_is_not(
    path: object, catalogue: Catalogue
) -> None:
    protocol = load_protocol(path, catalogue)  # type: ignore[arg-type]
    law = LAWS[protocol.law]
    made = [t for t in topics(protocol, catalogue) if t.family != "aggregate"]
    markings = [parsed(law, topic.marking) for topic in made]
    assert max(m for m in markings if not m.personal) <= min(m for m in markings if m.personal)


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_every_topic_s_registered_schema_carries_its_marking(
    path: object, catalogue: Catalogue
) -> None:
    for topic in topics(load_protocol(path, catalogue), catalogue):  # type: ignore[arg-type]
        assert topic.schema["marking"] == topic.marking
        assert "marking" not in unmarked(topic.schema)


def test_a_schema_is_the_same_however_the_registry_parts_its_name() -> None:
    whole = {"type": "record", "name": "ipu.Case", "fields": []}
    parted = {"type": "record", "name": "Case", "namespace": "ipu", "fields": [], "marking": "X"}
    assert unmarked(whole) == unmarked(parted) == whole


def test_a_marking_that_the_law_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="SECRETISH' is not a marking; accepted: PROTECT"):
        marking(LAWS["guidance-2010"], "SECRETISH", personal=False)

"""A party floods the discloser with letters: the others' cases go on, and the audit hardly grows."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from isp.agreement.topics import MAXIMUM_LETTER_BYTES, topics
from isp.cases.case import State
from isp.cases.letters import LONGEST_LETTER_BYTES
from ops.embedded.stack import Stack
from schemas.wire import encoder
from streams.disclosure.feed import CaseFeed
from tests.integration.attacks import raw_batches
from tests.integration.clients import write_outcomes
from tests.integration.conftest import MakeSite
from tests.integration.site import Raw, Site
from tests.integration.test_disclosures import (
    approved,
    asked,
    at_work,
    office_of,
    serving,
    settings_of,
    until_state,
)
from tests.integration.test_supplies import run

pytestmark = pytest.mark.broker

FLOODER = "fire"
SMALL, LARGE = 2_000, 200


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "letters")


def noise(site: Site) -> Iterable[Raw]:
    """Messages that are no letters, and some that are letters by their schema alone."""
    partnership = site.partnership
    made = {t.name: t for t in topics(partnership.protocol, partnership.catalogue)}
    topic = made[partnership.names.letters(FLOODER)]
    encode = encoder(topic.schema, partnership.applied.schema_ids[topic.subject])
    yield from ((b"key", b"ten bytes!") for _ in range(SMALL))
    large = encode({"document": "[" * (LONGEST_LETTER_BYTES - 300), "signature": "x"})
    yield from ((b"key", large) for _ in range(LARGE))


def entries_of(site: Site, party: str) -> list[dict[str, object]]:
    found = run(site, "audit", "show", "--json").document["entries"]
    return [e for e in found if e["actor"] == site.partnership.names.principal(party)]


def test_a_letter_larger_than_any_is_refused_by_the_broker(site: Site) -> None:
    topic = site.partnership.names.letters(FLOODER)
    client = site.partnership.client(FLOODER)
    outcome = write_outcomes(client, [topic], b"x" * (MAXIMUM_LETTER_BYTES + 1))
    assert outcome == {topic: "MSG_SIZE_TOO_LARGE"}


def test_a_flood_of_letters_by_one_party_delays_no_other_s_case(site: Site) -> None:
    site.publish_raw(FLOODER, site.partnership.names.letters(FLOODER), noise(site))
    with serving(site):
        case = asked(site)
        approved(site, case)
        until_state(site, case, State.OPEN)
    counted = [e["counts"] for e in entries_of(site, FLOODER)]
    assert 1 <= len(counted) <= 10
    assert sum(c["letters"] for c in counted) >= 10  # type: ignore[index]
    answers = office_of(site, FLOODER).inbox().refusals
    assert answers
    assert set(answers.values()) == {("it is not a letter",)}


def test_letters_that_no_client_can_read_are_passed_over_and_the_next_is_taken(site: Site) -> None:
    whole = raw_batches.batch([(b"key", b"ten bytes!", ())] * 3)
    topic, client = site.partnership.names.letters("police"), site.partnership.client("police")
    assert raw_batches.send(client, topic, raw_batches.in_two_members(whole)) == 0
    with serving(site):
        case = asked(site)
        approved(site, case)
        until_state(site, case, State.OPEN)
    assert sum(e["counts"].get("letters", 0) for e in entries_of(site, "police")) >= 1  # type: ignore[attr-defined]


def test_the_discloser_holds_few_of_the_letters_that_wait(site: Site) -> None:
    with at_work(settings_of(site)) as discloser:
        for _ in range(20):
            discloser.turn()
        assert isinstance(discloser.feed, CaseFeed)
        positions = discloser.feed.positions
        place = (site.partnership.names.letters(FLOODER), 0)
        assert len(positions._waiting[place]) <= 100
        assert positions.at[place] < SMALL, "most of them still wait at the broker"

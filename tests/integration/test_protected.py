"""Protected places on a real broker: what was released of one is corrected, also if the worker is killed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.topics import topics
from ops.embedded.stack import Stack
from sanitiser.address.household import household
from sanitiser.protected.listed import Place
from schemas.wire import decoder
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY, incident
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import protected_in
from transport.reader import Message

pytestmark = pytest.mark.broker

DATASET = "police-incident"
STREET = "Acacia Avenue"
RECORDS = 130
"""More than the worker releases again in one transaction."""


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "protecting")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("protected")


def add(folder: Path, number: int) -> None:
    place = Place(None, household(f"{number} {STREET}", STEADY), STEADY, None)
    protected_in(folder).change(lambda listed: listed.with_places([place], 1))


def at(number: int, reference: str) -> dict[str, Any]:
    return incident(reference, location_address=f"{number} {STREET}, Bath")


def newest(site: Site, profile: str) -> dict[str, dict[str, Any]]:
    """Return the newest release of each record, as a recipient reads it."""
    topic, party = (
        site.released(profile, DATASET),
        {"central": "council", "second": "business"}[profile],
    )
    made = topics(site.partnership.protocol, site.partnership.catalogue)
    decode = decoder(next(t.schema for t in made if t.name == topic))
    messages: list[Message] = site.read_all(party, topic)
    return {(m.key() or b"").decode(): decode(m.value() or b"") for m in messages}


def placeless(site: Site, profile: str = "central") -> set[str]:
    """Return the ids of the records that are released with their district alone."""
    found = set()
    for record_id, release in newest(site, profile).items():
        if release["location_postcode"] is None:
            assert release["location_district"] is not None
            assert {release[f"location_{n}"] for n in ("address", "easting", "northing")} == {None}
            found.add(record_id)
    return found


def ids(site: Site, *references: str, profile: str = "central") -> set[str]:
    name = site.namer(profile, DATASET)
    return {name({"incident_reference": reference}) for reference in references}


def test_adding_a_place_corrects_its_releases_in_every_profile(site: Site, folder: Path) -> None:
    here = [f"HERE-{n}" for n in range(RECORDS)]
    with site.worker():
        site.publish(DATASET, [at(5, r) for r in here] + [at(7, f"NEXT-{n}") for n in range(20)])
        site.publish(DATASET, [at(5, "MOVED"), at(7, "CAME")])
        site.publish(DATASET, [at(7, "MOVED"), at(5, "CAME")])
        site.drain([DATASET])
    assert placeless(site) == set()
    before = site.receipts("police")
    add(folder, 5)
    with site.worker(protected=str(folder)) as worker:
        worker.wait_ready()
        for profile in ("central", "second"):
            wanted = ids(site, *here, "CAME", profile=profile)
            corrected = partial(lambda p, n: len(placeless(site, p)) >= n, profile, len(wanted))
            until(corrected, PATIENCE_S, "the corrections")
            assert placeless(site, profile) == wanted
        site.publish(DATASET, [at(5, "LATER"), at(9, "NINTH")])
        site.drain([DATASET])
        assert "checked" in worker.log
        assert STREET not in worker.log
    assert placeless(site) == ids(site, *here, "CAME", "LATER")
    after = site.receipts("police") - before
    assert (after["received"], after["accepted"]) == (2, 2)


def test_a_running_worker_takes_a_new_place_and_a_killed_one_is_followed_by_another(
    site: Site, folder: Path
) -> None:
    found = placeless(site)
    nexts = ids(site, *(f"NEXT-{n}" for n in range(20)), "MOVED")
    with site.worker(protected=str(folder), supervised=True) as worker:
        worker.wait_ready()
        add(folder, 7)
        worker.wait_ready(2)
        worker.child().kill()
        until(lambda: placeless(site) >= found | nexts, PATIENCE_S, "the corrections")
    assert placeless(site) == found | nexts


def test_a_worker_without_the_list_ends_and_releases_nothing(site: Site, folder: Path) -> None:
    with site.worker() as worker:
        site.publish(DATASET, [at(5, "LAST")])
        until(lambda: worker.code is not None, PATIENCE_S, "the worker's end")
        assert worker.code != 0
        assert "list of protected places of this machine is missing" in worker.log
    assert not ids(site, "LAST") & newest(site, "central").keys()
    with site.worker(protected=str(folder)):
        site.drain([DATASET])
    assert ids(site, "LAST") <= placeless(site)

"""All record types through broker, registry and worker, as suppliers publish and partners read.

They are the 25 of the minimum datasets, and MARAC referrals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient  # type: ignore[attr-defined]
from confluent_kafka.schema_registry import SchemaRegistryClient

from connectors.account import Account
from connectors.errors import AccessDeniedError
from connectors.mappings.mapping_file import identity_mapping
from connectors.outcome import Outcome
from connectors.publishing.publish import Job, publish
from connectors.receipts import await_outcome
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import points_of_index
from isp.agreement.access import principals, rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import RELEASES, Topic, topics
from ops.embedded.stack import Stack
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.london import london_today
from schemas.wire import decoder, schema_id
from tests.integration.conftest import MakeSite
from tests.integration.partnership import ClientConfig
from tests.integration.site import Site
from tests.integration.waiting import PATIENCE_S

pytestmark = pytest.mark.broker

FULL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
ROWS = 40
CLOSED = "hospital-drug-alcohol"
DATASETS = sorted(set(load_catalogue().record_types) - {CLOSED})
EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)


def _for_ever(document: Any) -> None:
    for opening in document["openings"]:
        opening["from"], opening["until"] = EARLIEST, LATEST


@dataclass(frozen=True)
class Worked:
    """The outcomes of a supply of every dataset."""

    site: Site
    outcomes: dict[str, Outcome]

    def releases(self, dataset: str) -> list[Topic]:
        made = topics(self.site.partnership.protocol, self.site.partnership.catalogue)
        return [t for t in made if t.dataset == dataset and t.family in RELEASES]


@pytest.fixture(scope="module")
def worked(
    stack: Stack, site_of: MakeSite, index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worked]:
    site = site_of(stack, "alltypes", _for_ever, FULL)
    folder, postcodes = tmp_path_factory.mktemp("supplies"), points_of_index(index)
    with site.worker():
        jobs = {d: _job(site, d, folder / f"{d}.csv", postcodes) for d in DATASETS}
        published = {dataset: publish(job) for dataset, job in jobs.items()}
        outcomes = {
            dataset: await_outcome(
                jobs[dataset].account, jobs[dataset].catalogue, done.supply_id, done.records,
                start=done.receipts_from, timeout_s=PATIENCE_S,
            )
            for dataset, done in published.items()
        }  # fmt: skip
        yield Worked(site, outcomes)


def _job(site: Site, dataset: str, file: Path, postcodes: Any) -> Job:
    write_csv(file, GENERATORS[dataset](ROWS, 5, postcodes))
    partnership, agency = site.partnership, site.agency(dataset)
    connection = partnership.client(agency)
    account = Account(partnership.protocol.prefix, agency, connection)
    mapping = identity_mapping(partnership.catalogue.record_type(dataset))
    return Job(file, mapping, account, partnership.catalogue)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_supplied_record_has_an_outcome(worked: Worked, dataset: str) -> None:
    outcome = worked.outcomes[dataset]
    assert outcome.records == ROWS
    assert outcome.is_whole
    assert outcome.accepted > ROWS * 0.8
    if not worked.releases(dataset):  # shared case by case
        assert outcome.held == outcome.accepted
        return
    assert sum(outcome.released.values()) >= outcome.accepted - outcome.held > 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_releases_are_what_each_reader_s_registered_schema_says(
    worked: Worked, dataset: str
) -> None:
    site, outcome = worked.site, worked.outcomes[dataset]
    protocol = site.partnership.protocol
    registry = SchemaRegistryClient({"url": site.partnership.stack.registry_url})
    for topic in worked.releases(dataset):
        if topic.neighbour is not None:
            continue
        readers = [
            e.party for e in protocol.receives
            if (e.profile, e.neighbour) == (topic.profile, None) and dataset in e.datasets
        ]  # fmt: skip
        messages = site.read_all(readers[0], topic.name)
        assert len(messages) == outcome.released[str(topic.profile)]
        for message in messages:
            value = message.value() or b""
            registered = registry.get_schema(schema_id(value), subject_name=topic.subject)
            record = decoder(json.loads(registered.schema_str or "null"))(value)
            assert record["source_agency"] == site.agency(dataset)
            assert dict(message.headers() or [])["marking"] == topic.marking.encode()


def test_the_broker_takes_no_supply_of_a_dataset_that_is_not_opened(
    worked: Worked, index: Path, tmp_path: Path
) -> None:
    job = _job(worked.site, CLOSED, tmp_path / "closed.csv", points_of_index(index))
    with pytest.raises(AccessDeniedError, match=CLOSED):
        publish(job)


def test_a_crime_joins_its_victims_offenders_and_detection_by_its_released_reference(
    worked: Worked,
) -> None:
    def references(dataset: str) -> set[str]:
        topic = worked.site.released("central", dataset)
        return {r["crime_reference"] for r in worked.site.decoded("council", topic)}

    crimes = references("police-crime-offence")
    assert crimes & references("police-crime-victim")
    assert crimes & references("police-detection")
    assert not crimes & references("btp-crime")


def test_personal_releases_are_read_by_whom_the_protocol_entitles_and_by_nobody_else(
    worked: Worked,
) -> None:
    names = worked.site.partnership.names
    people = worked.site.decoded("probation", names.released("personal", "police-ppo"))
    assert people
    assert all(person["name"] for person in people)
    rules = worked.site.partnership.protocol.receives
    entitled = {e.party for e in rules if e.profile == "personal" and "police-ppo" in e.datasets}
    assert entitled == {"probation"}


RIGHTS = {
    AclOperation.READ: "read", AclOperation.WRITE: "write", AclOperation.CREATE: "create",
    AclOperation.DELETE: "delete", AclOperation.ALTER: "alter",
    AclOperation.ALTER_CONFIGS: "alter settings", AclOperation.DESCRIBE_CONFIGS: "read settings",
    AclOperation.DESCRIBE: "describe",
}  # fmt: skip


def rights_of(site: Site, principal: str) -> dict[str, set[str]]:
    """Return the operations on every topic of the protocol that the broker allows a principal."""
    partnership = site.partnership
    client: ClientConfig = {
        **partnership.secrets.client_config(partnership.stack.bootstrap, principal)
    }
    admin = AdminClient(client)
    asked = TopicCollection(partnership.topic_names)
    answers = admin.describe_topics(
        asked, include_authorized_operations=True, request_timeout=PATIENCE_S
    )
    found: dict[str, set[str]] = {}
    for name, future in answers.items():
        try:
            operations = future.result(PATIENCE_S).authorized_operations
        except KafkaException as refused:
            assert refused.args[0].name() == "TOPIC_AUTHORIZATION_FAILED"
            operations = []
        found[name] = {RIGHTS[o] for o in operations if o in RIGHTS}
    return found


def test_every_principal_may_do_with_every_topic_what_the_protocol_says_and_no_more(
    worked: Worked,
) -> None:
    """All of the large example, nothing sampled: each principal's own client asks the broker's authorizer."""
    site = worked.site
    protocol = load_protocol(site.protocol_file, site.partnership.catalogue)
    closed = closed_datasets(protocol, site.partnership.catalogue, london_today())
    agreed: dict[str, dict[str, set[str]]] = {
        p: {name: set() for name in site.partnership.topic_names} for p in principals(protocol)
    }
    for rule in rules(protocol, closed):
        if rule.resource == "topic" and not rule.prefixed:
            # For the broker every right implies this one.
            agreed[rule.principal][rule.name] |= {rule.operation, "describe"}
    assert {principal: rights_of(site, principal) for principal in agreed} == agreed
    assert len(agreed) * len(site.partnership.topic_names) > 3_000

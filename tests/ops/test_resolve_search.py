"""Every digest of every release leads back to its original, for its supplier, and no other does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.protocol_file import load_protocol
from isp.cases.letters import Subject
from isp.cases.subjects import matcher
from ops.resolve.candidates import Candidate
from ops.resolve.names import is_known_by_one_reference, policies_of, record_ids
from ops.resolve.search import bears, ids_about, search
from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.policy import Policy
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.london import london_time
from schemas.record_type import RecordType
from streams.sanitising.pipeline import DatasetFlow
from tests.streams.partnership import KEY, NOW, OTHER_KEY, TODAY, Partnership, minimal, small_index

CATALOGUE = load_catalogue()
PROTOCOL = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE)
LONDON = london_time(NOW)
KEYS = KeyRing(
    (Epoch(1, None, KEY), Epoch(2, TODAY - timedelta(9), OTHER_KEY)), KEY.for_purpose("lasting")
)
NEIGHBOURS = tuple(n.short_name for n in PROTOCOL.neighbours)
DIGITS = frozenset("0123456789abcdef")


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Partnership:
    """Return two epochs, the second begun before the tests' day, with all peripheral datasets open."""
    folder: Path = tmp_path_factory.mktemp("resolving")
    openings = tuple(
        o.model_copy(update={"begin": date(2020, 1, 1), "until": date(2030, 1, 1)})
        for o in PROTOCOL.openings
    )
    opened = PROTOCOL.model_copy(update={"openings": openings})
    return Partnership.of(opened, CATALOGUE, small_index(folder), keys=KEYS)


def flow_of(partnership: Partnership, dataset: str) -> DatasetFlow:
    topic = next(t for t in partnership.pipeline.topics if t.endswith(f".{dataset}"))
    return partnership.pipeline.flow(topic)


def original(dataset: str, day: date) -> dict[str, Any]:
    record_type = CATALOGUE.record_type(dataset)
    record = minimal(record_type)
    for event in record_type.events:
        record[event.date] = day
    born = {f.born for f in record_type.fields if f.born}
    return record | dict.fromkeys(born, date(1990, 6, 20))


def digests(release: dict[str, Any]) -> set[str]:
    return {v for v in release.values() if isinstance(v, str) and len(v) == 32 and set(v) <= DIGITS}


SUPPLIED = sorted({s.dataset for s in PROTOCOL.supplies})


@pytest.mark.parametrize("days", [1, 100], ids=["this epoch", "the epoch before"])
@pytest.mark.parametrize("dataset", SUPPLIED)
def test_every_digest_of_a_release_finds_its_original(
    turning: Partnership, dataset: str, days: int
) -> None:
    record = original(dataset, TODAY - timedelta(days))
    flow = flow_of(turning, dataset)
    released = turning.releases(turning.process(turning.intake(dataset, record)))
    turning.pipeline.state.rollback()
    given = flow.decode.read(turning.value(dataset, record))
    later = LONDON + timedelta(200)
    for digest in set().union(*map(digests, released)):
        found = search(digest, [Candidate(flow.steps, given, "S-1")], later)
        assert found is not None, digest
        assert (found.dataset, found.supply) == (dataset, "S-1")
        assert set(found.reference.values()) <= {str(value) for value in record.values()}
    if (
        CATALOGUE.record_type(dataset).profiles != ("personal",)
        and dataset != "hospital-drug-alcohol"
    ):
        assert released


def test_another_agencys_record_of_the_same_reference_is_not_found(turning: Partnership) -> None:
    record = original("police-incident", TODAY)
    (release, *_) = turning.releases(turning.process(turning.intake("police-incident", record)))
    flow = flow_of(turning, "council-asb")
    theirs = original("council-asb", TODAY) | {"incident_reference": record["incident_reference"]}
    given = flow.decode.read(turning.value("council-asb", theirs))
    for digest in digests(release):
        assert search(digest, [Candidate(flow.steps, given, None)], LONDON) is None


def test_what_was_rejected_bears_no_digest(turning: Partnership) -> None:
    flow = flow_of(turning, "police-incident")
    record = original("police-incident", TODAY)
    digest = next(iter(flow.steps.policies["", 0].digests(flow.steps.agency, record)))
    broken = flow.decode.read(turning.value("police-incident", record | {"incident_date": "soon"}))
    assert search(digest, [Candidate(flow.steps, broken, None)], LONDON) is None


def released_once(
    turning: Partnership, dataset: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an original of yesterday with its releases, without keeping state."""
    record = original(dataset, TODAY - timedelta(1))
    released = turning.releases(turning.process(turning.intake(dataset, record)))
    turning.pipeline.state.rollback()
    return record, released


@pytest.mark.parametrize("dataset", SUPPLIED)
def test_every_release_is_found_by_the_reference_of_its_original(
    turning: Partnership, dataset: str
) -> None:
    record_type, flow = CATALOGUE.record_type(dataset), flow_of(turning, dataset)
    record, released = released_once(turning, dataset)
    candidates = [Candidate(flow.steps, flow.decode.read(turning.value(dataset, record)), None)]
    lasting = KEY.for_purpose("lasting")
    names = [n for n in record_type.identity if record_type.field(n).kind == "text"]
    for name in names:
        found = ids_about(bears(f" {record[name]} "), candidates, LONDON, lasting, policies)
        assert {bytes.fromhex(r["record_id"]) for r in released} <= found
    none = ids_about(bears("no such reference"), candidates, LONDON, lasting, policies)
    assert none == frozenset()


def policies(record_type: RecordType) -> list[Policy]:
    return list(policies_of(KEYS, NEIGHBOURS, CATALOGUE, record_type))


@pytest.mark.parametrize("dataset", SUPPLIED)
def test_what_was_released_is_found_when_nobody_is_entitled_to_it_any_more(
    turning: Partnership, dataset: str, tmp_path: Path
) -> None:
    record_type, flow = CATALOGUE.record_type(dataset), flow_of(turning, dataset)
    record, released = released_once(turning, dataset)
    later = PROTOCOL.model_copy(update={"receives": ()})
    reference = str(record[record_type.identity[0]])
    if is_known_by_one_reference(record_type):
        found = record_ids(KEYS, (), CATALOGUE, [(flow.steps.agency, dataset)], reference)
    else:
        meanwhile = Partnership.of(later, CATALOGUE, small_index(tmp_path), keys=KEYS)
        given = flow.decode.read(turning.value(dataset, record))
        candidates = [Candidate(flow_of(meanwhile, dataset).steps, given, None)]
        found = ids_about(
            bears(reference), candidates, LONDON, KEYS.lasting,
            lambda t: policies_of(KEYS, (), CATALOGUE, t),
        )  # fmt: skip
    assert {bytes.fromhex(release["record_id"]) for release in released} <= found


def test_a_person_is_found_in_the_originals_and_a_namesake_is_not(turning: Partnership) -> None:
    dataset, born = "police-crime-victim", date(1990, 5, 17)
    record = original(dataset, TODAY) | {"name": "Jane Roe", "date_of_birth": born}
    flow = flow_of(turning, dataset)
    candidates = [Candidate(flow.steps, flow.decode.read(turning.value(dataset, record)), None)]
    lasting = KEY.for_purpose("lasting")

    def found(name: str, day: date) -> frozenset[bytes]:
        subject = Subject(name=name, date_of_birth=day)
        return ids_about(lambda t: matcher(subject, t), candidates, LONDON, lasting, policies)

    assert found("ROE, Jane", born)
    assert not found("Jane Roe", born + timedelta(1))

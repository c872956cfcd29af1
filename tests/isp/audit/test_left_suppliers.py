"""The audit still shows the releases of a supplier or a neighbour that has left the protocol."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names
from isp.audit.entry import Entry
from ops.commands import audit
from sanitiser.key_ring import KeyRing
from sanitiser.policy import Policy
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from streams.assembly import region_key
from tests.streams.partnership import KEY, NOW

CATALOGUE = load_catalogue()
PROTOCOL = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE)
INCIDENTS, FIRES, VICTIMS = "police-incident", "fire-incident", "police-crime-victim"
SUBJECT = "name: Jane Roe\ndate_of_birth: 1990-05-17\n"


def left_with(**changes: Any) -> Protocol:
    """Return a protocol in which only the police supply, only incidents, and without neighbours."""
    supplies = tuple(s for s in PROTOCOL.supplies if s.dataset == INCIDENTS)
    changes = {"supplies": supplies, "neighbours": (), **changes}
    return PROTOCOL.model_copy(update=changes)


LATER = left_with(parties=tuple(p for p in PROTOCOL.parties if p.id != "fire"))

WITHOUT_PEOPLE = left_with(
    supplies=tuple(s for s in PROTOCOL.supplies if s.dataset == "council-asb")
)
"""A protocol whose records are about nobody, so no original is searched for a subject."""


WITHOUT_PEOPLE = left_with(
    supplies=tuple(s for s in PROTOCOL.supplies if s.dataset == "police-crime-offence")
)
"""What is still supplied has no names, so no topic is searched for a person."""


def release(agency: str, dataset: str, reference: str, neighbour: str | None = None) -> Entry:
    """Return the audit entry of one release, with the name that it has in its region."""
    record_type = CATALOGUE.record_type(dataset)
    profile = record_type.profiles[0]
    key = region_key(neighbour or "", KEY)
    record = dict.fromkeys(record_type.identity, reference)
    name = Policy(record_type, profile, key, CATALOGUE.code_lists).record_id(agency, record)
    share = {
        "what": "released", "topic": "t", "agency": agency, "dataset": dataset, "supply_id": None,
        "profile": profile, "neighbour": neighbour, "recipients": ["council"], "records": 1,
        "references": bytes.fromhex(name),
    }  # fmt: skip
    content = {
        "at": NOW, "actor": "banes.worker", "action": "batch", "dataset": None, "subject": "",
        "outcome": "done", "case": None, "shares": [share], "heads": [],
    }  # fmt: skip
    return Entry(0, "h", content)


class StoodIn(NamedTuple):
    """A double of the archive, with prepared entries."""

    protocol: Protocol
    entered: list[Entry]
    catalogue: Any = CATALOGUE

    @property
    def names(self) -> Names:
        return Names(self.protocol.prefix)

    def entries(self) -> list[Entry]:
        return self.entered


def shown(
    monkeypatch: pytest.MonkeyPatch, entries: list[Entry], *asked: str, protocol: Protocol = LATER
) -> Result:
    ring = SimpleNamespace(ring=lambda: KeyRing.of(KEY))
    silent = SimpleNamespace(write=lambda _: None)
    monkeypatch.setattr(audit, "_archive", lambda *_: StoodIn(protocol, entries))
    monkeypatch.setattr(audit, "running_stack", lambda _: None)
    monkeypatch.setattr(audit, "recorder_of", lambda *_: silent)
    monkeypatch.setattr("ops.inquiry.keys_of", lambda _: ring)
    return CliRunner(env={"COLUMNS": "400"}).invoke(audit.audit, ["show", *asked])


def said(result: Result) -> str:
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("narrowed", [(), ("--agency", "fire")], ids=["any", "its own"])
def test_a_release_of_an_agency_that_has_left_is_found_by_its_reference(
    monkeypatch: pytest.MonkeyPatch, narrowed: tuple[str, ...]
) -> None:
    entries = [release("fire", FIRES, "F-7")]
    found = shown(monkeypatch, entries, "--reference", "F-7", *narrowed)
    assert found.exit_code == 0, found.output
    assert "fire-incident" in said(found)
    assert "consult fire before any answer: not a party to this protocol" in said(found)


def test_a_release_to_a_neighbour_that_has_left_is_found_by_its_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [release("police", INCIDENTS, "IN-7", neighbour="northshire")]
    found = shown(monkeypatch, entries, "--reference", "IN-7")
    assert found.exit_code == 0, found.output
    assert "northshire" in said(found)


@pytest.mark.parametrize("by", ["reference", "subject"])
def test_what_cannot_be_searched_any_more_is_named_and_never_said_to_be_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    subject = tmp_path / "subject.yaml"
    subject.write_text(SUBJECT, encoding="utf-8")
    of = ("--reference", "CRI-1") if by == "reference" else ("--subject", str(subject))
    entries = [release("police", VICTIMS, "CRI-1"), release("police", VICTIMS, "CRI-2")]
    missed = shown(monkeypatch, entries, *of, protocol=WITHOUT_PEOPLE)
    assert missed.exit_code == 0, missed.output
    assert "NOT searched: police police-crime-victim." in said(missed)
    assert "not everything could be searched" in said(missed)
    assert "no entry of the audit was found" not in said(missed)


def test_a_dataset_that_this_release_does_not_know_is_named_as_not_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = release("police", VICTIMS, "CRI-1")
    assert old.content is not None
    old.content["shares"][0]["dataset"] = "police-forgotten"
    missed = shown(monkeypatch, [old], "--reference", "CRI-1", "--json")
    assert '"not_searched"' in missed.output
    assert '"police-forgotten"' in missed.output


def test_a_miss_says_that_references_are_compared_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [release("police", INCIDENTS, "IN-7")]
    for asked in (("in-7",), ("IN-07",), ("IN -7",), ("in-7", "--json")):
        missed = shown(monkeypatch, entries, "--reference", *asked)
        assert "references are compared exactly" in said(missed), asked
    found = shown(monkeypatch, entries, "--reference", " IN-7 ")
    assert "compared exactly" not in said(found)
    assert INCIDENTS in said(found)


def test_the_file_of_a_supplier_that_has_left_needs_a_protocol_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    supply = tmp_path / "supply.csv"
    supply.write_text("a,b\n", encoding="utf-8")
    entries = [release("police", VICTIMS, "CRI-1")]
    refused = shown(
        monkeypatch, entries, "--reference", "CRI-1", "--file", str(supply),
        "--agency", "police", "--dataset", VICTIMS,
    )  # fmt: skip
    assert refused.exit_code == 2
    assert "no agency supplies police police-crime-victim" in said(refused)


def test_an_agency_of_which_nothing_is_known_is_refused_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [release("fire", FIRES, "F-7")]
    refused = shown(monkeypatch, entries, "--reference", "F-7", "--agency", "nobody")
    assert refused.exit_code == 2
    assert "fire fire-incident" in said(refused)

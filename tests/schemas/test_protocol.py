"""A protocol that must not be applied is refused with file, line, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.catalogue import Catalogue
from schemas.protocol import Protocol, ProtocolError
from schemas.protocol_file import load_protocol
from tests.protocols import FIRST

TEXT = FIRST.read_text(encoding="utf-8")

OFFICER = (
    "    liaison_officer: {post: Designated Liaison Officer, "
    "contact: fire-liaison@partnership.example}\n"
)
FAULTS = {
    "k lowered": ("minimum_households: 4", "minimum_households: 3", "minimum_households"),
    "unknown dataset": ("dataset: fire-incident", "dataset: fire-call", "'fire-call' is unknown"),
    "unknown key": ("marking: RESTRICTED", "marking: RESTRICTED\ncolour: red", "colour"),
    "marking lowered": ("marking: RESTRICTED", "marking: PUBLIC", "marking"),
    "no retention": ("  intake_days: 28\n", "", "intake_days"),
    "party twice": ("- id: council", "- id: fire", "stands twice"),
    "second group given central": ("profile: second", "profile: central", "second group"),
    "supplier is no party": ("- agency: fire", "- agency: ambulance", "'ambulance' is no party"),
    "recipient is no party": ("party: council", "party: health", "'health' is no party"),
    "the processor as party": ("- id: council", "- id: worker", "the processor itself"),
    "a point in the short name": ("short_name: banes", "short_name: banes.x", "short_name"),
    "no responsible officer": (
        OFFICER,
        "", "liaison officer",
    ),
    "an escape in a name": (
        "name: Avon and Somerset Constabulary", 'name: "Avon\\e[2J"', "which a reader cannot see",
    ),
    "an override in a post": ("post: Deputy Liaison", "post: Dep\u202euty", "\\u202e"),
    "not YAML": ("parties:", "parties: [", "not YAML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_protocol_is_refused_with_its_place(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    before, after, message = FAULTS[fault]
    assert before in TEXT
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace(before, after), encoding="utf-8")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path, catalogue)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)


def test_a_finding_names_the_line_it_stands_on(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace("dataset: fire-incident", "dataset: nothing"), encoding="utf-8")
    line = 1 + [text.strip() for text in TEXT.splitlines()].index("dataset: fire-incident")
    with pytest.raises(ProtocolError, match=f":{line}: supplies.2.dataset: dataset 'nothing'"):
        load_protocol(path, catalogue)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ProtocolError, match="no such protocol file"):
        load_protocol(tmp_path / "none.yaml", catalogue)


def test_k_may_be_raised(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace("minimum_households: 4", "minimum_households: 8"))
    protocol = load_protocol(path, catalogue)
    assert protocol.sanitising.minimum_households == 8


def test_profiles_of_a_dataset_are_those_somebody_is_entitled_to(protocol: Protocol) -> None:
    assert protocol.profiles_of("police-incident") == ("central", "second")
    assert protocol.profiles_of("fire-incident") == ("central",)
    assert protocol.profiles_of("nothing") == ()


def test_an_unknown_party_is_answered_with_those_there_are(protocol: Protocol) -> None:
    assert protocol.party("fire").kind == "fire-and-rescue"
    with pytest.raises(ProtocolError, match="police"):
        protocol.party("nobody")


@pytest.mark.parametrize(
    "text", ["police-crime-offender.occupation", "police-incident.incident_type", "nothing"]
)
def test_a_text_that_must_not_be_scrubbed_is_refused_with_what_may(
    tmp_path: Path, catalogue: Catalogue, text: str
) -> None:
    path = tmp_path / "protocol.yaml"
    allowed = f"minimum_households: 4\n  scrubbed_texts: [{text}]"
    path.write_text(TEXT.replace("minimum_households: 4", allowed), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"police-crime-offence\.method_of_entry"):
        load_protocol(path, catalogue)

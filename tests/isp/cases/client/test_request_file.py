"""A request is read from a file; a finding has the line, and never a value, which is personal data."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.cases.client.office import Officer, letter_of
from isp.cases.client.request_file import read_consent, read_request, request_of
from isp.cases.errors import DisclosureError
from isp.cases.letters import Decision
from isp.cases.sealing import public_half
from schemas.catalogue import load_catalogue
from tests.isp.cases.table import CASE, SEALING, key_of

CATALOGUE = load_catalogue()
OFFICER = Officer("council", "deputy", key_of("council", "deputy"))
REQUEST = """\
from: police
process: marac
purpose: Safety plan
questions: [Have there been incidents?]
legal_basis: cda-1998-s115
subjects:
  - {name: Jane Roe, date_of_birth: 1990-05-17}
fields:
  police-crime-victim:
  police-incident: [incident_date]
until: 2026-12-20
"""
CONSENT = """\
process: treatment-group
subject: {reference: CL-1}
form: written
on: 2026-11-24
until: 2027-11-01
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_dataset_without_fields_gets_those_that_the_process_usually_asks_for(
    tmp_path: Path,
) -> None:
    asked = read_request(written(tmp_path, REQUEST), CATALOGUE)
    letter = request_of(asked, OFFICER, public_half(SEALING), CASE)
    usual = letter.fields["police-crime-victim"]
    assert set(usual) == {
        "name", "date_of_birth", "home_address", "association_with_offender",
        "safe_contact_number", "safe_contact_times", "safe_contact_no_voicemail", "safe_contact_no_letter",
    }  # fmt: skip
    assert letter.fields["police-incident"] == ("incident_date",)
    assert (letter.party, letter.supplier) == ("council", "police")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("process: marac", "process: gossip", "process 'gossip'; accepted: marac"),
        ("police-crime-victim:", "police-gossip:", "no dataset 'police-gossip'; accepted"),
        ("date_of_birth: 1990-05-17", "age: 36", "request.yaml:7: subjects.0"),
        (
            "date_of_birth:",
            "born:",
            "subjects.0.born: is not a setting; accepted: reference, name, date",
        ),
        (
            "until: 2026-12-20",
            "until: soon",
            "request.yaml:11: until: is not a date; accepted: a date as Y",
        ),
        ("purpose: Safety plan", "purpose: ''", "request.yaml:3: purpose"),
        ("from: police", "from: [police", "not YAML"),
        (
            "process: marac",
            "process: marac\nquestions: [Is it John Roe?]",
            "not YAML",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_the_person(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(DisclosureError) as refused:
        read_request(written(tmp_path, REQUEST.replace(old, new)), CATALOGUE)
    assert why in str(refused.value)
    assert "Roe" not in str(refused.value)


def test_a_consent_that_is_given_says_in_which_form_and_until_when(tmp_path: Path) -> None:
    assert read_consent(written(tmp_path, CONSENT), OFFICER, "given").form == "written"
    without = CONSENT.replace("until: 2027-11-01\n", "")
    with pytest.raises(DisclosureError, match="needs a form and a last day"):
        read_consent(written(tmp_path, without), OFFICER, "given")
    assert read_consent(written(tmp_path, without), OFFICER, "withdrawn").given == "withdrawn"


def test_a_letter_that_cannot_be_written_names_the_field_and_not_what_it_says() -> None:
    about = {"case": CASE, "previous": "0" * 64, "outcome": "approve"}
    with pytest.raises(DisclosureError) as refused:
        letter_of(Decision, OFFICER, **about, reason="Roe " * 1_000)
    assert str(refused.value).startswith("reason: ")
    assert "Roe" not in str(refused.value)

"""A protocol that must not be applied is refused with file, line, place and reason."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import Catalogue
from schemas.yaml_file import read_yaml
from tests.protocols import FIRST
from tests.protocols.faulty import assert_refused

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
    "party twice": ("- id: council", "- id: fire", "is used twice"),
    "second group given central": ("profile: second", "profile: central", "second group"),
    "supplier is no party": ("- agency: fire", "- agency: ambulance", "'ambulance' is not a party"),
    "recipient is no party": ("party: council", "party: health", "'health' is not a party"),
    "the processor as party": ("- id: council", "- id: worker", "a component of the processor"),
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
    "blank purpose": (
        "purpose: Strategic assessment and tactical assessments", "purpose: ' '", "is blank",
    ),
    "blank post": ("{post: Deputy Liaison Officer, contact: fire-deputy@partnership.example}",
                   "{post: '', contact: ' '}", "deputy.contact: is blank"),
    "no relevant authority in law": (
        "relevant_authority: false", "relevant_authority: true", "a business is not a relevant authority",
    ),
    "a margin into a neighbour's area": (
        "  short_name: banes", "  short_name: banes\n  margin_metres: 10000", "needs an agreement",
    ),
    "an unknown period": (
        "  minimum_households: 4\n", "  minimum_households: 4\n  second: {period: day}\n",
        "sanitising.second.period",
    ),
    "fewer households for second": (
        "  minimum_households: 4\n", "  minimum_households: 9\n  second: {minimum_households: 8}\n",
        "second.minimum_households: 8 is fewer than `sanitising.minimum_households`; accepted: 9 or more",
    ),
    "an audit shorter than releases": (
        "  receipts_days: 1095", "  receipts_days: 1095\n  audit_days: 1094", "at least as long",
    ),
}  # fmt: skip


def test_a_period_that_outlasts_the_releases_is_refused(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    limit = "  substitute_limit_metres: 2000\n"
    text = TEXT.replace("depersonalised_days: 1095", "depersonalised_days: 61")
    expected = "sanitising.second.period: releases are retained 61 days"
    fault = (limit, f"{limit}  second: {{period: month}}\n", expected)
    assert_refused(text, fault, tmp_path, catalogue)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_protocol_is_refused_with_its_place(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    assert_refused(TEXT, FAULTS[fault], tmp_path, catalogue)


def test_a_finding_names_the_line_it_stands_on(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace("dataset: fire-incident", "dataset: nothing"), encoding="utf-8")
    line = 1 + [text.strip() for text in TEXT.splitlines()].index("dataset: fire-incident")
    with pytest.raises(ProtocolError, match=f":{line}: supplies.2.dataset: dataset 'nothing'"):
        load_protocol(path, catalogue)


@pytest.mark.parametrize(
    ("fault", "line_of", "place"),
    [
        ("party twice", "- id: fire", "parties.2.id"),
        ("second group given central", "profile: central", "receives.3.profile"),
        ("supplier is no party", "- agency: ambulance", "supplies.2.agency"),
        ("recipient is no party", "- party: health", "receives.0.party"),
        ("no responsible officer", "- id: fire", "parties.1"),
        ("an audit shorter than releases", "audit_days: 1094", "retention.audit_days"),
    ],
)
def test_a_finding_across_fields_names_its_own_line(
    fault: str, line_of: str, place: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    before, after, _ = FAULTS[fault]
    text = TEXT.replace(before, after)
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    # If several lines match, the last one is at fault.
    line = max(i for i, one in enumerate(text.splitlines(), 1) if one.strip() == line_of)
    with pytest.raises(ProtocolError, match=f"^{re.escape(str(path))}:{line}: {place}: "):
        load_protocol(path, catalogue)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00", b"parties: " + b"[" * 1_000, b"review: " + b"9" * 10_000, b"", b"- 1",
        b"\x00", b"a: &a [*a]", b"a: *nobody", b"!!python/object:os.system x", b"? [a]: b", b"x" * 5_000_000,
        b"a: 2026-13-45", b"a: 0x" + b"f" * 9_999, b"%YAML 9.9\n--- a", b"a: 1\na: 2",
        b"a: &a\n  <<: *a", b"a: !!bool x", b'a: !!int ""', b'a: "\\UFFFFFFFF"',
    ],
    ids=range(19),
)  # fmt: skip
def test_whatever_is_in_the_file_is_a_finding_and_no_traceback(
    content: bytes, tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_bytes(content)
    with pytest.raises(ProtocolError, match=re.escape(str(path))):
        load_protocol(path, catalogue)


@given(st.binary(max_size=300))
def test_no_bytes_whatever_give_a_traceback(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "protocol.yaml"
        path.write_bytes(content)
        with suppress(OSError):
            read_yaml(path, OSError)


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@,? \n\t09"), max_size=60))
def test_no_yaml_whatever_gives_a_traceback(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "protocol.yaml"
        path.write_text(text, encoding="utf-8")
        with suppress(OSError):
            read_yaml(path, OSError)


def test_a_review_beyond_any_calendar_is_a_finding(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(re.sub(r"(?m)^review: .*", "review: 9999-12-31", TEXT), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r":\d+: review: "):
        load_protocol(path, catalogue)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "kind: fire-and-rescue",
            "kind: fire-brigade",
            "'fire-brigade' is not accepted; accepted: 'pol",
        ),
        (
            "short_name: banes",
            "short_name: Ba th",
            r"short_name: 'Ba th' is not accepted; accepted: what matches ",
        ),
        ("  intake_days: 28", "  intake_days: many", "; given 'many'"),
        ("  intake_days: 28\n", "", "intake_days: is missing; a value is needed"),
        (
            "  intake_days: 28",
            "  days: 28",
            "retention.days: is not a setting of format 1; accepted: intake_days, ",
        ),
        ("review: ", "review: 1.4.", "is not a date; accepted: a date as YYYY-MM-DD"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    tmp_path: Path, catalogue: Catalogue, right: str, wrong: str, said: str
) -> None:
    assert right in TEXT
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ProtocolError, match=re.escape(said)):
        load_protocol(path, catalogue)


def test_a_file_that_is_no_protocol_is_told_what_one_has(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(
        ProtocolError, match="is not a protocol; accepted: format, number, follows, "
    ):
        load_protocol(path, catalogue)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ProtocolError, match="the file does not exist"):
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

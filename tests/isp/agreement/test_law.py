"""The law as data: each claim of a protocol must be supported by the law that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.agreement.law import DEGREES, Basis, Condition, load_law
from isp.agreement.protocol import ProtocolError
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import SCHEMA_FOLDER, Catalogue

TEXT = (SCHEMA_FOLDER / "protocols" / "banes.yaml").read_text(encoding="utf-8")
CONDITIONS = "    conditions: [dpa-1998-sch2-public-functions, dpa-1998-sch3-justice]\n"
YOS = "  - agency: yos\n    dataset: yos-assessment\n"
GUARDIAN = (
    "    caldicott_guardian: {post: Caldicott Guardian, "
    "contact: hospital-guardian@partnership.example}\n"
)
FAULTS = {
    "a law that is none": ("law: guidance-2010", "law: common-law", ":19: law: law 'common-law' is unknown"),
    "a marking below the law's": (
        "marking: RESTRICTED", "marking: PROTECT", "'PROTECT' is too low or unknown; accepted: RESTRICTED",
    ),
    "a marking of another time": (
        "marking: RESTRICTED", "marking: OFFICIAL-SENSITIVE", "is too low or unknown",
    ),
    "a basis that is none": (
        "legal_basis: cda-1998-s38\n", "legal_basis: goodwill\n",
        "'goodwill' is not a basis of guidance-2010",
    ),
    "a basis of another time": (
        "legal_basis: cda-1998-s38\n", "legal_basis: pcsca-2022-s16\n", "is not a basis of guidance-2010",
    ),
    "s115 for a body that is no relevant authority": (
        "    legal_basis: cda-1998-s38\n", "    legal_basis: cda-1998-s115\n",
        "'yos' is not a relevant authority (guidance 2.2.3)",
    ),
    "s17A for a body that is no relevant authority": (
        "city centre premises\n    legal_basis: depersonalised",
        "city centre premises\n    legal_basis: cda-1998-s17a", "'business' is not a relevant authority",
    ),
    "s17A for personal information": (
        "Integrated offender management\n    legal_basis: cda-1998-s115",
        "Integrated offender management\n    legal_basis: cda-1998-s17a",
        "no power to share personal information",
    ),
    "s17A for what is not prescribed": (
        "Reducing re-offending\n    legal_basis: cda-1998-s115",
        "Reducing re-offending\n    legal_basis: cda-1998-s17a",
        "police-detection: not information of a prescribed description",
    ),
    "the police and probation's duty for others": (
        "legal_basis: ea-1995-s113\n    conditions", "legal_basis: cjcsa-2000\n    conditions",
        "'council' is a council; Criminal Justice and Court Services Act 2000",
    ),
    "personal information without a condition": (
        CONDITIONS, "",
        "sensitive information needs a condition of schedule-2; accepted: dpa-1998-sch2-consent",
    ),
    "sensitive information with one of Schedule 2 alone": (
        CONDITIONS, "    conditions: [dpa-1998-sch2-public-functions]\n", "needs a condition of schedule-3",
    ),
    "a responsible authority without a deputy": (
        "    deputy: {post: Deputy Liaison Officer, contact: fire-deputy@partnership.example}\n", "",
        "'fire': a responsible authority needs a liaison officer and a deputy",
    ),
    "nobody who answers for a body": (
        "    approver: {post: Data Protection Officer, contact: bus-approver@partnership.example}\n", "",
        "'bus': name a liaison officer, or an approver",
    ),
    "a hospital without its guardian": (
        GUARDIAN,
        "",
        "'hospital': a health or social care organisation needs a Caldicott Guardian",
    ),
    "a supplier without a notification": (
        "    notification: Z1007920\n", "", "'fire': a party that shares personal data needs a notification",
    ),
    "a notification that is none": ("notification: Z1007920", "notification: 12345", "notification"),
    "a condition that is none": (
        CONDITIONS, "    conditions: [because]\n", "'because' is not a condition of guidance-2010",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_claim_that_the_law_does_not_give_is_refused_with_its_line(
    fault: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    before, after, message = FAULTS[fault]
    assert before in TEXT
    path = tmp_path / "protocol.yaml"
    path.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path, catalogue)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)


def test_the_same_protocol_can_be_told_in_todays_law(tmp_path: Path, catalogue: Catalogue) -> None:
    """Each basis and condition of the guidance names its successor in today's law."""
    law, text = load_law(), TEXT
    entries: tuple[Basis | Condition, ...] = (*law.bases, *law.conditions)
    for entry in entries:
        if entry.today is not None:
            text = text.replace(entry.id, entry.today)
    text = text.replace("law: guidance-2010", "law: today")
    text = text.replace("marking: RESTRICTED", "marking: OFFICIAL-SENSITIVE")
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    protocol = load_protocol(path, catalogue)
    assert (protocol.law, protocol.marking) == ("today", "OFFICIAL-SENSITIVE")


def test_every_entry_has_its_source_and_every_condition_a_kind_that_some_law_asks_for() -> None:
    law = load_law()
    asked = {kind for each in law.laws.values() for kind in each.sensitive_needs}
    assert all(basis.source for basis in law.bases)
    assert all(condition.source for condition in law.conditions)
    assert {condition.kind for condition in law.conditions} == asked
    assert all(set(each.personal_needs) <= set(each.sensitive_needs) for each in law.laws.values())


def test_what_carries_sensitive_information_carries_all(catalogue: Catalogue) -> None:
    for basis in load_law().bases:
        carried = [basis.carries(degree) for degree in DEGREES]
        assert carried == sorted(carried, reverse=True)
    assert load_law().prescribed <= set(catalogue.record_types)

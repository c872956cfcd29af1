"""The rights of each principal follow from the protocol only."""

from __future__ import annotations

from isp.agreement.access import grounds, principals, rules
from isp.agreement.protocol import COMPONENTS, Protocol


def granted(protocol: Protocol, operation: str, family: str) -> set[tuple[str, str]]:
    """Return the principals that may do the operation, with the topics of the family."""
    return {
        (rule.principal, rule.name)
        for rule in rules(protocol)
        if family in rule.name and rule.operation == operation
    }


def test_only_the_supplier_writes_its_intake_and_only_the_processor_reads_it(
    protocol: Protocol,
) -> None:
    intake = [rule for rule in rules(protocol) if ".intake." in rule.name]
    assert {r.principal for r in intake if r.operation == "read"} == {
        "banes.worker", "banes.discloser",
    }  # fmt: skip
    for rule in intake:
        if rule.operation == "write":
            agency = rule.name.split(".")[2]
            assert rule.principal == f"banes.{agency}"


def test_nobody_but_the_worker_writes_a_release(protocol: Protocol) -> None:
    writers = {principal for principal, _ in granted(protocol, "write", ".depersonalised.")}
    assert writers == {"banes.worker"}


def test_a_release_is_read_exactly_by_those_entitled_to_it(protocol: Protocol) -> None:
    entitled = {
        (f"banes.{e.party}", f"banes.depersonalised.{e.profile}.{dataset}")
        for e in protocol.receives
        for dataset in e.datasets
    }
    assert granted(protocol, "read", ".depersonalised.") == entitled


def test_rejections_and_receipts_go_to_their_supplier_alone(protocol: Protocol) -> None:
    for rule in rules(protocol):
        _, family, *rest = rule.name.split(".")
        if family in {"rejected", "receipts"} and rule.operation == "read":
            heads = {"banes.auditor"} if family == "receipts" else set()
            assert rule.principal in {f"banes.{rest[0]}", *heads}


def test_the_metadata_of_supplies_go_to_the_supplier_and_to_who_receives_that_dataset(
    protocol: Protocol,
) -> None:
    told = {
        (f"banes.{e.party}", f"banes.supplies.{s.agency}.{s.dataset}")
        for e in protocol.receives
        for s in protocol.supplies
        if s.dataset in e.datasets and e.profile != "second"
    }
    own = {
        (f"banes.{s.agency}", f"banes.supplies.{s.agency}.{s.dataset}") for s in protocol.supplies
    }
    assert granted(protocol, "read", ".supplies.") == told | own
    written = {r for r in rules(protocol) if ".supplies." in r.name and r.operation == "write"}
    assert {(r.principal, r.name) for r in written} == own


def test_the_audit_is_written_by_the_processor_and_read_by_the_auditor_alone(
    protocol: Protocol,
) -> None:
    found = {(r.principal, r.operation) for r in rules(protocol) if r.name == "banes.audit"}
    assert found == {
        ("banes.worker", "write"), ("banes.recorder", "write"), ("banes.discloser", "write"),
        ("banes.auditor", "read"),
    }  # fmt: skip


def test_groups_and_transactional_ids_are_each_principal_s_own(protocol: Protocol) -> None:
    own = [rule for rule in rules(protocol) if rule.resource != "topic"]
    assert {r.principal for r in own if r.resource == "group"} == set(principals(protocol))
    assert all(rule.name.startswith(f"{rule.principal}.") for rule in own)


def test_no_principal_can_make_up_a_group_or_transactional_id_but_the_discloser_for_cases(
    protocol: Protocol,
) -> None:
    wider = {r for r in rules(protocol) if r.resource != "topic" and r.prefixed}
    assert {(r.principal, r.resource, r.name) for r in wider} == {
        ("banes.discloser", "group", "banes.discloser.case."),
    }


def test_a_party_has_three_groups_of_its_own_and_a_transactional_id_for_each_that_it_supplies(
    protocol: Protocol,
) -> None:
    of_fire = {r for r in rules(protocol) if r.principal == "banes.fire" and r.resource != "topic"}
    groups = {r.name for r in of_fire if r.resource == "group"}
    assert groups == {"banes.fire.reader", *(f"banes.fire.group-{n}" for n in (1, 2, 3))}
    supplied = {s.dataset for s in protocol.supplies if s.agency == "fire"}
    ids = {r.name for r in of_fire if r.resource == "transactional-id"}
    assert ids == {f"banes.fire.publish.{dataset}" for dataset in supplied}


def test_no_rule_for_topics_is_wider_than_one_topic_but_the_discloser_s_for_cases(
    protocol: Protocol,
) -> None:
    wider = {r for r in rules(protocol) if r.resource == "topic" and r.prefixed}
    assert {(r.principal, r.operation, r.name) for r in wider} == {
        ("banes.discloser", "read", "banes.disclosed."),
        ("banes.discloser", "write", "banes.disclosed."),
    }


def test_a_party_writes_its_own_letters_and_reads_its_own_inbox_and_nobody_else_s(
    protocol: Protocol,
) -> None:
    for rule in rules(protocol):
        _, family, *rest = f"{rule.name}..".split(".")
        if rule.resource == "topic" and family in {"letters", "inbox"}:
            own = (f"banes.{rest[0]}", "write" if family == "letters" else "read")
            between = ("banes.discloser", "read" if family == "letters" else "write")
            assert (rule.principal, rule.operation) in {own, between}
    assert not [
        r for r in rules(protocol) if r.name.endswith((".letters.business", ".inbox.business"))
    ]


def test_an_entitlement_that_ends_takes_its_rules_along(protocol: Protocol) -> None:
    left = tuple(e for e in protocol.receives if e.party != "business")
    changed = protocol.model_copy(update={"receives": left})
    lost = rules(protocol) - rules(changed)
    assert {r.principal for r in lost if r.operation == "read"} == {"banes.business"}
    assert "banes.business" in principals(changed)


def test_every_principal_reads_the_schemas_and_none_writes_them(protocol: Protocol) -> None:
    found = {(r.principal, r.operation) for r in rules(protocol) if r.name == "banes.schemas"}
    assert found == {(principal, "read") for principal in principals(protocol)}


def test_every_rule_of_a_party_rests_on_an_agreement_of_the_protocol(protocol: Protocol) -> None:
    components = {f"banes.{name}" for name in COMPONENTS}
    of_parties = {
        r
        for r in rules(protocol)
        if r.principal not in components
        and r.name.split(".")[1] not in {"letters", "inbox", "schemas"}
    }
    found = grounds(protocol)
    assert found.keys() == {r for r in of_parties if r.resource == "topic"}
    agreed = {(s.purpose, s.legal_basis) for s in protocol.supplies}
    agreed |= {(e.purpose, e.legal_basis) for e in protocol.receives}
    assert {(g.purpose, g.legal_basis) for why in found.values() for g in why} <= agreed

"""The rights of the information hub: it reads what it stores, and writes the audit alone."""

from __future__ import annotations

import pytest

from isp.agreement.access import AclRule, principals, rules
from isp.agreement.hub import Hub
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import stored
from isp.signing.signatures import terms_digest
from schemas.catalogue import SCHEMA_FOLDER, Catalogue


def with_hub(protocol: Protocol, *, personal: bool = False) -> Protocol:
    return protocol.model_copy(update={"hub": Hub(personal=personal)})


def of_hub(protocol: Protocol) -> set[AclRule]:
    return {rule for rule in rules(protocol) if rule.principal == "banes.hub"}


@pytest.mark.parametrize("personal", [False, True])
def test_the_hub_reads_what_it_stores_and_writes_the_audit_alone(
    catalogue: Catalogue, personal: bool
) -> None:
    banes = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    agreed = with_hub(banes, personal=personal)
    of_topics = {(r.operation, r.name) for r in of_hub(agreed) if r.resource == "topic"}
    names = {topic.name for topic in stored(agreed, catalogue)}
    own = {"banes.internal.protocol", "banes.schemas", "banes.internal.audit-heads"}
    written = {("write", "banes.audit"), ("write", "banes.internal.audit-heads")}
    assert of_topics == {("read", name) for name in names | own} | written
    assert any(name.startswith("banes.personal.") for name in names) is personal
    others = {(r.resource, r.name) for r in of_hub(agreed) if r.resource != "topic"}
    assert others == {
        ("group", "banes.hub.reader"),
        ("transactional-id", "banes.hub.copies"),
    }


def test_without_a_hub_it_has_no_login_and_no_right(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    assert "banes.hub" not in principals(protocol)
    assert of_hub(protocol) == set()
    assert stored(protocol, catalogue) == ()


def test_the_hub_is_in_the_terms_of_those_who_supply_or_receive_and_of_no_other(
    protocol: Protocol,
) -> None:
    agreed = with_hub(protocol)
    concerned = {s.agency for s in protocol.supplies} | {a.agency for a in protocol.aggregates}
    concerned |= {e.party for e in protocol.receives}
    for party in protocol.parties:
        is_same = terms_digest(protocol, party.id) == terms_digest(agreed, party.id)
        assert is_same is (party.id not in concerned)

"""Readers of the stored state of cases, for the discloser and for administrators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Message

from isp.agreement.access import AclRule, Ground
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.broker.case_resources import rule_of
from isp.cases.case import State
from isp.cases.standing import Standing
from schemas.catalogue import Catalogue
from schemas.wire import decoder
from transport.reader import read_all, read_present


def read_standing(client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue) -> Standing:
    """Read the present state of each case and consent. Errors as `transport.reader.read_all`."""
    return _standing(read_all(client, Names(protocol.prefix).cases, 1), catalogue)


def known_standing(client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue) -> Standing:
    """Read the present state of each case and consent; there are none before the protocol is applied.

    Errors as `transport.reader.read_all`.
    """
    return _standing(read_present(client, Names(protocol.prefix).cases, 1), catalogue)


def _standing(messages: Iterable[Message], catalogue: Catalogue) -> Standing:
    decode, standing = decoder(catalogue.system["case"]), Standing()
    for message in messages:
        key, value = message.key(), message.value()
        if key is not None and value is not None:
            standing.take(key.decode() if isinstance(key, bytes) else key, decode(value))
    return standing


def case_grounds(
    client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue
) -> dict[AclRule, frozenset[Ground]]:
    """Return the access rules of open cases, each with its purpose, legal basis and conditions.

    The result is empty before the protocol is applied. Errors as `transport.reader.read_all`.
    """
    cases = known_standing(client, protocol, catalogue).cases.values()
    names = Names(protocol.prefix)
    return {
        rule_of(case, names): frozenset({Ground(case.purpose, case.legal_basis, case.conditions)})
        for case in cases
        if case.state is State.OPEN
    }

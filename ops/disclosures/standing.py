"""The cases as the discloser keeps them, for itself and for those who administer it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Message

from ops.disclosures.openings import rule_of
from ops.reader import read_all, read_present
from schemas.access import Ground, Rule
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.topics import Names
from schemas.wire import decoder
from streams.disclosures.case import State
from streams.disclosures.standing import Standing


def read_standing(client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue) -> Standing:
    """Read every case and consent as it stands now. Errors as `ops.reader.read_all`."""
    return _standing(read_all(client, Names(protocol.prefix).cases, 1), catalogue)


def known_standing(client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue) -> Standing:
    """Read every case and consent as it stands now; nothing stands before the protocol is applied.

    Errors as `ops.reader.read_all`.
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
) -> dict[Rule, frozenset[Ground]]:
    """The rules that open cases have at the broker, with what each rests on.

    None before the protocol is applied. Errors as `ops.reader.read_all`.
    """
    cases = known_standing(client, protocol, catalogue).cases.values()
    names = Names(protocol.prefix)
    return {
        rule_of(case, names): frozenset({Ground(case.purpose, case.legal_basis, case.conditions)})
        for case in cases
        if case.state is State.OPEN
    }

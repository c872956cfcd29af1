"""The cases as the discloser keeps them, for those who administer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.disclosures.openings import rule_of
from ops.reader import ReadError, read_all
from schemas.access import Ground, Rule
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.topics import Names
from schemas.wire import decoder
from streams.disclosures.case import Case, State, read_stored


def standing_cases(
    client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue
) -> dict[str, Case]:
    """Every case by id, as it stands now. Errors as `ops.reader.read_all`."""
    decode = decoder(catalogue.system["case"])
    found: dict[str, Case] = {}
    for message in read_all(client, Names(protocol.prefix).cases, 1):
        value = message.value()
        stood = decode(value) if value is not None else {"kind": ""}
        if stood["kind"] == "case":
            case = read_stored("case", stood["document"])
            if isinstance(case, Case):
                found[case.case] = case
    return found


def known_cases(
    client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue
) -> tuple[Case, ...]:
    """Return every case as it stands now; none before the protocol is applied."""
    try:
        return tuple(standing_cases(client, protocol, catalogue).values())
    except ReadError:
        return ()


def case_grounds(
    client: Mapping[str, Any], protocol: Protocol, catalogue: Catalogue
) -> dict[Rule, frozenset[Ground]]:
    """The rules that open cases have at the broker, with what each rests on; none before it is applied."""
    cases = known_cases(client, protocol, catalogue)
    names = Names(protocol.prefix)
    return {
        rule_of(case, names): frozenset({Ground(case.purpose, case.legal_basis, case.conditions)})
        for case in cases
        if case.state is State.OPEN
    }

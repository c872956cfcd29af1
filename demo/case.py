"""Run one case: the council asks the police about a household, then destroys what it got."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from isp.agreement.protocol import Post
from isp.cases.case import State
from isp.cases.client.office import Office, Officer, letter_of
from isp.cases.client.recipient import make_sealing_key, opened_records, sealing_key_file
from isp.cases.client.request_file import new_case
from isp.cases.letters import Decision, Ending, Request
from isp.cases.sealing import public_half
from isp.keys.officer_keys import load_key
from ops.exercise import officers_key
from ops.system import System
from schemas.london import london_today
from transport.reader import Denied, read_all

_DATASET = "police-incident"
_FIELDS = ("incident_reference", "incident_date", "incident_type", "location_address")
_RECIPIENT, _SUPPLIER = "council", "police"
_POST: Post = "deputy"
_SECONDS = 30.0
_BETWEEN_SECONDS = 0.2


class CaseSeen(NamedTuple):
    """The outcome of the case: records decrypted, parties denied, resources destroyed, seconds taken."""

    case: str
    records: int
    denied: int
    asked: int
    destroyed: tuple[str, ...]
    opened_seconds: float


def try_a_case(system: System, original: Mapping[str, Any]) -> CaseSeen:
    """Request everything at the address of an original, read it, and end the case."""
    council, police = _office(system, _RECIPIENT), _office(system, _SUPPLIER)
    case, began = new_case(), time.monotonic()
    file = sealing_key_file(system.stack.secrets.folder, _RECIPIENT, case)
    asking, deciding = _officer(system, council), _officer(system, police)
    request = _request(case, original, asking, public_half(make_sealing_key(file)))
    head = council.send(request, asking)
    assert head is not None
    approval = {"outcome": "approve", "reason": "proportionate to the risk"}
    police.send(letter_of(Decision, deciding, case=case, previous=head.head, **approval), deciding)
    records = _await_records(council, case, file)
    took = time.monotonic() - began
    others = [p.id for p in system.protocol.parties if p.id != _RECIPIENT]
    denied = sum(_is_denied(system, party, case) for party in others)
    ending = {"previous": council.case(case).head, "destroyed": "none were made"}
    council.send(letter_of(Ending, asking, case=case, **ending), asking)
    file.unlink()
    destroyed = _await_end(council, case)
    return CaseSeen(case, records, denied, len(others), destroyed, took)


def _office(system: System, party: str) -> Office:
    found = system.protocol.party(party)
    client = system.client(party)
    return Office(client, system.protocol, system.catalogue, found)


def _officer(system: System, office: Office) -> Officer:
    file = officers_key(system.stack.run_dir, office.party.id, _POST)
    return office.officer(load_key(file))


def _request(case: str, original: Mapping[str, Any], asking: Officer, sealing: str) -> Request:
    # The address as supplied: its town is made up, so house and street alone would be another address.
    address = str(original["location_address"])
    about = {
        "purpose": "Safety plan for a household", "questions": ["Have there been incidents?"],
        "legal_basis": "cda-1998-s115",
        "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
        "subjects": [{"address": address, "postcode": original["location_postcode"]}],
        "fields": {_DATASET: _FIELDS}, "until": london_today() + timedelta(28),
    }  # fmt: skip
    to = {"supplier": _SUPPLIER, "process": "marac", "sealing_key": sealing}
    return letter_of(Request, asking, case=case, **to, **about)


def _await_records(office: Office, case: str, file: Any) -> int:
    """Return the number of disclosed records when all earlier records have been processed."""
    give_up = time.monotonic() + _SECONDS
    while time.monotonic() < give_up:
        flow = office.case(case).flow
        if flow is not None and flow.caught_up:
            return sum(1 for _ in opened_records(office, case, file))
        time.sleep(_BETWEEN_SECONDS)
    return 0


def _await_end(office: Office, case: str) -> tuple[str, ...]:
    give_up = time.monotonic() + _SECONDS
    while time.monotonic() < give_up:
        stands = office.case(case)
        if stands.state is State.CLOSED:
            return stands.destroyed
        time.sleep(_BETWEEN_SECONDS)
    return ()


def _is_denied(system: System, party: str, case: str) -> bool:
    office = _office(system, party)
    try:
        list(read_all(office.client, office.names.disclosed(case), 1))
    except Denied:
        return True
    return False

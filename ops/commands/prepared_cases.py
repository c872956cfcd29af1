"""Explain a case that was prepared from an alert: who prepared it, why, until when, and the next command."""

from __future__ import annotations

from collections.abc import Iterator

from isp.agreement.protocol import HEALTH, Party, Protocol
from isp.cases.case import Case
from isp.cases.prepared import PreparedRequest
from isp.cases.rules import DECIDABLE


def prepared_lines(case: Case, party: str, protocol: Protocol) -> Iterator[str]:
    """Yield what a party is to know of an undecided case that was prepared from an alert; else nothing.

    Nothing names a subject.
    """
    parties = {each.id: each for each in protocol.parties}
    supplier = parties.get(case.supplier)
    if not case.is_prepared or case.state not in DECIDABLE or supplier is None:
        return
    yield (
        f"case {case.case}: prepared by the alerts agent for {case.recipient}, under the terms that the "
        f"protocol has for it (alerts.domestic); alert {case.event}"
    )
    yield f"  why: {case.purpose}"
    if party == case.supplier and case.prepared is not None:
        yield from _to_supplier(case, case.prepared, supplier)
    else:
        yield f"  {case.supplier} decides; whom it is about is shown after an approval"


def _to_supplier(case: Case, asked: PreparedRequest, supplier: Party) -> Iterator[str]:
    if asked.urgent is not None:
        yield f"  urgent: {asked.urgent}"
    yield f"  decide by {asked.until}; after this day it lapses"
    acting = f"--as {case.supplier} --key KEY.pem"
    if supplier.kind in HEALTH and not case.advised:
        yield f"  first, as caldicott_guardian: ipu disclose advise {case.case} share {acting}"
    yield f"  next: ipu disclose approve {case.case} {acting}"
    if asked.urgent is not None and supplier.duty_officer is not None:
        yield (
            f'  or, as duty_officer: ipu disclose approve {case.case} {acting} --urgent "the risk to life"'
        )
    yield f"  or: ipu disclose refuse {case.case} {acting}"

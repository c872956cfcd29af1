"""Datasets that are shared on a day: core ones always, peripheral ones only for a stated requirement."""

from __future__ import annotations

from datetime import date

from isp.agreement.protocol import Protocol
from schemas.catalogue import Catalogue


def closed_datasets(protocol: Protocol, catalogue: Catalogue, day: date) -> frozenset[str]:
    """Return the supplied datasets not shared on `day` (Europe/London): peripheral and not opened.

    Guidance 3.1.2: peripheral data are "shared as and when they are required to support a
    specific CSP intelligence requirement".
    """
    supplied = {supply.dataset for supply in protocol.supplies}
    return frozenset(
        dataset
        for dataset in supplied
        if not catalogue.record_type(dataset).core and not protocol.is_opened(dataset, day)
    )

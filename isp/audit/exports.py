"""The entry of the audit for records that leave the hub as a file for a party. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from isp.agreement.topics import Topic
from isp.audit.shares import read_shares

ACTION: Final = "export"


def export_entry(
    principal: str, topic: Topic, digest: str, records: Mapping[str, int], **traits: bool
) -> dict[str, Any]:
    """Return an entry, with a share for each agency whose records are in the file.

    `principal` is the recipient's. `digest` is the SHA-256 of the file, in hexadecimal. `records` are their
    numbers by agency. `traits` are counted if they are true, such as `encrypted`. The condition that chose
    the records is not in the entry, because it can name a person.
    """
    return {
        "actor": principal,
        "action": ACTION,
        "dataset": topic.dataset,
        "subject": digest,
        "outcome": "done",
        "counts": {"records": sum(records.values())}
        | {n: 1 for n, is_so in traits.items() if is_so},
        "shares": read_shares(topic, principal, records),
    }

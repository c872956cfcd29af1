"""The messages that record a step of the discloser: state of cases, inboxes, and audit entries."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, Topic, topics
from isp.audit.chain import Heads
from isp.cases.case import Case, ConsentRecord
from isp.cases.register import Refused, Register, Taken
from schemas.actors import ALERTER
from schemas.catalogue import Catalogue
from schemas.wire import Encode
from streams.audit import AuditWriter
from streams.disclosure.releases import Passage
from streams.steps.route import Destination
from transport.messages import MARKING_HEADER, Headers, Output

UNREADABLE = "cannot be read; nothing is released for it"
"""Outcome in the audit for a case, or consents, that this release cannot read."""
REFUSALS = "refusals"
"""Key of the answer to refused letters."""
_ANSWER_CHARACTERS = 200_000
"""Largest size of the refusals in one answer, well below the largest size of a message."""

Supply = tuple[str, str, str | None]
"""The agency, dataset and supply of a record."""


class CaseWriter:
    """Makes outputs and linked audit entries; `commit` keeps the entries, `rollback` forgets them."""

    def __init__(
        self,
        protocol: Protocol,
        catalogue: Catalogue,
        encoder: Callable[[Topic], Encode],
        heads: Heads,
        chain: str,
    ) -> None:
        """Take the heads of all chains of the audit, and the name of the chain to write.

        `heads` has the committed head of this chain once it is restored.
        """
        self._names = Names(protocol.prefix)
        self._correspondents = {party.id for party in protocol.correspondents}
        written = {self._names.cases, self._names.audit, self._names.audit_heads}
        self._destinations = {
            t.name: Destination(t.name, encoder(t), t.marking)
            for t in topics(protocol, catalogue)
            if t.name in written or t.family == "inbox"
        }
        self._audit_writer = AuditWriter(
            self._destinations[self._names.audit],
            self._destinations[self._names.audit_heads],
            heads,
            lambda _now_ms: heads.of(chain),
        )

    def commit(self) -> None:
        """Continue from the entries made, which are committed."""
        self._audit_writer.commit()

    def rollback(self) -> None:
        """Continue from the last committed entries."""
        self._audit_writer.rollback()

    def taken(self, taken: Taken, now: datetime) -> Iterator[Output]:
        """Yield the audit entry of a letter, prepared request or event, and the new state of its record."""
        case = taken.record if isinstance(taken.record, Case) else None
        entry = {
            "actor": self._names.principal(taken.actor.party),
            "action": "prepared" if taken.actor == ALERTER else "letter",
            "subject": case.head if case else "",
            "outcome": _said(taken),
            "case": case.case if case else None,
            "grounds": case.grounds if case else "",
        }
        yield from self._audit(entry, now)
        # After the entry, so that the state has the entry's hash.
        yield from self.stands(taken.key, taken.record, now)

    def stands(self, key: str, record: Case | ConsentRecord, now: datetime) -> Iterator[Output]:
        """Yield the state of a case or consent, for the register and the inboxes of those concerned."""
        kind = "case" if isinstance(record, Case) else "consent"
        yield self._stands(self._names.cases, key, kind, record.model_dump_json(), now)
        for party in _concerned(record):
            if party in self._correspondents:
                document = _as_seen_by(party, record).model_dump_json()
                yield self._stands(self._names.inbox(party), key, kind, document, now)

    def refused(self, party: str, refused: Sequence[Refused], now: datetime) -> Iterator[Output]:
        """Yield one answer to all refused letters of a turn, for their writer alone, and its audit entry.

        The newest answer replaces the one before. Refusals that do not fit into the answer are only counted.
        """
        answers = list(_fitting(refused))
        document = {"refusals": answers, "more": len(refused) - len(answers)}
        inbox = self._names.inbox(party)
        alone = refused[0] if len(refused) == 1 else None
        entry = {
            "actor": self._names.principal(party),
            "action": "letter",
            "subject": alone.digest if alone else "",
            "outcome": "not taken",
            "case": (alone.case or None) if alone else None,
            "counts": {"letters": len(refused)},
        }
        yield from self._audit(entry, now)
        yield self._stands(inbox, REFUSALS, "refusal", json.dumps(document), now)

    def not_prepared(self, refused: Refused, now: datetime) -> Iterator[Output]:
        """Yield the audit entry of a prepared request that was refused, with the first reason."""
        entry = {
            "actor": self._names.principal(refused.party),
            "action": "prepared",
            "subject": refused.digest,
            "outcome": f"not taken: {refused.answer['reasons'][0]}",
            "case": refused.case or None,
        }
        yield from self._audit(entry, now)

    def unreadable(self, register: Register, now: datetime) -> list[Output]:
        """Return audit entries for what this release cannot read: one for each case, one for all consents."""
        entry = {
            "actor": self._names.discloser,
            "action": "letter",
            "subject": "",
            "outcome": UNREADABLE,
        }
        outputs = [
            o for c in register.unreadable_cases for o in self._audit(entry | {"case": c}, now)
        ]
        number = len(register.unreadable_consents)
        if number:
            outputs += self._audit(entry | {"counts": {"consents": number}}, now)
        return outputs

    def disclosed(
        self, passages: Iterable[tuple[Supply, Passage]], now: datetime
    ) -> Iterator[Output]:
        """Yield the outputs of passages, and one audit entry for each case."""
        by_case: dict[str, list[tuple[Supply, Passage]]] = defaultdict(list)
        for supply, passage in passages:
            by_case[passage.case.case].append((supply, passage))
            yield passage.output
        for found in by_case.values():
            case = found[0][1].case
            entry = {
                "actor": self._names.discloser,
                "action": "disclosure",
                "subject": case.case,
                "outcome": "done",
                "case": case.case,
                "grounds": case.grounds,
                "shares": list(_shares(case, found)),
            }
            yield from self._audit(entry, now)

    def _stands(self, topic: str, key: str, kind: str, document: str, now: datetime) -> Output:
        to, at = self._destinations[topic], _milliseconds(now)
        head = self._audit_writer.head(at)
        stood = {"at": at, "kind": kind, "document": document}
        audit = {
            "audit_chain": head.chain,
            "audit_sequence": head.sequence,
            "audit_hash": head.hash,
        }
        headers: Headers = [(MARKING_HEADER, to.marking.encode())]
        return Output(topic, key.encode(), to.encode(stood | audit), headers)

    def _audit(self, entry: Mapping[str, Any], now: datetime) -> list[Output]:
        """Return one linked entry, or several if it is too large, and the head of the last."""
        return self._audit_writer.write(entry, _milliseconds(now))


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def _fitting(refused: Sequence[Refused]) -> Iterator[dict[str, Any]]:
    """Yield as many refusals as fit into one message."""
    left = _ANSWER_CHARACTERS
    for each in refused:
        answer = each.answer
        left -= len(json.dumps(answer))
        if left < 0:
            return
        yield answer


def _concerned(record: Case | ConsentRecord) -> tuple[str, ...]:
    """Return the parties whose inboxes have the record: of a prepared case first the supplier alone."""
    if not isinstance(record, Case):
        return (record.agency,)
    if record.is_prepared and record.grant is None:
        # Supplier, number and times of undecided requests would tell the recipient of a hospital's record,
        # of the number of victims, and which of its alerts are about one victim.
        return (record.supplier,)
    return record.supplier, record.recipient


def _as_seen_by(party: str, record: Case | ConsentRecord) -> Case | ConsentRecord:
    """Return the record without what the party may not see of it."""
    return record.as_seen_by(party) if isinstance(record, Case) else record


def _said(taken: Taken) -> str:
    post = taken.actor.post
    return f"{taken.outcome}, by {post}" if post else str(taken.outcome)


def _shares(case: Case, found: Iterable[tuple[Supply, Passage]]) -> Iterator[dict[str, Any]]:
    names: dict[tuple[Supply, str, str], list[str]] = defaultdict(list)
    for supply, passage in found:
        what = "disclosed" if passage.output.value is not None else "taken-back"
        names[supply, what, passage.output.topic].append(passage.reference)
    for ((agency, dataset, supply_id), what, topic), of_share in names.items():
        yield {
            "what": what,
            "topic": topic,
            "agency": agency,
            "dataset": dataset,
            "supply_id": supply_id,
            "recipients": [case.recipient],
            "records": len(of_share),
            "references": bytes.fromhex("".join(sorted(of_share))),
        }

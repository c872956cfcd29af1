"""Verification of the audit: no entry was changed, removed, moved or cut off.

Pure. Each chain proves its own order and content up to its last entry. Heads outside the chain prove that
there were no later entries. These heads are in the other chains, in the agencies' receipts, in the agencies'
files, and in the topic of heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from isp.audit.chain import ChainHead
from isp.audit.chains import Implied
from isp.audit.entry import Entry, Held


class Break(NamedTuple):
    """One fault of the audit. `sequence` is the number of the entry, `offset` its place in the topic.

    `rewritten` is True if the entry itself fits its chain, but a head elsewhere contradicts it.
    """

    chain: str
    sequence: int
    what: str
    offset: int | None = None
    rewritten: bool = False

    def __str__(self) -> str:
        """Return the fault in words."""
        where = "" if self.offset is None else f" (offset {self.offset})"
        return f"{self.chain} entry {self.sequence}{where}: {self.what}"


@dataclass
class Verification:
    """The result of a verification: the number of entries, the head of each chain, and the faults."""

    entries: int = 0
    heads: dict[str, ChainHead] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)


def verify(
    entries: Iterable[Entry],
    elsewhere: Iterable[Held],
    kept_since: datetime | None = None,
    implied: Iterable[Implied] = (),
) -> Verification:
    """Verify each chain in `entries`, also against the heads that are held `elsewhere`.

    `entries` come in the order of the topic. If the beginning of the topic was deleted, `kept_since` is the
    time from which all entries must still exist. The `implied` chains must have an entry, unless it may be
    among the deleted ones. Each fault is reported once.
    """
    # Read the heads first: entries written during the verification must not count as cut off.
    known = _furthest(elsewhere)
    found, rewritten = Verification(), set[str]()
    for entry in entries:
        if not found.entries and kept_since is not None:
            found.breaks += _too_early(entry, kept_since)
        found.entries += 1
        found.breaks += _follow(found.heads, entry, cut=kept_since is not None)
        if entry.head.chain not in rewritten:
            for changed in _compared(entry, known):
                found.breaks.append(changed)
                rewritten.add(changed.chain)
    for held in _last_of_each_chain(known):
        found.breaks += _cut_off(found.heads.get(held.head.chain), held, kept_since)
    held_chains = {held.head.chain for held in known}
    for chain, because in implied:
        if chain not in found.heads and chain not in held_chains and kept_since is None:
            found.breaks.append(_missing(chain, 1, 1, f"; {because}"))
    return found


def first_rewritten(
    entries: Iterable[Entry], elsewhere: Iterable[Held], chain: str
) -> Iterator[Break]:
    """Yield the first entry of a chain whose hash differs from a head that is held elsewhere.

    A chain that was rewritten up to its end is consistent in itself. Even if some heads elsewhere were
    forged too, one true head is enough to find the entry.
    """
    hashes: dict[int, dict[str, Held]] = {}
    for held in elsewhere:
        if held.head.chain == chain:
            hashes.setdefault(held.head.sequence, {}).setdefault(held.head.hash, held)
    for entry in entries:
        if entry.head.chain != chain:
            continue
        for hash_, held in hashes.get(entry.head.sequence, {}).items():
            if hash_ != entry.hash:
                yield _changed(entry, held)
                return


def _furthest(elsewhere: Iterable[Held]) -> list[Held]:
    """Return, for each place and chain, the head with the highest number."""
    last: dict[tuple[str, str], Held] = {}
    for held in elsewhere:
        before = last.get((held.where, held.head.chain))
        if before is None or held.head.sequence > before.head.sequence:
            last[held.where, held.head.chain] = held
    return list(last.values())


def _last_of_each_chain(known: Iterable[Held]) -> list[Held]:
    """Return, for each chain, the head with the highest number."""
    last: dict[str, Held] = {}
    for held in known:
        before = last.get(held.head.chain)
        if before is None or held.head.sequence > before.head.sequence:
            last[held.head.chain] = held
    return list(last.values())


def _too_early(entry: Entry, kept_since: datetime) -> Iterator[Break]:
    """Yield a fault if the first entry is newer than `kept_since`: then earlier entries were deleted."""
    at = (entry.content or {}).get("at")
    if at is not None and at > kept_since:
        message = f"entries before it were deleted, though all since {kept_since.date()} are kept"
        yield Break(entry.head.chain, entry.head.sequence, message, entry.offset)


def _follow(heads: dict[str, ChainHead], entry: Entry, *, cut: bool) -> Iterator[Break]:
    """Check one entry against the head of its chain, and advance the head."""
    content = entry.content
    if content is None or not content["chain"]:
        yield Break("no chain", 0, "is not an entry of the audit", entry.offset)
        return
    chain, sequence = content["chain"], content["sequence"]
    before = heads.get(chain)
    if before is None:
        before = ChainHead(chain, sequence - 1, content["previous"]) if cut else ChainHead(chain)
    if sequence <= before.sequence:
        yield Break(chain, sequence, f"comes after entry {before.sequence}", entry.offset)
        return
    heads[chain] = entry.head
    if sequence > before.sequence + 1:
        yield _missing(chain, before.sequence + 1, sequence - 1)
    elif content["previous"] != before.hash:
        message = f"was changed: entry {sequence} holds another hash of it"
        yield Break(chain, before.sequence, message)


def _compared(entry: Entry, known: Iterable[Held]) -> Iterator[Break]:
    """Check one entry against the heads elsewhere with its number; yield the first that differs."""
    for held in known:
        place = held.head.chain, held.head.sequence
        if place == (entry.head.chain, entry.head.sequence) and held.head.hash != entry.hash:
            yield _changed(entry, held)
            return


def _changed(entry: Entry, held: Held) -> Break:
    message = f"was changed: {held.where} holds another hash of it"
    return Break(entry.head.chain, entry.head.sequence, message, entry.offset, rewritten=True)


def _cut_off(end: ChainHead | None, held: Held, kept_since: datetime | None) -> Iterator[Break]:
    """Yield a fault if the chain ends before `held`, unless the whole chain is older than `kept_since`."""
    if end is None and kept_since is not None and held.at is not None and held.at < kept_since:
        return
    reached = 0 if end is None else end.sequence
    if held.head.sequence > reached:
        why = f"; {held.where} holds the hash of entry {held.head.sequence}"
        yield _missing(held.head.chain, reached + 1, held.head.sequence, why)


def _missing(chain: str, first: int, last: int, why: str = "") -> Break:
    others = f", with all up to entry {last}" if last > first else ""
    return Break(chain, first, f"is missing{others}{why}")

"""Whether the audit is whole: nothing changed, removed, moved or cut off.

Pure. Each chain proves its own order and content up to its last entry. That there were no later ones is
proved by the heads that are held elsewhere: by the other chains, in the agencies' receipts, in the files that
agencies keep, and in the topic of heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from isp.audit.chain import Head
from isp.audit.chains import Implied
from isp.audit.entries import Entry, Held


class Break(NamedTuple):
    """One place where the audit is not whole. `sequence` names the entry, `offset` where it was seen.

    `rewritten` says that all after it in the chain holds together again, as after a forger's work.
    """

    chain: str
    sequence: int
    what: str
    offset: int | None = None
    rewritten: bool = False

    def __str__(self) -> str:
        """The finding in words."""
        where = "" if self.offset is None else f" (offset {self.offset})"
        return f"{self.chain} entry {self.sequence}{where}: {self.what}"


@dataclass
class Verification:
    """What a reading of the audit found: how far each chain goes, and where it breaks."""

    entries: int = 0
    heads: dict[str, Head] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)


def verify(
    entries: Iterable[Entry],
    elsewhere: Iterable[Held],
    kept_since: datetime | None = None,
    implied: Iterable[Implied] = (),
) -> Verification:
    """Follow every chain through `entries` and hold it against the heads that are held `elsewhere`.

    `entries` come in the order of the topic. `kept_since` is given where the topic's beginning was
    deleted: everything from that time on must still be there. The `implied` chains must have an entry, unless
    it can have been among those that were deleted. Each break is found once.
    """
    # The heads first: what is written while the audit is read must not count as cut off.
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
    """The first entry of a chain whose hash is not the one that is held elsewhere.

    For a chain that was rewritten up to its end, which holds together in itself again. Where some hold the
    hash of the forged entry, and others that of the true one, it is found by the others.
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
    """Of each place and chain the head that is furthest on."""
    last: dict[tuple[str, str], Held] = {}
    for held in elsewhere:
        before = last.get((held.where, held.head.chain))
        if before is None or held.head.sequence > before.head.sequence:
            last[held.where, held.head.chain] = held
    return list(last.values())


def _last_of_each_chain(known: Iterable[Held]) -> list[Held]:
    """Return of each chain the head that is furthest on."""
    last: dict[str, Held] = {}
    for held in known:
        before = last.get(held.head.chain)
        if before is None or held.head.sequence > before.head.sequence:
            last[held.head.chain] = held
    return list(last.values())


def _too_early(entry: Entry, kept_since: datetime) -> Iterator[Break]:
    """The first entry left is as old as its topic keeps entries, or others were taken away before it."""
    at = (entry.content or {}).get("at")
    if at is not None and at > kept_since:
        message = f"entries before it were deleted, though all since {kept_since.date()} are kept"
        yield Break(entry.head.chain, entry.head.sequence, message, entry.offset)


def _follow(heads: dict[str, Head], entry: Entry, *, cut: bool) -> Iterator[Break]:
    """Hold one entry against the end of its chain, and move that on."""
    content = entry.content
    if content is None or not content["chain"]:
        yield Break("no chain", 0, "is no entry of the audit", entry.offset)
        return
    chain, sequence = content["chain"], content["sequence"]
    before = heads.get(chain)
    if before is None:
        before = Head(chain, sequence - 1, content["previous"]) if cut else Head(chain)
    if sequence <= before.sequence:
        yield Break(chain, sequence, f"stands after entry {before.sequence}", entry.offset)
        return
    heads[chain] = entry.head
    if sequence > before.sequence + 1:
        yield _missing(chain, before.sequence + 1, sequence - 1)
    elif content["previous"] != before.hash:
        message = f"was changed: entry {sequence} holds another hash of it"
        yield Break(chain, before.sequence, message)


def _compared(entry: Entry, known: Iterable[Held]) -> Iterator[Break]:
    """Hold one entry against the heads that name it; one that differs is enough."""
    for held in known:
        place = held.head.chain, held.head.sequence
        if place == (entry.head.chain, entry.head.sequence) and held.head.hash != entry.hash:
            yield _changed(entry, held)
            return


def _changed(entry: Entry, held: Held) -> Break:
    message = f"was changed: {held.where} holds another hash of it"
    return Break(entry.head.chain, entry.head.sequence, message, entry.offset, rewritten=True)


def _cut_off(end: Head | None, held: Held, kept_since: datetime | None) -> Iterator[Break]:
    """What a head names must be there, unless its whole chain is older than what is kept."""
    if end is None and kept_since is not None and held.at is not None and held.at < kept_since:
        return
    reached = 0 if end is None else end.sequence
    if held.head.sequence > reached:
        why = f"; {held.where} holds the hash of entry {held.head.sequence}"
        yield _missing(held.head.chain, reached + 1, held.head.sequence, why)


def _missing(chain: str, first: int, last: int, why: str = "") -> Break:
    others = f", with those up to {last}" if last > first else ""
    return Break(chain, first, f"is missing{others}{why}")

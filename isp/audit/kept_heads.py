"""The heads of the audit's chains that an agency has seen, kept in a file of its own.

Whoever administers the broker can write every topic anew, receipts and inboxes too, but not this file. Each
head that is seen later is held against it, and so can the audit be (`ipu audit verify --heads`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from isp.audit.chain import Head
from isp.audit.entries import Held
from isp.keys import private_files
from isp.keys.errors import SecretError
from schemas.wire import WireError
from transport.reader import Message

FOLDER = "heads"
HEADED = frozenset({"receipts", "inbox"})
"""Families of topics whose messages hold the head of a chain."""


class HeadsDiffer(RuntimeError):
    """The audit that this agency sees now is not the one that it saw before."""


class Seen(NamedTuple):
    """A head as it was seen in a message of a topic of one partition, at `at_ms` since 1970 UTC."""

    topic: str
    offset: int
    head: Head
    at_ms: int


Kept = dict[tuple[str, str], Seen]
"""The furthest head that was seen, by topic and chain."""


def heads_file(run_dir: Path, principal: str) -> Path:
    """Return where the heads are kept that a principal has seen."""
    return run_dir / FOLDER / f"{principal}.json"


def seen_in(topic: str, offset: int | None, message: Mapping[str, Any], at_ms: int) -> Seen | None:
    """Return the head that a receipt or a message of an inbox holds; None if it holds none."""
    if offset is None or not message.get("audit_chain"):
        return None
    head = Head(message["audit_chain"], message["audit_sequence"], message["audit_hash"])
    return Seen(topic, offset, head, at_ms)


def watched(
    messages: Iterable[Message], decode: Callable[[bytes], Any], watch: Watch
) -> Iterator[Message]:
    """Yield the messages of a topic, and have `watch` note the head that each holds."""
    for message in messages:
        try:
            content = decode(message.value() or b"")
        except WireError:
            content = {}
        topic, (_, at_ms) = str(message.topic()), message.timestamp()
        watch.note(seen_in(topic, message.offset(), content, at_ms))
        yield message


def compared(kept: Seen | None, seen: Seen) -> str | None:
    """Return what is wrong with a head, given the furthest of its chain and topic; None if it is right."""
    if kept is None:
        return None
    before, after = kept.head.sequence, seen.head.sequence
    if before == after and kept.head.hash != seen.head.hash:
        return f"entry {after} has another hash than it had in {kept.topic} at offset {kept.offset}"
    if seen.offset > kept.offset and after < before:
        return f"it goes back from entry {before} to entry {after} at offset {seen.offset}"
    if seen.offset < kept.offset and after > before:
        return f"entry {after} is at offset {seen.offset}, before entry {before}: written anew"
    if seen.offset == kept.offset and after != before:
        return f"entry {after} is at offset {seen.offset}, where entry {before} was"
    return None


@dataclass
class Watch:
    """Holds the heads that one reading sees against those that were kept, in the order of each topic."""

    kept: Kept
    findings: list[str] = field(default_factory=list)
    _ends: dict[str, int] = field(default_factory=dict)

    def note(self, seen: Seen | None) -> None:
        """Hold one head against the furthest one, and go on from it if nothing is wrong."""
        if seen is None:
            return
        self._ends[seen.topic] = max(seen.offset, self._ends.get(seen.topic, 0))
        place = seen.topic, seen.head.chain
        before = self.kept.get(place)
        wrong = compared(before, seen)
        if wrong is not None:
            self._tell(f"{seen.head.chain}: {wrong}")
        elif before is None or seen.head.sequence > before.head.sequence:
            self.kept[place] = seen

    def note_end(self, topic: str) -> None:
        """Hold the end of a topic that was read whole against what was seen in it before."""
        end = self._ends.get(topic)
        for seen in self.kept.values():
            if seen.topic == topic and end is not None and end < seen.offset:
                self._tell(f"{seen.head.chain}: {topic} ends before entry {seen.head.sequence}")

    def _tell(self, finding: str) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


class HeadKeeper:
    """Keeps the heads that an agency sees in its file."""

    def __init__(self, file: Path) -> None:
        """Take where the file is, which need not be there yet."""
        self._file = file

    def watch(self) -> Watch:
        """Begin a reading.

        Raises:
            HeadsDiffer: the file is not one of heads.
        """
        return Watch(read_kept(self._file))

    def settle(self, watch: Watch) -> None:
        """Keep what a reading has seen.

        Raises:
            HeadsDiffer: it was not what was seen before. The file stays as it was, so each call says so.
        """
        if watch.findings:
            raise HeadsDiffer(
                f"the audit was changed: {'; '.join(watch.findings)} (kept in {self._file}). Tell the "
                "auditor, who can run `ipu audit verify --heads` with that file"
            )
        private_files.make_folder(self._file.parent)
        with FileLock(self._file.with_suffix(".lock")):
            # Another command of this agency may have come further meanwhile.
            others = read_kept(self._file)
            furthest = watch.kept | {
                place: seen
                for place, seen in others.items()
                if place not in watch.kept or seen.offset > watch.kept[place].offset
            }
            if furthest != others:
                private_files.write(self._file, _as_text(furthest))


def read_kept(file: Path) -> Kept:
    """Return what an agency keeps; nothing if there is no file.

    Raises:
        HeadsDiffer: the file is not one of heads, or others may read it.
    """
    try:
        document = json.loads(private_files.read(file))
        found = [Seen(s["topic"], s["offset"], Head(*s["head"]), s["at_ms"]) for s in document]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise HeadsDiffer(f"{file} is no file of heads; restore it from your backup") from None
    except SecretError as error:
        raise HeadsDiffer(str(error)) from None
    return {(seen.topic, seen.head.chain): seen for seen in found}


def held_in(file: Path) -> Iterator[Held]:
    """Yield the heads of an agency's file, to hold the audit against. Errors as `read_kept`."""
    for seen in read_kept(file).values():
        yield Held(str(file), seen.head, datetime.fromtimestamp(seen.at_ms / 1000, UTC))


def _as_text(kept: Kept) -> str:
    documents = [seen._asdict() | {"head": list(seen.head)} for _, seen in sorted(kept.items())]
    return json.dumps(documents, indent=1)

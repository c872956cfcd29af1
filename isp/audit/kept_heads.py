"""The heads of the audit's chains that an agency has seen, stored in the agency's own file.

An administrator of the broker can rewrite each topic, also receipts and inboxes, but not this file. Each head
that is seen later is compared with the file. So can the whole audit be (`ipu audit verify --heads`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from isp.audit.chain import ChainHead
from isp.audit.entry import Held
from isp.keys import private_files
from isp.keys.errors import SecretError
from schemas.wire import WireError
from transport.reader import Message

FOLDER = "heads"
HEADED = frozenset({"receipts", "inbox"})
"""Families of topics whose messages hold the head of a chain."""


class HeadsDiffer(RuntimeError):
    """The audit contradicts what this agency saw earlier, or the agency's file of heads cannot be used."""


class Seen(NamedTuple):
    """A head in a message of a topic of one partition; `at_ms` is the message's time since 1970 UTC."""

    topic: str
    offset: int
    head: ChainHead
    at_ms: int


Kept = dict[tuple[str, str], Seen]
"""The head with the highest number that was seen, by topic and chain."""


def heads_file(run_dir: Path, principal: str) -> Path:
    """Return the path of the file with the heads that a principal has seen."""
    return run_dir / FOLDER / f"{principal}.json"


def seen_in(topic: str, offset: int | None, message: Mapping[str, Any], at_ms: int) -> Seen | None:
    """Return the head in a receipt or in a message of an inbox, or None if it has none."""
    if offset is None or not message.get("audit_chain"):
        return None
    head = ChainHead(message["audit_chain"], message["audit_sequence"], message["audit_hash"])
    return Seen(topic, offset, head, at_ms)


def watched(
    messages: Iterable[Message], decode: Callable[[bytes], Any], watch: Watch
) -> Iterator[Message]:
    """Yield the messages of a topic, and give the head of each to `watch`."""
    for message in messages:
        try:
            content = decode(message.value() or b"")
        except WireError:
            content = {}
        topic, (_, at_ms) = str(message.topic()), message.timestamp()
        watch.note(seen_in(topic, message.offset(), content, at_ms))
        yield message


def compared(kept: Seen | None, seen: Seen) -> str | None:
    """Return the contradiction between a head and the stored one of its chain and topic, or None."""
    if kept is None:
        return None
    before, after = kept.head.sequence, seen.head.sequence
    if before == after and kept.head.hash != seen.head.hash:
        return f"entry {after} has another hash than it had in {kept.topic} at offset {kept.offset}"
    if seen.offset > kept.offset and after < before:
        return f"entry {after} at offset {seen.offset} comes after entry {before}"
    if seen.offset < kept.offset and after > before:
        return f"entry {after} at offset {seen.offset} comes before entry {before}: rewritten"
    if seen.offset == kept.offset and after != before:
        return f"entry {after} is at offset {seen.offset}, where entry {before} was"
    return None


@dataclass
class Watch:
    """The comparison of the heads of one reading with those stored before, in the order of each topic."""

    kept: Kept
    findings: list[str] = field(default_factory=list)
    _ends: dict[str, int] = field(default_factory=dict)

    def note(self, seen: Seen | None) -> None:
        """Compare one head with the stored one, and store it if it is newer and fits."""
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
        """Check that a topic, now read to its end, still reaches the stored heads."""
        end = self._ends.get(topic)
        for seen in self.kept.values():
            if seen.topic == topic and end is not None and end < seen.offset:
                self._tell(f"{seen.head.chain}: {topic} ends before entry {seen.head.sequence}")

    def _tell(self, finding: str) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


class HeadKeeper:
    """The file of the heads that an agency has seen."""

    def __init__(self, file: Path) -> None:
        """Take the path of the file, which need not exist yet."""
        self._file = file

    def watch(self) -> Watch:
        """Begin a reading, with the heads of the file.

        Raises:
            HeadsDiffer: the file does not hold heads.
        """
        return Watch(read_kept(self._file))

    def settle(self, watch: Watch) -> None:
        """Write the heads of a reading to the file.

        Raises:
            HeadsDiffer: they contradict the heads of the file. The file does not change, so each later
                reading raises it too.
        """
        if watch.findings:
            raise HeadsDiffer(
                f"the audit was changed: {'; '.join(watch.findings)} (compared with {self._file}). Inform "
                "the auditor, who can run `ipu audit verify --heads` with this file"
            )
        private_files.make_folder(self._file.parent)
        with FileLock(self._file.with_suffix(".lock")):
            # Another command of this agency may have stored newer heads in the meantime.
            others = read_kept(self._file)
            furthest = watch.kept | {
                place: seen
                for place, seen in others.items()
                if place not in watch.kept or seen.offset > watch.kept[place].offset
            }
            if furthest != others:
                private_files.write(self._file, _as_text(furthest))


def read_kept(file: Path) -> Kept:
    """Read an agency's file of heads; the result is empty if the file does not exist.

    Raises:
        HeadsDiffer: the file does not hold heads, or other users may read it.
    """
    try:
        document = json.loads(private_files.read(file))
        found = [Seen(s["topic"], s["offset"], ChainHead(*s["head"]), s["at_ms"]) for s in document]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise HeadsDiffer(f"{file} does not hold heads; restore it from your backup") from None
    except SecretError as error:
        raise HeadsDiffer(str(error)) from None
    return {(seen.topic, seen.head.chain): seen for seen in found}


def held_in(file: Path) -> Iterator[Held]:
    """Yield the heads of an agency's file, to compare the audit with. Errors as `read_kept`."""
    for seen in read_kept(file).values():
        yield Held(str(file), seen.head, datetime.fromtimestamp(seen.at_ms / 1000, UTC))


def _as_text(kept: Kept) -> str:
    documents = [seen._asdict() | {"head": list(seen.head)} for _, seen in sorted(kept.items())]
    return json.dumps(documents, indent=1)

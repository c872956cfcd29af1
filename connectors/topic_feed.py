"""Read a topic with one message per key, first to its end and then as messages arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from connectors.account import Account, check_access, explaining
from connectors.received import Received
from connectors.registry import known_schemas
from isp.agreement.topics import Topic
from isp.audit.kept_heads import HeadKeeper, Watch, seen_in
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema
from schemas.known_schemas import UNKNOWN_SCHEMA, KnownSchemas
from schemas.wire import WireError
from transport.access import Probe
from transport.reader import BEGINNING, Message, PartitionReader, following_reader, read_all

_MOST = 2_000
_LOOK_AGAIN_SECONDS = 5.0


class Feed(Protocol):
    """The messages of a topic of one partition, as they arrive."""

    def advance(self, seconds: float) -> list[Received]:
        """Return the messages that arrive within `seconds`; return as soon as there are some."""

    @property
    def is_whole(self) -> bool:
        """Return True once all messages were read that the topic had at the beginning."""


class Decoder:
    """Decodes messages by the schemas of the partnership. It looks up schemas that are registered later."""

    def __init__(
        self,
        schema: AvroSchema,
        look: Callable[[], KnownSchemas],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the reader's schema, and a function that reads the partnership's schemas."""
        self._schema = schema
        self._look = look
        self._clock = clock
        self._known = look()
        self._looked = clock()

    def __call__(self, value: bytes) -> Mapping[str, Any]:
        """Return the decoded message.

        Raises:
            WireError: this release cannot read it.
        """
        try:
            return self._known.decode(value, self._schema)
        except WireError as error:
            if error.reason != UNKNOWN_SCHEMA or not self._may_look():
                raise
        self._known, self._looked = self._look(), self._clock()
        return self._known.decode(value, self._schema)

    def _may_look(self) -> bool:
        return self._clock() - self._looked >= _LOOK_AGAIN_SECONDS


class TopicFeed:
    """A feed from the broker; a context manager. It joins no group, and reconnects by itself."""

    def __init__(
        self,
        account: Account,
        topic: Topic,
        decode: Callable[[bytes], Mapping[str, Any]],
        keeper: HeadKeeper | None = None,
    ) -> None:
        """Begin at the beginning of the topic. With a `keeper`, compare the audit heads in messages.

        Raises:
            AccessDeniedError, LoginRefusedError, NotAppliedError, UnavailableError: no access.
        """
        check_access(account, [topic.name])
        self._account = account
        self._topic = topic
        self._decode = decode
        self._keeper = keeper
        self._watch = keeper.watch() if keeper is not None else None
        settings = following_reader(account.connection)
        self._reader = PartitionReader(settings, topic.name, {0: BEGINNING}, patient=True)

    @classmethod
    def of(
        cls,
        account: Account,
        catalogue: Catalogue,
        topic: Topic,
        keeper: HeadKeeper | None = None,
    ) -> TopicFeed:
        """Return the feed of a topic with its decoder. Errors as the constructor."""
        return cls(account, topic, _decoder(account, catalogue, topic), keeper)

    def __enter__(self) -> TopicFeed:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def is_whole(self) -> bool:
        """Return True once all messages were read that the topic had at the beginning."""
        return 0 in self._reader.ends

    def advance(self, seconds: float) -> list[Received]:
        """Return the messages that arrive within `seconds`; return as soon as there are some.

        Raises:
            PublishError: the broker refuses, for good.
            HeadsDiffer: the audit heads contradict those seen before: the audit was changed.
        """
        found: list[Received] = []
        with explaining(self._account, self._topic.name):
            message = self._reader.next(seconds)
            while message is not None and len(found) < _MOST:
                found.append(self._received(message))
                message = self._reader.next(0)
            if message is not None:
                found.append(self._received(message))
        if found and self._watch is not None and self._keeper is not None:
            self._keeper.settle(self._watch)
        return found

    def _received(self, message: Message) -> Received:
        return received(message, self._decode, self._watch)


def received(
    message: Message, decode: Callable[[bytes], Mapping[str, Any]], watch: Watch | None = None
) -> Received:
    """Return a decoded message; its audit head, if any, is given to `watch`."""
    key, value, at_ms = message.key(), message.value(), message.timestamp()[1]
    name = key if isinstance(key, str) else (key or b"").decode("utf-8", "replace")
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    if value is None:
        return Received(name, None, at)
    try:
        content = decode(value)
    except WireError:
        return Received(name, None, at, is_readable=False)
    if watch is not None:
        watch.note(seen_in(str(message.topic()), message.offset(), content, at_ms))
    return Received(name, content, at)


def read_present(
    account: Account, catalogue: Catalogue, topic: Topic, keeper: HeadKeeper | None = None
) -> list[Received]:
    """Return the messages that a topic has now.

    Raises:
        PublishError: the broker refuses, or does not answer.
        UnfinishedError: the end could not be reached.
        HeadsDiffer: the audit heads contradict those seen before: the audit was changed.
    """
    decode = _decoder(account, catalogue, topic)
    watch = keeper.watch() if keeper is not None else None
    with explaining(account, topic.name):
        messages = list(
            read_all(account.connection, topic.name, topic.partitions, account.patience_s)
        )
    found = [received(message, decode, watch) for message in messages]
    if keeper is not None and watch is not None:
        keeper.settle(watch)
    return found


def _decoder(account: Account, catalogue: Catalogue, topic: Topic) -> Decoder:
    return Decoder(topic.schema, lambda: known_schemas(account, catalogue))


class Link(NamedTuple):
    """The state of the connection: up if the broker answers, and since when."""

    is_up: bool
    since: datetime


class LinkWatch:
    """Checks whether the broker answers."""

    def __init__(
        self, answers: Callable[[], bool], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Take a function that asks the broker, such as `Probe.answers`. The broker has answered before."""
        self._answers = answers
        self._now = now
        self._link = Link(is_up=True, since=now())

    @classmethod
    def of(cls, account: Account) -> LinkWatch:
        """Return the watch of an account's broker."""
        return cls(Probe(account.connection).answers)

    def look(self) -> Link:
        """Ask the broker, and return its state."""
        is_up = self._answers()
        if is_up != self._link.is_up:
            self._link = Link(is_up, self._now())
        return self._link

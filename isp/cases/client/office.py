"""A party's office: its officers read the states of cases in the party's inbox, and write letters."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ValidationError

from isp.agreement.protocol import Party, Post, Protocol
from isp.agreement.topics import Names, Topic, topics
from isp.audit.kept_heads import HeadKeeper, watched
from isp.broker.registered import schemas_of
from isp.cases.case import Case, ConsentRecord
from isp.cases.errors import DisclosureError, NotTaken
from isp.cases.letters import Letter, LetterError, digest, now_utc, sign_letter
from isp.cases.standing import Standing, unreadable_case
from isp.signing.signatures import public_key
from schemas.catalogue import Catalogue
from schemas.wire import decoder
from transport.reader import Message, read_all
from transport.sender import SendError, send

_ANSWER_SECONDS = 60.0
_BETWEEN_LOOKS_SECONDS = 0.2

_Letter = TypeVar("_Letter", bound=BaseModel)


class Officer(NamedTuple):
    """An officer: a post of a party, with its private key."""

    party: str
    post: Post
    key: Ed25519PrivateKey

    @property
    def signs_with(self) -> dict[str, str]:
        """Return the fields of a letter that identify the officer as its writer."""
        return {"party": self.party, "post": self.post, "key": public_key(self.key)}


def letter_of(model: type[_Letter], officer: Officer, **fields: Any) -> _Letter:
    """Return a letter of the officer with the present time.

    Raises:
        DisclosureError: a field is unknown or its value is not accepted. The text names the field, not its
            value.
    """
    try:
        return model.model_validate({**fields, **officer.signs_with, "at": now_utc()})
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, e['loc'])) or 'letter'}: {e['msg']}" for e in error.errors())
        raise DisclosureError("; ".join(wrong)) from None


class Inbox(NamedTuple):
    """The content of a party's inbox.

    This release cannot read the `unreadable_cases` (their ids), nor a number of `unreadable_consents`. No
    record is released for them.
    """

    cases: Mapping[str, Case]
    consents: tuple[ConsentRecord, ...]
    refusals: Mapping[str, tuple[str, ...]]
    unreadable_cases: tuple[str, ...] = ()
    unreadable_consents: int = 0


class Office(NamedTuple):
    """The client of one party for cases. `client` is the Kafka configuration of the party's principal.

    With a `keeper`, the audit heads in the inbox are compared with those seen before.
    """

    client: Mapping[str, Any]
    protocol: Protocol
    catalogue: Catalogue
    party: Party
    keeper: HeadKeeper | None = None

    @property
    def names(self) -> Names:
        """Return the names of the partnership's topics."""
        return Names(self.protocol.prefix)

    def inbox(self) -> Inbox:
        """Read the inbox: the present state of all cases and consents, and the refusals.

        Raises:
            ReadError: the inbox cannot be read.
            HeadsDiffer: its audit heads contradict those seen before: the audit was changed.
        """
        standing = Standing()
        refusals: dict[str, tuple[str, ...]] = {}
        for key, stood in self._standing():
            if stood["kind"] == "refusal":
                refusals |= _refusals(json.loads(stood["document"]))
            else:
                standing.take(key, stood)
        return Inbox(
            standing.cases,
            tuple(standing.consents.values()),
            refusals,
            tuple(standing.unreadable_cases),
            len(standing.unreadable_consents),
        )

    def case(self, case: str) -> Case:
        """Return the present state of one case.

        Raises:
            DisclosureError: the inbox has no case with this id, or this release cannot read it.
        """
        inbox = self.inbox()
        found = inbox.cases.get(case)
        if case in inbox.unreadable_cases:
            raise DisclosureError(unreadable_case(case))
        if found is None:
            message = f"the inbox of {self.party.id} has no case {case}"
            raise DisclosureError(f"{message}; `ipu disclose list --as {self.party.id}` lists all")
        return found

    def officer(self, key: Ed25519PrivateKey) -> Officer:
        """Return the officer to whom a private key belongs.

        Raises:
            DisclosureError: the protocol has no post of the party with this key.
        """
        public = public_key(key)
        held = [p for p, officer in self.party.officers.items() if officer.key == public]
        if not held:
            named = ", ".join(p for p, officer in self.party.officers.items() if officer.key)
            message = f"the key belongs to no post of {self.party.id}"
            raise DisclosureError(f"{message}; posts with a key in the protocol: {named or 'none'}")
        return Officer(self.party.id, held[0], key)

    def send(self, letter: Letter, officer: Officer, *, wait: bool = True) -> Case | None:
        """Sign and send a letter; return the case after it, or None for a consent or without `wait`.

        Raises:
            NotTaken: the letter was not accepted; the text holds all reasons.
            DisclosureError: the letter could not be sent, or no answer arrived in time.
        """
        self._produce(letter, officer)
        return self._answer(letter) if wait else None

    def _answer(self, letter: Letter) -> Case | None:
        name, give_up = digest(letter), time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < give_up:
            inbox = self.inbox()
            if name in inbox.refusals:
                raise NotTaken("not accepted: " + "; ".join(inbox.refusals[name]))
            case = inbox.cases.get(letter.case)
            if case is not None and case.head == name:
                return case
            if any(digest(record.consent) == name for record in inbox.consents):
                return None
            time.sleep(_BETWEEN_LOOKS_SECONDS)
        raise DisclosureError(
            f"the letter about case {letter.case} was sent, but has no answer after "
            f"{_ANSWER_SECONDS:.0f} s; it is processed as soon as `ipu disclose serve` runs"
        )

    def _produce(self, letter: Letter, officer: Officer) -> None:
        topic = self._topic(self.names.letters(self.party.id))
        try:
            sealed = sign_letter(letter, officer.key)
        except LetterError as error:
            raise DisclosureError(str(error)) from None
        schemas = schemas_of(self.client, self.protocol.prefix, self.catalogue)
        value = schemas.encoder(topic.name, topic.schema)(sealed)
        try:
            send(
                {**self.client, "enable.idempotence": True},
                topic.name,
                topic.marking,
                [(letter.case, value)],
            )
        except SendError as error:
            raise DisclosureError(f"{error}; the letter was not sent") from None

    def _standing(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        topic = self._topic(self.names.inbox(self.party.id))
        decode = decoder(topic.schema)
        messages = read_all(self.client, topic.name, topic.partitions)
        for message in self._held(messages, topic.name, decode):
            key, value = message.key(), message.value()
            if key is not None and value is not None:
                yield key.decode() if isinstance(key, bytes) else key, decode(value)

    def _held(
        self, messages: Iterator[Message], topic: str, decode: Callable[[bytes], Any]
    ) -> Iterator[Message]:
        """Yield the messages, and compare their audit heads with those seen before."""
        if self.keeper is None:
            yield from messages
            return
        watch = self.keeper.watch()
        yield from watched(messages, decode, watch)
        watch.note_end(topic)
        self.keeper.settle(watch)

    def _topic(self, name: str) -> Topic:
        found = [t for t in topics(self.protocol, self.catalogue) if t.name == name]
        if not found:
            raise DisclosureError(f"{self.party.id} may not take part in cases (guidance 2.2.4)")
        return found[0]


def _refusals(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the reasons by digest of the letter; an earlier release wrote one answer per letter."""
    return {one["digest"]: tuple(one["reasons"]) for one in document.get("refusals", [document])}

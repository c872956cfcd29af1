"""The rules for the successor of the protocol in force: its number, its keys, and new consent.

A protocol has the digest of the protocol that it follows, so an earlier protocol cannot return. A party
confirms a change of its keys by a signature with one of its keys in force. Otherwise the protocol must name
the party under `rekeyed`, and the other authorities in force must sign the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from isp.agreement.protocol import Post, Protocol, ProtocolError, Status
from isp.signing.signatures import Signature, content_digest, fingerprint, terms_digest
from schemas.formats import FIELD, FORMAT

_AUTHORITYS: tuple[Post, ...] = ("liaison_officer", "deputy")
_SIGNING: tuple[Post, ...] = (*_AUTHORITYS, "approver")
_POSTS: tuple[Post, ...] = (*_SIGNING, "duty_officer", "caldicott_guardian")

Keys = Mapping[str, str]
"""Public keys by post."""


@dataclass(frozen=True)
class Holder:
    """The keys of one party: `keys` by post, and `signing`, those that may sign a protocol for it."""

    keys: Keys
    signing: frozenset[str]

    @property
    def document(self) -> dict[str, Any]:
        """Return the keys as a JSON document."""
        return {"keys": dict(self.keys), "signing": sorted(self.signing)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Holder:
        """Return the holder of a JSON document that `document` made."""
        return cls(dict(document["keys"]), frozenset(document["signing"]))


@dataclass(frozen=True)
class Before:
    """The part of the protocol in force against which its successor is checked.

    A protocol of another release is read even if this release would refuse it, provided that its format is
    accepted. A protocol without a number has number 0. `left` holds the keys of parties that have left.
    """

    digest: str
    number: int
    exercise: bool
    authorities: frozenset[str]
    holders: Mapping[str, Holder]
    rekeyed: frozenset[str]
    terms: Mapping[str, str]
    left: Mapping[str, Holder] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Holder]:
        """Return the keys of each party that is in the protocol in force or was in an earlier one."""
        return {**self.left, **self.holders}


def before_of(
    digest: str, document: Mapping[str, Any], left: Mapping[str, Holder] | None = None
) -> Before:
    """Read the part of a protocol in force against which its successor is checked.

    Other fields are ignored, also those that a later release has added. Such fields cannot change the meaning
    of the others, because such a change requires another format.

    Raises:
        ProtocolError: the document is not a protocol, or has another format.
    """
    try:
        if document.get(FIELD, FORMAT) != FORMAT:
            raise ProtocolError(
                f"the protocol in force ({digest}): {FIELD}: this release cannot read format "
                f"{document[FIELD]!r:.60}; accepted: {FORMAT}. Use the release that put it in force"
            )
        parties = document["parties"]
        neighbours = [n for n in document.get("neighbours", ()) if n.get("agreement")]
        holders = {p["id"]: _holder(p) for p in parties}
        holders |= {n["short_name"]: _holder(n["agreement"]) for n in neighbours}
        return Before(
            digest=digest,
            number=document.get("number", 0),
            exercise=document.get("exercise", False),
            authorities=frozenset(p["id"] for p in parties if _is_authority(p)),
            holders=holders,
            rekeyed=frozenset(document.get("rekeyed", ())),
            terms=_terms(document, holders),
            left=left or {},
        )
    except (KeyError, TypeError, AttributeError):
        message = f"the protocol in force ({digest}) cannot be read; check which program wrote it"
        raise ProtocolError(message) from None


def left_after(before: Before, protocol: Protocol) -> dict[str, Holder]:
    """Return the keys of parties that will have left when `protocol` is in force."""
    return {name: held for name, held in before.known.items() if name not in protocol.officers}


def succession_findings(
    protocol: Protocol, signatures: Sequence[Signature], before: Before
) -> Iterator[str]:
    """Yield the reasons why the protocol may not follow the one in force; none if it may.

    The protocol in force itself may be applied again. An exercise may follow any exercise with the same keys,
    without regard to its number, because exercises are not agreements.
    """
    digest = content_digest(protocol)
    if digest == before.digest:
        return
    if protocol.exercise != before.exercise:
        yield _mixed(before)
        return
    if not protocol.exercise:
        yield from _number_findings(protocol, before)
        yield from _terms_findings(protocol, signatures, before)
    yield from _key_findings(protocol, signatures, before)
    yield from _leaving_findings(protocol, signatures, before)


def key_changes(
    protocol: Protocol, signatures: Sequence[Signature], before: Before
) -> Iterator[str]:
    """Yield one line for each key that differs from the key of the same post in the protocol in force."""
    digest = content_digest(protocol)
    for name, posts in _changed(protocol, before).items():
        held = protocol.officers[name]
        for post in posts:
            key = held[post].key if post in held else None
            what = f"new key of {name!r} ({post}) {fingerprint(key)}" if key else None
            said = what or f"removed key of {name!r} ({post})"
            if _signed(name, digest, before.known[name].signing, signatures):
                yield f"{said}, confirmed by {name!r}"
            elif name in protocol.rekeyed:
                yield f"{said}, NOT confirmed by {name!r}: changed by the authorities (rekeyed)"
            else:
                yield f"{said}, not confirmed by {name!r}"


def _mixed(before: Before) -> str:
    if before.exercise:
        return (
            f"an exercise is in force (digest {before.digest}); accepted: an exercise, or with "
            "--over-exercise a protocol that its partners have signed"
        )
    return (
        f"this is an exercise, and number {before.number} in force is not marked as one (digest "
        f"{before.digest}); run an exercise in its own run directory"
    )


def _number_findings(protocol: Protocol, before: Before) -> Iterator[str]:
    if (protocol.number, protocol.follows) != (before.number + 1, before.digest):
        follows = f"follows {protocol.follows}" if protocol.follows else "follows no other"
        yield (
            f"the protocol has number {protocol.number} and {follows}; number {before.number} is in force; "
            f"accepted: the protocol in force itself, or `number: {before.number + 1}` with "
            f"`follows: {before.digest}`, as `ipu isp follow` writes them"
        )


def _terms_findings(
    protocol: Protocol, signatures: Sequence[Signature], before: Before
) -> Iterator[str]:
    """Yield a reason for each party that signed its terms for an earlier protocol, and other terms later.

    Such a signature could bring back any earlier terms, so the party must sign them again.
    """
    authorities = {p.id for p in protocol.parties if p.status is Status.RESPONSIBLE_AUTHORITY}
    for name in protocol.signatories.keys() - authorities:
        terms = terms_digest(protocol, name)
        of_terms = [s for s in signatures if s.party == name and s.terms == terms]
        fresh = any(s.number == protocol.number for s in of_terms)
        if of_terms and before.terms.get(name) != terms and not fresh:
            yield (
                f"{name!r} signed these terms for number {max(s.number for s in of_terms)}, but has other "
                f"terms in the protocol in force; it must sign them again for number {protocol.number}"
            )


def _key_findings(
    protocol: Protocol, signatures: Sequence[Signature], before: Before
) -> Iterator[str]:
    digest, changed = content_digest(protocol), _changed(protocol, before)
    for name, posts in changed.items():
        if _signed(name, digest, before.known[name].signing, signatures):
            if name in protocol.rekeyed:
                yield f"rekeyed: {name!r} has confirmed its keys itself; remove the entry"
        elif name not in protocol.rekeyed:
            yield (
                f"new key of {name!r} ({', '.join(posts)}), not confirmed by {name!r}; it must sign this "
                "protocol with a key that is in force; if it has lost them all, name it under `rekeyed`"
            )
        else:
            others = sorted(before.authorities - {name})
            if not others:
                yield f"rekeyed: no other authority in force can sign for the keys of {name!r}"
            yield from _unsigned(f"the keys of {name!r}", others, digest, before, signatures)
    for name in sorted(set(protocol.rekeyed) - changed.keys() - before.rekeyed):
        yield f"rekeyed: the keys of {name!r} are those in force; remove the entry"
    for name in sorted(before.rekeyed - set(protocol.rekeyed)):
        keys = before.known[name].signing
        if name in protocol.officers and not _signed(name, digest, keys, signatures):
            yield f"{name!r} was rekeyed; keep it under `rekeyed` until it has signed a protocol itself"


def _leaving_findings(
    protocol: Protocol, signatures: Sequence[Signature], before: Before
) -> Iterator[str]:
    """Yield a reason for each authority in force that has not signed that another authority leaves."""
    digest = content_digest(protocol)
    staying = {p.id for p in protocol.parties if p.status is Status.RESPONSIBLE_AUTHORITY}
    for name in sorted(before.authorities - staying):
        others = sorted(before.authorities - {name} or {name})
        yield from _unsigned(f"the leaving of {name!r}", others, digest, before, signatures)


def _unsigned(
    what: str,
    names: Sequence[str],
    digest: str,
    before: Before,
    signatures: Sequence[Signature],
) -> Iterator[str]:
    for name in names:
        if not _signed(name, digest, before.holders[name].signing, signatures):
            yield f"{what}: {name!r} has not signed this protocol with a key that is in force"


def _signed(name: str, digest: str, keys: frozenset[str], signatures: Sequence[Signature]) -> bool:
    """Return True if the party has signed the protocol with this digest with one of `keys`."""
    return any(
        s.party == name and s.protocol == digest and s.key in keys and s.holds(s.key)
        for s in signatures
    )


def _changed(protocol: Protocol, before: Before) -> dict[str, list[Post]]:
    """Return the posts with changed keys, by party; only parties that have or had keys in force."""
    found: dict[str, list[Post]] = {}
    for name, officers in protocol.officers.items():
        known = before.known.get(name)
        if known is None or not known.keys:
            continue
        now = {post: o.key for post, o in officers.items() if o.key}
        posts = [post for post in _POSTS if now.get(post) != known.keys.get(post)]
        if posts:
            found[name] = posts
    return found


def _holder(holder: Mapping[str, Any]) -> Holder:
    keys = {post: holder[post].get("key") for post in _POSTS if holder.get(post)}
    posts = _AUTHORITYS if _is_authority(holder) else _SIGNING
    signing = frozenset(keys[post] for post in posts if keys.get(post))
    return Holder({post: key for post, key in keys.items() if key}, signing)


def _is_authority(party: Mapping[str, Any]) -> bool:
    return party.get("status") == Status.RESPONSIBLE_AUTHORITY.value


def _terms(document: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the terms in force, or none if this release would refuse the protocol."""
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError:
        return {}
    return {name: terms_digest(protocol, name) for name in names}

"""Signatures of a protocol: which posts have signed what of it, and whether that is enough.

"Any agency wishing to become a partner … should only do so with the consent of all the responsible
authorities", and the agencies approved by them sign (guidance 2.2.4). Keys and signatures are Ed25519
(RFC 8032). A key belongs to a post, as everything in a protocol does, never to a person by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.exact_base64 import decoded, encoded
from schemas.positions import Finding, located
from schemas.protocol import (
    KEY_BYTES,
    Name,
    Officer,
    Party,
    Post,
    Protocol,
    ProtocolError,
    PublicKey,
    Status,
)
from schemas.yaml_file import read_yaml

_DOMAIN = b"ipu information sharing protocol, signature 1\n"
_SIGNATURE_BYTES = 64
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _is_signature(text: str) -> str:
    decoded(text, _SIGNATURE_BYTES)
    return text


class Signature(BaseModel):
    """One post's signature. `protocol` and `terms` are digests, `partners` the parties it signs in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    party: Name
    post: Post
    signed_on: date
    protocol: _Digest
    terms: _Digest
    partners: tuple[Name, ...]
    key: PublicKey
    signature: Annotated[str, AfterValidator(_is_signature)]

    @property
    def statement(self) -> bytes:
        """What is signed: every field but the signature itself, in one form only."""
        fields = self.model_dump(mode="json", exclude={"signature"})
        return _DOMAIN + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def holds(self, key: str) -> bool:
        """Whether it was made with the private half of `key` over exactly these fields."""
        public = Ed25519PublicKey.from_public_bytes(decoded(key, KEY_BYTES))
        try:
            public.verify(decoded(self.signature, _SIGNATURE_BYTES), self.statement)
        except InvalidSignature:
            return False
        return True


def content_digest(protocol: Protocol) -> str:
    """SHA-256 of what a protocol says, in hexadecimal; comments and order of keys do not count."""
    return hashlib.sha256(protocol.model_dump_json().encode()).hexdigest()


def terms_digest(protocol: Protocol, party_id: str) -> str:
    """SHA-256 of what concerns one party: its own entry, what it supplies and what it receives.

    Of a neighbour it is the entry, and what others receive of its area.
    """
    tables = protocol.aggregates
    of_party = {
        "partnership": [protocol.partnership.short_name, protocol.partnership.name],
        "words": [protocol.law, protocol.marking],
        "party": [p for p in protocol.parties if p.id == party_id],
        "neighbour": [n for n in protocol.neighbours if n.short_name == party_id],
        "supplies": [s for s in protocol.supplies if s.agency == party_id],
        "receives": [e for e in protocol.receives if party_id in {e.party, e.neighbour}],
        "aggregates": [a for a in tables if party_id in {a.agency, *a.recipients}],
    }
    text = json.dumps(of_party, sort_keys=True, default=lambda model: model.model_dump(mode="json"))
    return hashlib.sha256(text.encode()).hexdigest()


def posts_of(protocol: Protocol, name: str) -> Mapping[Post, Officer]:
    """The posts that sign for a party or a neighbour; `ProtocolError` names those who sign."""
    found = protocol.signatories.get(name)
    if found is None:
        accepted = ", ".join(protocol.signatories)
        raise ProtocolError(f"{name!r} does not sign this protocol; accepted: {accepted}")
    return found


def make_signature(
    protocol: Protocol, party_id: str, post: Post, key: Ed25519PrivateKey, day: date
) -> Signature:
    """The signature of a party's post over the protocol as it stands.

    Raises:
        ProtocolError: there is no such party or post, or the key is not the post's.
    """
    posts = posts_of(protocol, party_id)
    officer = posts.get(post)
    if officer is None:
        accepted = ", ".join(posts) or "none"
        raise ProtocolError(f"{party_id!r} names no {post}; accepted: {accepted}")
    public = public_key(key)
    if officer.key != public:
        given = officer.key or "none"
        message = f"the key given is not that of the {post} of {party_id!r}"
        raise ProtocolError(f"{message}: the protocol names {given}, the key given is {public}")
    unsigned = Signature(
        party=party_id,
        post=post,
        signed_on=day,
        protocol=content_digest(protocol),
        terms=terms_digest(protocol, party_id),
        partners=tuple(sorted(p.id for p in protocol.parties)),
        key=public,
        signature=encoded(bytes(_SIGNATURE_BYTES)),
    )
    return unsigned.model_copy(update={"signature": encoded(key.sign(unsigned.statement))})


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half of a key, as a protocol has it."""
    return encoded(key.public_key().public_bytes_raw())


def signatures_file(protocol_file: Path) -> Path:
    """Where the signatures of a protocol lie: beside it."""
    return protocol_file.with_suffix(".signatures.yaml")


def load_signatures(protocol_file: Path) -> tuple[Signature, ...]:
    """Read the signatures beside a protocol; none where there is no such file.

    Raises:
        ProtocolError: one line a finding, with file, line and place.
    """
    path = signatures_file(protocol_file)
    if not path.exists():
        return ()
    document = read_yaml(path, ProtocolError)
    try:
        return tuple(Signature.model_validate(entry) for entry in document or ())
    except ValidationError as error:
        findings = [Finding(e["loc"], e["msg"]) for e in error.errors()]
        raise ProtocolError(located(findings, path, document, "signatures")) from None
    except TypeError:
        raise ProtocolError(f"{path}: no list of signatures") from None


def save_signatures(protocol_file: Path, signatures: Iterable[Signature]) -> str:
    """The text of a file of signatures."""
    lines = [f"# Signatures of {protocol_file.name}, made by `ipu isp sign`.\n"]
    for entry in signatures:
        fields = entry.model_dump(mode="json")
        lines += [f"{'-' if i == 0 else ' '} {name}: {json.dumps(value)}\n"
                  for i, (name, value) in enumerate(fields.items())]  # fmt: skip
    return "".join(lines)


def signature_findings(protocol: Protocol, signatures: Sequence[Signature]) -> Iterator[str]:
    """Why the protocol does not count as signed; nothing where it does.

    Every responsible authority must have signed the whole as it stands; every other party its own
    terms, and it is signed in by the authorities' signatures; a neighbour what is shared of its area.
    """
    for entry in signatures:
        yield from _flaws(protocol, entry)
    if not any(p.status is Status.RESPONSIBLE_AUTHORITY for p in protocol.parties):
        yield "no party is a responsible authority, so nobody can sign the whole (guidance 2.2.1)"
    sound = [s for s in signatures if not list(_flaws(protocol, s))]
    for party in protocol.parties:
        own = [entry for entry in sound if entry.party == party.id]
        if party.status is Status.RESPONSIBLE_AUTHORITY:
            yield from _lacking_authority(protocol, party, own)
        else:
            yield from _lacking_terms(protocol, party.id, own)
    for neighbour in protocol.neighbours:
        name = neighbour.short_name
        yield from _lacking_terms(protocol, name, [s for s in sound if s.party == name])


def key_findings(
    protocol: Protocol, signatures: Sequence[Signature], in_force: Protocol
) -> Iterator[str]:
    """Why the authorities' keys may not be those that the protocol has, seen from the one in force.

    A responsible authority's keys may change only, and one may leave only, if all the other
    authorities in force have signed with the keys that are in force; where there is no other, if it has
    itself, by a post whose key stays.
    """
    before = {p.id: p for p in in_force.parties if p.status is Status.RESPONSIBLE_AUTHORITY}
    now = {p.id: p for p in protocol.parties if p.status is Status.RESPONSIBLE_AUTHORITY}
    moved = [i for i, party in before.items() if i not in now or _keys(now[i]) != _keys(party)]
    digest = content_digest(protocol)
    for changed in moved:
        for other in sorted(before.keys() - {changed} or {changed}):
            keys = _keys(before[other])
            signed = any(
                s.party == other and s.protocol == digest and s.key in keys and s.holds(s.key)
                for s in signatures
            )
            if not signed:
                yield (
                    f"the keys of {changed!r} are not those in force; {other!r} has not signed that "
                    "with a key that is in force"
                )


def replay_findings(
    protocol: Protocol, signatures: Sequence[Signature], before: Mapping[str, date]
) -> Iterator[str]:
    """Why an earlier protocol, once signed by all, may not come back by itself.

    `before` is the day on which each authority signed what is in force.
    """
    digest = content_digest(protocol)
    for entry in signatures:
        day = before.get(entry.party)
        if entry.protocol == digest and day is not None and entry.signed_on < day:
            yield (
                f"{entry.party!r} signed this on {entry.signed_on}, and what is in force on {day}; "
                "if the earlier one is to come back, it signs it again"
            )


def _keys(party: Party) -> set[str]:
    return {officer.key for officer in party.posts.values() if officer.key}


def _flaws(protocol: Protocol, entry: Signature) -> Iterator[str]:
    officer = protocol.signatories.get(entry.party, {}).get(entry.post)
    what = f"the signature of {entry.party!r} ({entry.post})"
    if officer is None:
        yield f"{what} is of no post that the protocol names"
    elif officer.key != entry.key:
        yield f"{what} is by another key than the protocol names for that post"
    elif not entry.holds(entry.key):
        yield f"{what} does not hold: it was changed after it was made, or made with another key"


def _lacking_authority(protocol: Protocol, party: Party, own: Sequence[Signature]) -> Iterator[str]:
    if any(entry.protocol == content_digest(protocol) for entry in own):
        return
    yield f"{party.id!r} has not signed the protocol as it stands; {_how(party.id)}"
    signed_in = {partner for entry in own for partner in entry.partners}
    for partner in protocol.parties:
        if own and partner.id not in signed_in:
            yield f"{partner.id!r} is a partner whom {party.id!r} has not signed in"


def _lacking_terms(protocol: Protocol, name: str, own: Sequence[Signature]) -> Iterator[str]:
    if not any(entry.terms == terms_digest(protocol, name) for entry in own):
        yield f"{name!r} has not signed its own terms; {_how(name)}"


def _how(name: str) -> str:
    return f"`ipu isp sign --as {name}`"

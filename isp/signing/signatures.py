"""Signatures of a protocol, and the check that all required signatures are present.

"Any agency wishing to become a partner … should only do so with the consent of all the responsible
authorities", and the agencies approved by them sign (guidance 2.2.4). Keys and signatures are Ed25519
(RFC 8032). A key belongs to a post, never to a named person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AfterValidator, Field, ValidationError

from isp.agreement.ed25519_points import point_flaw
from isp.agreement.names import KEY_BYTES, Name, PublicKey
from isp.agreement.officer import Officer
from isp.agreement.protocol import Digest, Post, Protocol, ProtocolError, Status
from schemas.exact_base64 import decoded, encoded
from schemas.explained import explained, problems_of
from schemas.formats import FORMAT, Format, Signed
from schemas.positions import Finding, located
from schemas.yaml_file import read_yaml

_DOMAIN = b"ipu information sharing protocol, signature 2\n"
_SIGNATURE_BYTES = 64
_POINT_BYTES = 32
_FINGERPRINT_DIGITS = 32


def _is_signature(text: str) -> str:
    decoded(text, _SIGNATURE_BYTES)
    return text


class Signature(Signed):
    """One post's signature. `protocol` and `terms` are digests, `partners` the parties that it admits.

    `number` is the number of the signed protocol. `signed_on` is for information.
    """

    format: Format = FORMAT
    party: Name
    post: Post
    signed_on: date
    number: Annotated[int, Field(ge=1)]
    protocol: Digest
    terms: Digest
    partners: tuple[Name, ...]
    key: PublicKey
    signature: Annotated[str, AfterValidator(_is_signature)]

    @property
    def statement(self) -> bytes:
        """Return the signed bytes: the fields of the format without `signature`, as canonical JSON."""
        fields = self.model_dump(mode="json", exclude={"signature"})
        return _DOMAIN + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def holds(self, key: str) -> bool:
        """Return True if the signature was made over exactly these fields with the private key of `key`."""
        given = decoded(self.signature, _SIGNATURE_BYTES)
        if point_flaw(decoded(key, KEY_BYTES)) or point_flaw(given[:_POINT_BYTES]):
            return False
        public = Ed25519PublicKey.from_public_bytes(decoded(key, KEY_BYTES))
        try:
            public.verify(given, self.statement)
        except InvalidSignature:
            return False
        return True


class SignatureFile(NamedTuple):
    """The signatures of a protocol, read once from their file; `document` has their line numbers."""

    path: Path
    entries: tuple[Signature, ...] = ()
    document: Any = None

    def told(self, findings: Iterable[Finding]) -> list[str]:
        """Return one line per finding, with the line number of its signature if it has one."""
        return [
            located([f], self.path, self.document, "signatures")
            if f.place
            else f"{self.path}: {f.message}"
            for f in findings
        ]


def content_digest(protocol: Protocol) -> str:
    """Return the SHA-256 of a protocol's content in its format, in hexadecimal.

    Comments and the order of keys in the file do not change it.
    """
    return hashlib.sha256(protocol.model_dump_json().encode()).hexdigest()


def terms_digest(protocol: Protocol, party_id: str) -> str:
    """Return the SHA-256 of one party's terms: its entry, supplies, entitlements, alerts, problems and hub.

    The terms of a neighbour are its entry and the entitlements to records of its area. If a later release
    adds a section here, it must include the section only if it is not empty. Then signed terms keep their
    digest.
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
    } | {
        **_alert_terms(protocol, party_id),
        **_emerging_terms(protocol, party_id),
        **_hub_terms(protocol, party_id),
    }
    text = json.dumps(of_party, sort_keys=True, default=lambda model: model.model_dump(mode="json"))
    return hashlib.sha256(text.encode()).hexdigest()


def _alert_terms(protocol: Protocol, party_id: str) -> dict[str, Any]:
    """Return the settings of domestic alerts without other parties' entries, if they concern the party.

    They concern the recipients, and each supplier of a dataset that is used.
    """
    domestic = protocol.domestic_alerts
    if domestic is None:
        return {}
    own = {
        "recipients": tuple(r for r in domestic.recipients if r.party == party_id),
        "schools": tuple(s for s in domestic.schools if s.party == party_id),
    }
    used = any(s.agency == party_id and s.dataset in domestic.datasets for s in protocol.supplies)
    if not used and not own["recipients"]:
        return {}
    return {"alerts": domestic.model_copy(update=own)}


def _emerging_terms(protocol: Protocol, party_id: str) -> dict[str, Any]:
    """Return the settings of emerging problems without other recipients, if they concern the party.

    They concern the recipients, and each supplier of a dataset that is used. The order of the datasets of a
    group has a meaning, so it is here too.
    """
    emerging = protocol.emerging_problems
    if emerging is None:
        return {}
    own = tuple(r for r in emerging.recipients if r.party == party_id)
    used = any(s.agency == party_id and s.dataset in emerging.datasets for s in protocol.supplies)
    if not used and not own:
        return {}
    order = [list(group.types) for group in emerging.groups]
    return {"emerging": [emerging.model_copy(update={"recipients": own}), order]}


def _hub_terms(protocol: Protocol, party_id: str) -> dict[str, Any]:
    """Return the settings of the hub, if they concern the party: as a supplier, or as a recipient."""
    suppliers = {s.agency for s in protocol.supplies} | {a.agency for a in protocol.aggregates}
    receives = any(party_id in {e.party, e.neighbour} for e in protocol.receives)
    if protocol.hub is None or not (party_id in suppliers or receives):
        return {}
    return {"hub": protocol.hub}


def posts_of(protocol: Protocol, name: str) -> Mapping[Post, Officer]:
    """Return the posts that sign for a party or a neighbour.

    Raises:
        ProtocolError: there is no such party; the text names all parties that sign.
    """
    found = protocol.signatories.get(name)
    if found is None:
        accepted = ", ".join(protocol.signatories)
        raise ProtocolError(f"{name!r} does not sign this protocol; accepted: {accepted}")
    return found


def make_signature(
    protocol: Protocol, party_id: str, post: Post, key: Ed25519PrivateKey, day: date
) -> Signature:
    """Sign the protocol for a post of a party, and return the signature.

    Raises:
        ProtocolError: there is no such party or post, or the key does not belong to the post.
    """
    posts = posts_of(protocol, party_id)
    officer = posts.get(post)
    if officer is None:
        accepted = ", ".join(posts) or "none"
        raise ProtocolError(f"{party_id!r} has no {post} that signs; accepted: {accepted}")
    public = public_key(key)
    if public not in {officer.key, officer.replaces}:
        given = officer.key or "none"
        message = f"the key does not belong to the {post} of {party_id!r}"
        raise ProtocolError(f"{message}: the protocol has {given}, the key given is {public}")
    unsigned = Signature(
        party=party_id,
        post=post,
        signed_on=day,
        number=protocol.number,
        protocol=content_digest(protocol),
        terms=terms_digest(protocol, party_id),
        partners=tuple(sorted(p.id for p in protocol.parties)),
        key=public,
        signature=encoded(bytes(_SIGNATURE_BYTES)),
    )
    return unsigned.model_copy(update={"signature": encoded(key.sign(unsigned.statement))})


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public key of a private key, in base64 as in a protocol."""
    return encoded(key.public_key().public_bytes_raw())


def signatures_file(protocol_file: Path) -> Path:
    """Return the path of the file of a protocol's signatures, in the same folder."""
    return protocol_file.with_suffix(".signatures.yaml")


def fingerprint(key: str) -> str:
    """Return a short form of a public key, in groups of four digits, for comparison by telephone."""
    digits = hashlib.sha256(decoded(key, KEY_BYTES)).hexdigest()[:_FINGERPRINT_DIGITS]
    return " ".join(digits[i : i + 4] for i in range(0, _FINGERPRINT_DIGITS, 4))


def keys_digest(protocol: Protocol) -> str:
    """Return the SHA-256 of all keys of a protocol with their parties and posts, in hexadecimal."""
    keys = {
        name: {post: officer.key for post, officer in posts.items()}
        for name, posts in protocol.officers.items()
    }
    return hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()


def load_signatures(protocol_file: Path) -> SignatureFile:
    """Read the signatures of a protocol; the result is empty if the file does not exist.

    Raises:
        ProtocolError: one line per finding, with file, line and place.
    """
    path = signatures_file(protocol_file)
    if not path.exists():
        return SignatureFile(path)
    document = read_yaml(path, ProtocolError)
    if not isinstance(document or [], list):
        raise ProtocolError(f"{path}: the file is not a list of signatures")
    entries, findings = list[Signature](), list[Finding]()
    for i, entry in enumerate(document or ()):
        try:
            entries.append(Signature.model_validate(entry))
        except ValidationError as error:
            findings += _explained(i, error)
    if findings:
        raise ProtocolError(located(findings, path, document, "signatures"))
    return SignatureFile(path, tuple(entries), document)


def _explained(number: int, error: ValidationError) -> Iterator[Finding]:
    for problem in problems_of(error):
        place, message = explained(problem, Signature)
        yield Finding((number, *place), message)


def save_signatures(protocol_file: Path, signatures: Iterable[Signature]) -> str:
    """Return the text of a file of signatures."""
    lines = [f"# Signatures of {protocol_file.name}, made by `ipu isp sign`.\n"]
    for entry in signatures:
        fields = entry.model_dump(mode="json")
        lines += [f"{'-' if i == 0 else ' '} {name}: {json.dumps(value)}\n"
                  for i, (name, value) in enumerate(fields.items())]  # fmt: skip
    return "".join(lines)


def signature_findings(
    protocol: Protocol, signatures: Sequence[Signature], today: date
) -> Iterator[Finding]:
    """Yield the reasons why the protocol does not count as signed; none if it is signed.

    Each responsible authority must have signed the whole protocol in its present content. Its signature
    admits the partners. Each other party must have signed its own terms, and each neighbour the terms for its
    area. A signature of another protocol, of no post, or with a date in the future is a fault too. The place
    of a finding is the index of its signature in the list, or empty for a missing signature.
    """
    for i, entry in enumerate(signatures):
        for flaw in (*_flaws(protocol, entry), *_ages(protocol, entry, today)):
            yield Finding((i,), flaw)
    if not _authorities(protocol):
        lacking = "no party is a responsible authority; at least one must sign (guidance 2.2.1)"
        yield Finding((), lacking)
    genuine = [s for s in signatures if not list(_flaws(protocol, s))]
    for name in protocol.signatories:
        own = [s for s in genuine if s.party == name and not _is_handover(protocol, s)]
        if name in _authorities(protocol):
            yield from (Finding((), text) for text in _lacking_authority(protocol, name, own))
        else:
            yield from (Finding((), text) for text in _lacking_terms(protocol, name, own))


def is_current(protocol: Protocol, entry: Signature, today: date) -> bool:
    """Return True if a signature is valid for the protocol in its present content."""
    return not [*_flaws(protocol, entry), *_ages(protocol, entry, today)]


def _authorities(protocol: Protocol) -> set[str]:
    return {p.id for p in protocol.parties if p.status is Status.RESPONSIBLE_AUTHORITY}


def _what(entry: Signature) -> str:
    return f"the signature of {entry.party!r} ({entry.post})"


def _flaws(protocol: Protocol, entry: Signature) -> Iterator[str]:
    officer = protocol.signatories.get(entry.party, {}).get(entry.post)
    if officer is None:
        yield f"{_what(entry)} is of a post that is not in the protocol; remove it"
    elif entry.key not in {officer.key, officer.replaces}:
        yield f"{_what(entry)} is by a key that the protocol does not have for this post; remove it"
    elif not entry.holds(entry.key):
        yield f"{_what(entry)} is wrong: it was changed after it was made, or made with another key"


def _is_handover(protocol: Protocol, entry: Signature) -> bool:
    """Return True if a signature is by a replaced key: it confirms the new key, and nothing else."""
    return entry.key != protocol.signatories[entry.party][entry.post].key


def _ages(protocol: Protocol, entry: Signature, today: date) -> Iterator[str]:
    """Yield the reasons why a signature is of another protocol, or dated in the future."""
    if entry.signed_on > today:
        yield f"{_what(entry)} is dated {entry.signed_on}, but today is {today} (Europe/London)"
    if protocol.signatories.get(entry.party, {}).get(entry.post) is None:
        return
    whole = entry.party in _authorities(protocol) or _is_handover(protocol, entry)
    if whole and entry.protocol != content_digest(protocol):
        yield f"{_what(entry)} is of another protocol, {entry.protocol[:16]}…; {_anew(entry.party)}"
    elif not whole and entry.terms != terms_digest(protocol, entry.party):
        yield f"{_what(entry)} is for other terms than the present ones; {_anew(entry.party)}"
    elif entry.number > protocol.number:
        yield f"{_what(entry)} was made for number {entry.number}; {_anew(entry.party)}"


def _lacking_authority(protocol: Protocol, name: str, own: Sequence[Signature]) -> Iterator[str]:
    if any(entry.protocol == content_digest(protocol) for entry in own):
        return
    yield f"{name!r} has not signed the protocol in its present content; {_how(name)}"
    signed_in = {partner for entry in own for partner in entry.partners}
    for partner in protocol.parties:
        if own and partner.id not in signed_in:
            yield f"{partner.id!r} is a partner that {name!r} has not admitted by its signature"


def _lacking_terms(protocol: Protocol, name: str, own: Sequence[Signature]) -> Iterator[str]:
    if not any(entry.terms == terms_digest(protocol, name) for entry in own):
        yield f"{name!r} has not signed its own terms; {_how(name)}"


def _anew(name: str) -> str:
    return f"remove it; {_how(name)}"


def _how(name: str) -> str:
    return f"`ipu isp sign --as {name}`"

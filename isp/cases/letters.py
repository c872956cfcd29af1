"""Letters: what officers ask of each other and decide about a case, each signed with the officer's own key.

"Each request to share personal data must be considered individually" (guidance 2.4.2.5). A letter names
the letter before it in its case, so that it can be taken once only, and only for what the officer saw.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, get_args

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from isp.agreement.protocol import KEY_BYTES, Name, Post, PublicKey
from schemas.exact_base64 import decoded, encoded
from schemas.explained import of_another_format
from schemas.formats import FORMAT, Format, Signed
from schemas.plain_text import lines
from schemas.positions import settings_at

_DOMAIN = b"ipu letter of a case, signature 1\n"
_SIGNATURE_BYTES = 64
_LEAST_WORDS = 2
_PARTS = frozenset({"apartment", "apt", "flat", "floor", "fflat", "no", "number", "room", "unit"})
"""Words for a part of a house, in English and Welsh: they name no street."""
_MOST_FORMATS = 1_000
"""A higher number is no format. It could tell of a person, so a message does not show it."""
_NEWER = "A later release may read it"
LONGEST_LETTER_BYTES = 15_360
"""Longest text of a letter, in UTF-8: twenty subjects, and every field of what a police force supplies."""

CaseId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _is_sealing_key(text: str) -> str:
    decoded(text, KEY_BYTES)
    return text


SealingKey = Annotated[str, AfterValidator(_is_sealing_key)]
"""A public key of X25519, to which something is encrypted; no key that signs."""
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000),
    AfterValidator(lines),
]
Outcome = Literal["approve", "refuse", "hold"]


class LetterError(ValueError):
    """A letter that is none, or whose signature does not hold; says which, without its content."""


class Subject(Signed):
    """Whom a case is about: by an agency's own reference, by name and birth, or by a household's address.

    What is known must be certain: a name stands with the date of birth, an address with its postcode.
    """

    reference: Text | None = None
    name: Text | None = None
    date_of_birth: date | None = None
    address: Text | None = None
    postcode: Text | None = None

    @model_validator(mode="after")
    def _is_certain(self) -> Subject:
        forms = {
            "reference": {"reference"},
            "person": {"name", "date_of_birth"},
            "household": {"address", "postcode"},
        }
        given = {name for name, value in self if value is not None}
        words = re.findall(r"[^\W_]+", self.name or self.address or "")
        is_named = any(w[0].isalpha() and w.casefold() not in _PARTS for w in words)
        if given != {"reference"} and (len(words) < _LEAST_WORDS or not is_named):
            raise ValueError("a name has its first and last word, an address its house and street")
        if given not in forms.values():
            raise ValueError(
                "a subject is given by its reference, or by name and date_of_birth, or by address "
                "and postcode"
            )
        return self


class _Letter(Signed):
    """Who wrote it, as which post, when (UTC)."""

    format: Format = FORMAT
    case: CaseId
    party: Name
    post: Post
    key: PublicKey
    at: AwareDatetime


class Request(_Letter):
    """A recipient asks a supplier; `fields` by dataset, `until` is the last day of the case.

    `sealing_key` is the public half of a key made for this case alone (X25519, 32 bytes in base64).
    `concern` states a public protection concern, `necessary` why people must be identifiable;
    `onward_from` is the case from which the recipient would have it handed on.
    """

    kind: Literal["request"] = "request"
    supplier: Name
    process: Name
    purpose: Text
    questions: Annotated[tuple[Text, ...], Field(min_length=1)]
    legal_basis: str
    conditions: tuple[str, ...] = ()
    subjects: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=20)]
    fields: Annotated[Mapping[str, tuple[str, ...]], Field(min_length=1)]
    until: date
    sealing_key: SealingKey
    urgent: Text | None = None
    concern: Text | None = None
    necessary: Text | None = None
    onward_from: CaseId | None = None


class ConsentException(Signed):
    """Why it is shared without consent: one of the process's exceptions, and the reason in this case."""

    rule: Name
    reason: Text


class Decision(_Letter):
    """The supplier decides, or reviews what was decided in urgency.

    `fields` and `until` may be less than was asked for; `urgent` states the risk of death or serious harm.
    """

    kind: Literal["decision"] = "decision"
    previous: Digest
    outcome: Outcome
    reason: Text
    fields: Mapping[str, tuple[str, ...]] | None = None
    until: date | None = None
    urgent: Text | None = None
    without_consent: ConsentException | None = None
    no_prejudice: bool = False


class Advice(_Letter):
    """The Caldicott Guardian's advice on health information (guidance 2.4.2.2)."""

    kind: Literal["advice"] = "advice"
    previous: Digest
    advice: Literal["share", "withhold"]
    reason: Text


class Ending(_Letter):
    """The recipient has no more use for it; `destroyed` tells what became of its own copies."""

    kind: Literal["ending"] = "ending"
    previous: Digest
    destroyed: Text


class Consent(_Letter):
    """What a person has said to an agency about sharing for one process. `case` is an id of its own."""

    kind: Literal["consent"] = "consent"
    process: Name
    subject: Subject
    given: Literal["given", "refused", "withdrawn"]
    form: Literal["informed", "written"] | None = None
    on: date
    until: date | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> Consent:
        if self.given == "given" and (self.form is None or self.until is None):
            raise ValueError("a consent that is given has a form and a last day")
        return self


Letter = Request | Decision | Advice | Ending | Consent
_KINDS: Mapping[str, type[Signed]] = {m.model_fields["kind"].default: m for m in get_args(Letter)}
_LETTERS: TypeAdapter[Letter] = TypeAdapter(Annotated[Letter, Field(discriminator="kind")])


def statement(letter: Letter) -> str:
    """Return what is signed, as JSON: the fields of the letter's format, in one form only."""
    fields = letter.model_dump(mode="json")
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(letter: Letter) -> str:
    """SHA-256 of a letter, in hexadecimal, by which the next one of its case names it."""
    return hashlib.sha256(statement(letter).encode()).hexdigest()


def sealed_letter(letter: Letter, key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the letter with its signature, under the schema system/letter.avsc.

    Raises:
        LetterError: it is longer than a letter may be.
    """
    text = statement(letter)
    length = len(text.encode())
    if length > LONGEST_LETTER_BYTES:
        raise LetterError(
            f"the letter has {length:,} bytes; accepted: {LONGEST_LETTER_BYTES:,}. Shorten its texts, "
            "name fewer subjects or fields, or ask in two cases"
        )
    return {"document": text, "signature": encoded(key.sign(_DOMAIN + text.encode()))}


def opened_letter(message: Mapping[str, Any]) -> Letter:
    """The letter, of which the signature holds under the key that it names.

    Whether that key is its writer's is for whoever knows the protocol.

    Raises:
        LetterError: it is too long or no letter, is not in its one form, or the signature does not hold.
    """
    text = str(message["document"])
    if len(text.encode(errors="surrogatepass")) > LONGEST_LETTER_BYTES:
        raise LetterError("it is longer than a letter may be")
    try:
        letter = _LETTERS.validate_json(text)
    except ValidationError as error:
        raise LetterError(_unread(error)) from None
    except ValueError:
        raise LetterError("it is no letter") from None
    if statement(letter) != text:
        raise LetterError("it is not in the one form that letters have")
    try:
        public = Ed25519PublicKey.from_public_bytes(decoded(letter.key, KEY_BYTES))
        public.verify(decoded(message["signature"], _SIGNATURE_BYTES), _DOMAIN + text.encode())
    except (InvalidSignature, ValueError):
        raise LetterError("its signature does not hold") from None
    return letter


def _unread(error: ValidationError) -> str:
    """Return why a text is no letter of a format that is read, without its content."""
    problems: Sequence[Any] = error.errors()
    for problem in of_another_format(problems):
        given = problem["input"]
        is_number = isinstance(given, int) and 0 <= given < _MOST_FORMATS
        of = f"format {given}" if is_number else "another format"
        return f"it is of {of}; accepted: {FORMAT}. {_NEWER}"
    for problem in problems:
        if problem["type"] == "union_tag_invalid":
            return f"its kind is not in format {FORMAT}; accepted: {', '.join(_KINDS)}. {_NEWER}"
        if problem["type"] == "extra_forbidden":
            kind, *place = problem["loc"]
            accepted = ", ".join(settings_at(_KINDS[kind], tuple(place)))
            return f"it has a field that is not in format {FORMAT}; accepted there: {accepted}. {_NEWER}"
    return "it is no letter"


def now_utc() -> datetime:
    """The time for a letter."""
    return datetime.now(UTC)

"""Letters: the messages of officers about a case. Each is signed with the officer's own key.

"Each request to share personal data must be considered individually" (guidance 2.4.2.5). A letter holds the
digest of the previous letter of its case. So it is accepted only once, and only for the state of the case
that the officer saw.
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

from isp.agreement.names import KEY_BYTES, Name, PublicKey
from isp.agreement.protocol import Post
from schemas.exact_base64 import decoded, encoded
from schemas.explained import of_another_format
from schemas.formats import FORMAT, Format, Signed
from schemas.plain_text import lines
from schemas.positions import settings_at

_DOMAIN = b"ipu letter of a case, signature 1\n"
_SIGNATURE_BYTES = 64
_LEAST_WORDS = 2
_PARTS = frozenset({"apartment", "apt", "flat", "floor", "fflat", "no", "number", "room", "unit"})
"""Words for a part of a house, in English and Welsh. They do not name a street."""
_MOST_FORMATS = 1_000
"""A higher number cannot be a format. It could be personal data, so no error message shows it."""
_NEWER = "A later release may read it"
LONGEST_LETTER_BYTES = 15_360
"""Longest text of a letter, in bytes of UTF-8: enough for 20 subjects and all fields that police supply."""

CaseId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _is_sealing_key(text: str) -> str:
    decoded(text, KEY_BYTES)
    return text


SealingKey = Annotated[str, AfterValidator(_is_sealing_key)]
"""A public key of X25519 for encryption (32 bytes in base64). It is not a key for signatures."""
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000),
    AfterValidator(lines),
]
Outcome = Literal["approve", "refuse", "hold"]


class LetterError(ValueError):
    """A message is not a letter, or its signature is wrong. The text has the reason, without any content."""


class Subject(Signed):
    """A subject of a case: a person by reference, a person by name and date of birth, or a household.

    The identification must be certain: a name needs the date of birth, an address needs its postcode.
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
            raise ValueError("a name needs first and last word, an address needs house and street")
        if given not in forms.values():
            raise ValueError(
                "a subject needs either its reference, or name and date_of_birth, or address and "
                "postcode"
            )
        return self


class _Letter(Signed):
    """The part that all letters have: the case, the writer's party, post and key, and the time (UTC)."""

    format: Format = FORMAT
    case: CaseId
    party: Name
    post: Post
    key: PublicKey
    at: AwareDatetime


class Request(_Letter):
    """A recipient's request to a supplier. `fields` is by dataset, `until` is the last day of the case.

    `sealing_key` is the public key of a pair made only for this case (X25519, 32 bytes in base64). `concern`
    states a public protection concern. `necessary` states why people must be identifiable. `onward_from` is
    the case whose records the recipient asks to pass on.
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
    """The ground for sharing without consent: an exception of the process, and the reason in this case."""

    rule: Name
    reason: Text


class Decision(_Letter):
    """The supplier's decision, or its review of an urgent decision.

    `fields` and `until` may be less than requested. `urgent` states the risk of death or serious harm.
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
    """The recipient no longer needs the records; `destroyed` states the fate of its own copies."""

    kind: Literal["ending"] = "ending"
    previous: Digest
    destroyed: Text


class Consent(_Letter):
    """A person's statement to an agency about sharing for one process. `case` is a new id of no case."""

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
            raise ValueError("a consent that is given needs a form and a last day (until)")
        return self


Letter = Request | Decision | Advice | Ending | Consent
_KINDS: Mapping[str, type[Signed]] = {m.model_fields["kind"].default: m for m in get_args(Letter)}
_LETTERS: TypeAdapter[Letter] = TypeAdapter(Annotated[Letter, Field(discriminator="kind")])


def statement(letter: Signed) -> str:
    """Return the text of a letter or prepared request: the fields of its format as canonical JSON."""
    fields = letter.model_dump(mode="json")
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(letter: Letter) -> str:
    """Return the SHA-256 of a letter, in hexadecimal; the next letter of the case holds it."""
    return hashlib.sha256(statement(letter).encode()).hexdigest()


def sign_letter(letter: Letter, key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the letter with its signature, under the schema system/letter.avsc.

    Raises:
        LetterError: the letter is longer than `LONGEST_LETTER_BYTES`.
    """
    text = statement(letter)
    length = len(text.encode())
    if length > LONGEST_LETTER_BYTES:
        raise LetterError(
            f"the letter has {length:,} bytes; accepted: {LONGEST_LETTER_BYTES:,}. Shorten its texts, "
            "name fewer subjects or fields, or make two requests"
        )
    return {"document": text, "signature": encoded(key.sign(_DOMAIN + text.encode()))}


def verify_letter(message: Mapping[str, Any]) -> Letter:
    """Return the letter of a message, after a check of its signature under the key in the letter.

    The caller must check against the protocol that the key is the writer's.

    Raises:
        LetterError: the text is too long, is not a letter or not canonical JSON, or the signature is wrong.
    """
    text = str(message["document"])
    if len(text.encode(errors="surrogatepass")) > LONGEST_LETTER_BYTES:
        raise LetterError(f"the letter is longer than the accepted {LONGEST_LETTER_BYTES:,} bytes")
    try:
        letter = _LETTERS.validate_json(text)
    except ValidationError as error:
        raise LetterError(_unread(error)) from None
    except ValueError:
        raise LetterError("the message is not a letter") from None
    if statement(letter) != text:
        raise LetterError("the letter is not in canonical JSON")
    try:
        public = Ed25519PublicKey.from_public_bytes(decoded(letter.key, KEY_BYTES))
        public.verify(decoded(message["signature"], _SIGNATURE_BYTES), _DOMAIN + text.encode())
    except (InvalidSignature, ValueError):
        raise LetterError("the signature of the letter is wrong") from None
    return letter


def _unread(error: ValidationError) -> str:
    """Return the reason why a text is not a letter of an accepted format, without its content."""
    problems: Sequence[Any] = error.errors()
    for problem in of_another_format(problems):
        given = problem["input"]
        is_number = isinstance(given, int) and 0 <= given < _MOST_FORMATS
        of = f"format {given}" if is_number else "another format"
        return f"the letter is of {of}; accepted: {FORMAT}. {_NEWER}"
    for problem in problems:
        if problem["type"] == "union_tag_invalid":
            return f"the kind of letter is not in format {FORMAT}; accepted: {', '.join(_KINDS)}. {_NEWER}"
        if problem["type"] == "extra_forbidden":
            kind, *place = problem["loc"]
            accepted = ", ".join(settings_at(_KINDS[kind], tuple(place)))
            return f"a field is not in format {FORMAT}; accepted there: {accepted}. {_NEWER}"
    return "the message is not a letter"


def now_utc() -> datetime:
    """Return the present time (UTC) for a letter."""
    return datetime.now(UTC)

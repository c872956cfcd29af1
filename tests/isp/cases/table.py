"""Officers with keys, their letters, and a register that gets the letters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.agreement.officer import Officer
from isp.agreement.protocol import Party, Post, Protocol
from isp.agreement.protocol_file import load_protocol
from isp.cases.case import Case
from isp.cases.letters import (
    Advice,
    Consent,
    Decision,
    Ending,
    Letter,
    Request,
    Subject,
    sign_letter,
)
from isp.cases.register import Refused, Register, Taken
from isp.cases.sealing import public_half
from isp.signing.signatures import public_key
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue

CATALOGUE = load_catalogue()
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
CASE = "0123456789abcdef"
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
JANE = Subject(name="Jane Roe", date_of_birth=date(1990, 5, 17))
TABLE = SCHEMA_FOLDER / "protocols" / "banes.yaml"


def key_of(party: str, post: str) -> Ed25519PrivateKey:
    """Return the private key of a post in these tests."""
    return Ed25519PrivateKey.from_private_bytes(f"{party} {post}".encode()[:32].ljust(32, b"."))


def with_officers(protocol: Protocol) -> Protocol:
    """Return the protocol with a key for each post, and a duty officer for each party."""

    def staffed(party: Party) -> Party:
        duty = Officer(post="Duty Officer", contact=f"{party.id}-duty@partnership.example")
        party = party.model_copy(update={"duty_officer": duty})
        keyed: dict[str, Any] = {
            post: officer.model_copy(update={"key": public_key(key_of(party.id, post))})
            for post, officer in party.officers.items()
        }
        return party.model_copy(update=keyed)

    return protocol.model_copy(update={"parties": tuple(map(staffed, protocol.parties))})


PROTOCOL = with_officers(load_protocol(TABLE, CATALOGUE))


def written(party: str, post: Post) -> dict[str, Any]:
    """Return the fields of a letter that identify its writer."""
    return {"party": party, "post": post, "key": public_key(key_of(party, post)), "at": NOW}


def request(party: str = "council", post: Any = "deputy", **changes: Any) -> Request:
    """Return a request of the council to the police for a conference about Jane Roe."""
    usual = {
        "case": CASE,
        "supplier": "police",
        "process": "marac",
        "purpose": "Safety plan for a victim at high risk",
        "questions": ["Have there been incidents since August?"],
        "legal_basis": "cda-1998-s115",
        "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
        "subjects": [JANE],
        "fields": {"police-crime-victim": ["name", "home_address", "crime_reference"]},
        "until": TODAY + timedelta(28),
        "sealing_key": public_half(SEALING),
    }
    return Request.model_validate(usual | written(party, post) | changes)


class Table:
    """A register, with methods that send the letters of officers to it."""

    def __init__(self, protocol: Protocol = PROTOCOL) -> None:
        self.register = Register(protocol, CATALOGUE)
        self.now = NOW
        self.said = 0

    @property
    def case(self) -> Case:
        """Return the present state of the case."""
        return self.register.cases[CASE]

    def send(self, letter: Letter, topic_party: str | None = None) -> Taken | Refused:
        """Sign a letter and give it to the register, from the topic of its writer or of another party."""
        message = sign_letter(letter, key_of(letter.party, letter.post))
        return self.put(topic_party or letter.party, message)

    def put(self, party: str, message: dict[str, Any]) -> Taken | Refused:
        """Give a message to the register unchanged."""
        taken = self.register.take(party, message, self.now)
        if isinstance(taken, Taken):
            self.register.keep(taken.key, taken.record)
        return taken

    def decision(
        self, outcome: str, party: str = "police", post: Post = "deputy", **changes: Any
    ) -> Decision:
        """Return a decision on the present state of the case."""
        about = {
            "case": CASE,
            "previous": self.case.head,
            "outcome": outcome,
            "reason": "proportionate",
        }
        return Decision.model_validate(written(party, post) | about | changes)

    def decide(self, outcome: str, *args: Any, **changes: Any) -> Taken | Refused:
        """Decide on the present state of the case."""
        return self.send(self.decision(outcome, *args, **changes))

    def advise(self, advice: str, party: str) -> Taken | Refused:
        """Advise as the guardian of a party."""
        about = {
            "case": CASE,
            "previous": self.case.head,
            "advice": advice,
            "reason": "vital interests",
        }
        return self.send(Advice.model_validate(written(party, "caldicott_guardian") | about))

    def end(self, party: str = "council") -> Taken | Refused:
        """End the case as its recipient."""
        about = {"case": CASE, "previous": self.case.head, "destroyed": "none were made"}
        return self.send(Ending.model_validate(written(party, "deputy") | about))

    def consent(self, given: str = "given", party: str = "daat", **changes: Any) -> Taken | Refused:
        """Record a statement of Jane Roe about her consent."""
        said = {
            "case": "00000000000000aa", "process": "treatment-group", "subject": JANE, "given": given,
            "form": "written", "on": TODAY, "until": TODAY + timedelta(300),
        }  # fmt: skip
        self.said += 1
        later = {"at": NOW + timedelta(seconds=self.said)}
        letter = Consent.model_validate(written(party, "approver") | said | later | changes)
        return self.send(letter)


def reasons(answer: Taken | Refused) -> str:
    """Return the reasons why a letter was not accepted; fail if it was accepted."""
    assert isinstance(answer, Refused), answer
    return "; ".join(answer.reasons)

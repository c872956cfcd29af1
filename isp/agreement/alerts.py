"""The domestic alerts of a protocol: their sources, levels, recipients and deadlines (guidance 4.2.3)."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import AfterValidator, Field

from isp.agreement.emerging import EmergingProblems
from isp.agreement.names import Name
from isp.agreement.officer import Officer
from schemas.exact_base64 import decoded
from schemas.formats import Signed
from schemas.plain_text import Visible, lines

_SEALING_KEY_BYTES = 32
_ANY_PRIVATE_KEY = X25519PrivateKey.from_private_bytes(bytes(range(_SEALING_KEY_BYTES)))


def _is_sealing_key(text: str) -> str:
    public = X25519PublicKey.from_public_bytes(decoded(text, _SEALING_KEY_BYTES))
    try:
        _ANY_PRIVATE_KEY.exchange(public)
    except ValueError:
        # Some points of the curve give the same secret with every key (RFC 7748, section 6.1).
        message = "cannot be used for encryption; a public X25519 key is accepted"
        raise ValueError(message) from None
    return text


SealingKey = Annotated[str, AfterValidator(_is_sealing_key)]
"""A public key for encryption (X25519, RFC 7748; 32 bytes in base64). It is not a key for signatures."""

_Text = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(lines)]
_Days = Annotated[int, Field(ge=1, le=3_660)]
_Hours = Annotated[int, Field(ge=1, le=8_784)]
Rule = Literal["marac-repeat", "graded", "repeat", "any"]


class Level(Signed):
    """One level of urgency, and the rule by which an event has it.

    - `marac-repeat`: any further event with the same victim and perpetrator within `days` of the last
      referral, told by any agency (SafeLives).
    - `graded`: a risk assessment with one of `grades`, of the event or of a referral within `days`.
    - `repeat`: `events` or more within `days`, this one included, at one household, of one victim, or of
      one pair.
    - `any`: every event.

    An alert must be acknowledged within `acknowledge_hours`; with `working`, hours of working days count
    alone (09:00 to 17:00, Monday to Friday, without the bank holidays of England and Wales).
    """

    name: Name
    rule: Rule
    days: _Days = 365
    events: Annotated[int, Field(ge=2, le=50)] = 3
    grades: tuple[Visible, ...] = ("high", "very-high")
    acknowledge_hours: _Hours = 24
    working: bool = False


LEVELS = (
    Level(name="marac-repeat", rule="marac-repeat", acknowledge_hours=4, working=True),
    Level(name="high-risk", rule="graded", acknowledge_hours=4, working=True),
    Level(name="escalation", rule="repeat", acknowledge_hours=24),
    Level(name="standard", rule="any", acknowledge_hours=72),
)
"""The sector's usual levels, from the most urgent. An event has the first level whose rule applies."""


class AlertTerms(Signed):
    """The terms of the disclosure requests that are prepared for a recipient from alerts.

    A supplier's officer decides on each request (guidance 2.4.2.5). `sealing_key` is the recipient's public
    key for the keys of these cases. `days` is how long such a case may be open.
    """

    process: Name = "incident-response"
    purpose: _Text
    questions: Annotated[tuple[_Text, ...], Field(min_length=1)]
    legal_basis: str
    conditions: tuple[str, ...] = ()
    days: Annotated[int, Field(ge=1, le=366)] = 28
    sealing_key: SealingKey


class ConflictOfficer(Officer):
    """The officer who receives alerts about the recipient's own staff, under a login of its own.

    `sealing_key` is the public key to which personal content for the officer is encrypted.
    """

    sealing_key: SealingKey


class AlertRecipient(Signed):
    """A party that receives domestic alerts, and the terms of the requests prepared for it.

    With `depersonalised` it receives depersonalised alerts on datasets that it receives in profile central.
    Without `terms` no request is prepared; the party then makes its own.
    """

    party: Name
    depersonalised: bool = True
    terms: AlertTerms | None = None
    conflict_officer: ConflictOfficer | None = None


class Closure(Signed):
    """Days on which a school is closed, the first and the last included."""

    begin: Annotated[date, Field(alias="from")]
    until: date


class School(Signed):
    """A school of Operation Encompass, by its unique reference number (URN).

    `party` is the party that receives its alerts. `closed` is the school's own calendar; weekends and bank
    holidays need no entry. The school day begins at `opens` (Europe/London).
    """

    urn: Annotated[str, Field(pattern=r"^\d{6}$")]
    party: Name
    opens: time = time(8, 30)
    closed: tuple[Closure, ...] = ()


class DomesticAlerts(Signed):
    """The settings of domestic alerts.

    `datasets` are the datasets whose records are used. Facts of different sources about one household or
    victim within `same_event_hours` are one event. Earlier events count for `history_days`. An alert can
    change for `alert_days` after the event. Each version is retained for `alert_days` after it was made. A
    record supplied more than `late_hours` after the event is marked as late. Alerts about home-educated
    children go to the party `home_educated`.
    """

    datasets: Annotated[tuple[str, ...], Field(min_length=1)]
    recipients: Annotated[tuple[AlertRecipient, ...], Field(min_length=1)]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)] = LEVELS
    schools: tuple[School, ...] = ()
    home_educated: Name | None = None
    same_event_hours: Annotated[int, Field(ge=1, le=168)] = 12
    history_days: _Days = 365
    alert_days: Annotated[int, Field(ge=7, le=366)] = 28
    late_hours: _Hours = 24


class Alerts(Signed):
    """The alerts of a protocol: of domestic incidents, and of emerging problems."""

    domestic: DomesticAlerts | None = None
    emerging: EmergingProblems | None = None

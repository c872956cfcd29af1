"""The steps of a case's history: their kinds, and the parties that may see the reason of each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, StrEnum

from pydantic import AwareDatetime

from schemas.formats import Signed

_CODE = re.compile(r"(?P<kind>[^()]+?)(?: \([^()]*\))?")


class StepKind(StrEnum):
    """The kinds of step. The value is the code in the topics and must never change.

    Readers of the topics would not know a changed code, and its reason would be hidden.
    """

    REQUESTED = "requested"
    REQUESTED_URGENTLY = "requested, urgently"
    PREPARED = "prepared from an alert"
    PREPARED_URGENTLY = "prepared from an alert, urgently"
    ADVISED_TO_SHARE = "advised to share"
    ADVISED_TO_WITHHOLD = "advised to withhold"
    HELD = "held"
    REFUSED = "refused"
    APPROVED = "approved"
    APPROVED_URGENTLY = "approved, urgently"
    APPROVED_WITHOUT_CONSENT = "approved, without consent"
    APPROVED_URGENTLY_WITHOUT_CONSENT = "approved, urgently, without consent"
    REVIEWED = "reviewed"
    APPROVAL_WITHDRAWN = "approval withdrawn"
    OPENED = "opened"
    ENDED = "ended by its recipient"
    TAKEN_BACK = "request taken back"
    ALERT_WITHDRAWN = "the alert was withdrawn"
    COPIES_DESTROYED = "own copies confirmed destroyed"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    PARTY_LEFT = "a party left the protocol"
    REVIEW_OVERDUE = "the protocol's review is overdue"
    NOT_REVIEWED = "not reviewed in time"
    LOST = "its key or topic was lost"
    DESTROYED = "destroyed access, topic, key"
    CLOSED = "closed"


ADVICE = frozenset({StepKind.ADVISED_TO_SHARE, StepKind.ADVISED_TO_WITHHOLD})
"""The steps in which a Caldicott Guardian gives advice."""


class Readers(Enum):
    """The parties that may see the reason of a step."""

    BOTH_PARTIES = "both parties"
    SUPPLIER = "the supplier alone"


REASON_FOR: Mapping[StepKind, Readers] = {
    StepKind.REQUESTED: Readers.BOTH_PARTIES,
    StepKind.REQUESTED_URGENTLY: Readers.BOTH_PARTIES,
    # The reason for the urgency may have history of an agency that the recipient does not receive.
    StepKind.PREPARED: Readers.SUPPLIER,
    StepKind.PREPARED_URGENTLY: Readers.SUPPLIER,
    # A guardian's reasons are confidential between the guardian and its own agency.
    StepKind.ADVISED_TO_SHARE: Readers.SUPPLIER,
    StepKind.ADVISED_TO_WITHHOLD: Readers.SUPPLIER,
    StepKind.HELD: Readers.BOTH_PARTIES,
    StepKind.REFUSED: Readers.BOTH_PARTIES,
    StepKind.APPROVED: Readers.BOTH_PARTIES,
    StepKind.APPROVED_URGENTLY: Readers.BOTH_PARTIES,
    StepKind.APPROVED_WITHOUT_CONSENT: Readers.BOTH_PARTIES,
    StepKind.APPROVED_URGENTLY_WITHOUT_CONSENT: Readers.BOTH_PARTIES,
    StepKind.REVIEWED: Readers.BOTH_PARTIES,
    StepKind.APPROVAL_WITHDRAWN: Readers.BOTH_PARTIES,
    StepKind.OPENED: Readers.BOTH_PARTIES,
    StepKind.ENDED: Readers.BOTH_PARTIES,
    StepKind.TAKEN_BACK: Readers.BOTH_PARTIES,
    StepKind.ALERT_WITHDRAWN: Readers.BOTH_PARTIES,
    StepKind.COPIES_DESTROYED: Readers.BOTH_PARTIES,
    StepKind.LAPSED: Readers.BOTH_PARTIES,
    StepKind.EXPIRED: Readers.BOTH_PARTIES,
    StepKind.PARTY_LEFT: Readers.BOTH_PARTIES,
    StepKind.REVIEW_OVERDUE: Readers.BOTH_PARTIES,
    StepKind.NOT_REVIEWED: Readers.BOTH_PARTIES,
    StepKind.LOST: Readers.BOTH_PARTIES,
    StepKind.DESTROYED: Readers.BOTH_PARTIES,
    StepKind.CLOSED: Readers.BOTH_PARTIES,
}
"""The reason of a kind that is not listed here is shown to the supplier only."""


class Step(Signed):
    """One step of the case's history.

    `what` is the code of its kind, followed by a detail in brackets for some kinds. `reason` is deleted when
    the case is closed, as all personal data.
    """

    at: AwareDatetime
    who: str
    what: str
    reason: str = ""

    @property
    def kind(self) -> StepKind | None:
        """Return the kind of step, or None if this release does not know it."""
        found = _CODE.fullmatch(self.what)
        try:
            return StepKind(found["kind"]) if found else None
        except ValueError:
            return None

    @property
    def without_reason(self) -> Step:
        """Return the step without its reason, which may hold personal data."""
        return Step(at=self.at, who=self.who, what=self.what)

    @property
    def for_recipient(self) -> Step:
        """Return the step as the recipient may see it: with its reason only if its kind allows it."""
        kind = self.kind
        is_shown = kind is not None and REASON_FOR.get(kind) is Readers.BOTH_PARTIES
        return self if is_shown else self.without_reason


def code_of(kind: StepKind, detail: str = "") -> str:
    """Return the value of `what` for a step of this kind."""
    return f"{kind} ({detail})" if detail else str(kind)

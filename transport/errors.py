"""What keeps a message from being read or written for now."""

from __future__ import annotations

from transport.refusals import Refusal


class DependencyUnavailable(RuntimeError):
    """Something the whole batch needs is away; the batch must be tried again, no record is at fault."""


class Refused(RuntimeError):
    """The broker refuses a client; `refusal` says what, `resource` says which topic where that is known."""

    def __init__(self, refusal: Refusal, resource: str = "") -> None:
        super().__init__(f"{resource}: {refusal.name}" if resource else refusal.name)
        self.refusal = refusal
        self.resource = resource


class NoAnswer(RuntimeError):
    """The broker does not answer within the time that it was given."""

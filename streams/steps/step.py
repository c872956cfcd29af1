"""The interface of every step: it takes the work on one record, and completes parts of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from sanitiser.places.location import Located
    from streams.messages import Intake
    from streams.steps.observe import Observed
    from streams.steps.problems import Problem
    from streams.steps.sanitise import Release
    from streams.steps.withdraw import TakenBack
    from transport.messages import Output

Scope = tuple[str, int]
"""A region, and the index of an epoch in the key ring. Each scope has policies of its own."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Work:
    """The work on one record: the record as given, and the results of the steps so far.

    A record with `faults` is rejected, and its other parts are not used. A held record has no `scope`.
    `withheld` has the reasons why the record, or a part of it, is not released to a profile. Reasons that
    reveal which rows a profile excludes are in `rows_withheld` instead: only the supplier gets them.
    `excluded` is True if the record has no release because of its row, while a profile is entitled to other
    rows.
    `observed` is None if the records of the dataset are not used by domestic alerts.
    `by_supply` is True if the day of the supply chose the key, because the day of the event is not known.
    """

    __slots__ = (
        "by_supply", "caveats", "combinations", "day", "excluded", "faults", "given", "intake",
        "locations", "now", "now_ms", "observed", "outputs", "place", "problems", "record", "region",
        "releases", "rows_withheld", "scope", "staying", "taken_back", "today", "unread", "withheld",
    )  # fmt: skip

    def __init__(
        self,
        now: datetime,
        given: Mapping[str, Any] = _NOTHING,
        intake: Intake | None = None,
        now_ms: int = 0,
    ) -> None:
        """Take a record as given, or the message that contains it.

        `now` is local time in Europe/London, `now_ms` the same instant since 1970 UTC.
        """
        self.now = now
        self.now_ms = now_ms
        self.today = now.date()
        self.intake = intake
        self.given = given
        self.record: dict[str, Any] = {}
        self.problems: Sequence[Problem] = ()
        self.faults: Sequence[Problem] = ()
        self.unread: frozenset[str] = frozenset()
        self.caveats: list[str] = []
        self.day: date | None = None
        self.locations: Mapping[str, Located] = _NOTHING
        self.region: str | None = None
        self.place: tuple[str, int] | None = None
        self.scope: Scope | None = None
        self.by_supply = False
        self.releases: Sequence[Release] = ()
        self.withheld: list[str] = []
        self.rows_withheld: list[str] = []
        self.staying: Sequence[str] = ()
        self.excluded = False
        self.combinations: Sequence[str] = ()
        self.taken_back: Sequence[TakenBack] = ()
        self.observed: Observed | None = None
        self.outputs: Sequence[Output] = ()


class Step(ABC):
    """One step of a record.

    A step reads the parts of the work that it `takes`, and sets or changes those that it `completes`. Its
    results are counted from these parts alone, once the record has gone through all steps. `counts` names the
    counts of a receipt that depend on them. Some steps also read and change the state, so a record goes
    through each step once.

    A step raises no exception for a record that the steps before it have accepted. It keeps no record, so its
    repr shows none. tests/streams/steps/test_all_steps.py checks all of this for every step.
    """

    takes: ClassVar[frozenset[str]]
    completes: ClassVar[frozenset[str]]
    counts: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def __call__(self, work: Work, /) -> None:
        """Complete the parts of the work in `completes`."""

    def undo(self) -> None:  # noqa: B027 - most steps have nothing to undo
        """Undo the step's changes of state by the last record, whose outputs cannot be made."""


def run(steps: Sequence[Step], work: Work) -> None:
    """Apply steps to the work, in their order."""
    for step in steps:
        step(work)

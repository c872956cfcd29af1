"""Topics, ACLs and state of cases at the broker. Reads as the discloser, and changes as the administrator."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from isp.agreement.topics import Topic
from isp.broker.case_resources import WHAT, CaseBrokerResources
from isp.broker.standing import read_standing
from isp.cases.case import Case
from isp.cases.standing import Standing
from streams.disclosure.cases import LostTopic
from streams.disclosure.discloser import DiscloserSettings
from transport.reader import UNKNOWN_TOPIC, ReadError, read_all


class KafkaCaseBroker:
    """Reads cases and their topics; creates and deletes their topics, ACLs and keys."""

    def __init__(self, settings: DiscloserSettings) -> None:
        """Connect nothing yet."""
        self._settings = settings

    @cached_property
    def _openings(self) -> CaseBrokerResources:
        settings = self._settings
        return CaseBrokerResources.by(settings.admin, settings.names, settings.keys)

    def standing(self) -> Standing:
        """Read the current state of every case and consent.

        Raises:
            ReadError: the topic of cases cannot be read.
        """
        settings = self._settings
        return read_standing(settings.connection, settings.protocol, settings.catalogue)

    def given(self, case: str) -> Iterable[bytes]:
        """Return the names of the records that a case's topic holds.

        Raises:
            LostTopic: the topic does not exist.
            ReadError: the topic cannot be read.
        """
        topic = self._settings.names.disclosed(case)
        given: dict[bytes, bool] = {}
        try:
            for left in read_all(self._settings.connection, topic, 1):
                given[bytes(left.key() or b"")] = left.value() is not None
        except ReadError as error:
            if error.reason != UNKNOWN_TOPIC:
                raise
            raise LostTopic(topic) from error
        return [name for name, stands in given.items() if stands]

    def make_topic(self, topic: Topic) -> None:
        """Create the topic of a case if it does not exist."""
        self._openings.make_topic(topic)

    def grant(self, case: Case) -> None:
        """Allow the recipient of a case to read its topic."""
        self._openings.grant(case)

    def destroy(self, case: str) -> tuple[str, ...]:
        """Destroy access, topic and key of a case; return the names of what was destroyed."""
        self._openings.destroy(case)
        return WHAT

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        """Delete topics, ACLs and keys that belong to no case; return their names."""
        return self._openings.tidy(cases, unreadable)

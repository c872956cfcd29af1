"""The recipients of findings, their streams, and the settings of the detection, from the protocol."""

from __future__ import annotations

from detection.emerging.facts import Stream
from detection.emerging.settings import Group, Settings, Watch
from isp.agreement.emerging import EmergingProblems
from isp.agreement.emerging_streams import watched_streams
from isp.agreement.protocol import Protocol
from isp.agreement.topics import state_days


def watches(protocol: Protocol) -> tuple[Watch, ...]:
    """Return the recipients of findings, and the streams that each may read."""
    emerging = protocol.emerging_problems
    parties = () if emerging is None else (recipient.party for recipient in emerging.recipients)
    return tuple(
        Watch(party, frozenset(Stream(*s) for s in watched_streams(protocol, party).items()))
        for party in parties
    )


def streams_of(protocol: Protocol) -> tuple[Stream, ...]:
    """Return the streams that any recipient of findings may read, in order."""
    return tuple(sorted({stream for watch in watches(protocol) for stream in watch.streams}))


def settings_of(protocol: Protocol, emerging: EmergingProblems) -> Settings:
    """Return the settings of the detection that a protocol agrees.

    The history is no longer than the state is retained.
    """
    (kept,) = state_days(protocol, "detector").values()
    return Settings(
        watches=watches(protocol),
        groups=tuple(
            Group(group.name, {name: frozenset(codes) for name, codes in group.types.items()})
            for group in emerging.groups
        ),
        level_days=emerging.level_days,
        minimum_cases=emerging.minimum_cases,
        radius_m=float(emerging.radius_metres),
        window_days=emerging.window_days,
        study_days=min(emerging.study_days, kept),
        history_days=min(emerging.history_days, kept),
        replicates=emerging.replicates,
        close_days=emerging.close_days,
        same_event_m=float(emerging.same_event_metres),
        same_event_hours=emerging.same_event_hours,
        near_repeat_m=float(emerging.near_repeat_metres),
        near_repeat_days=emerging.near_repeat_days,
    )

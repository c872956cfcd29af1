"""The series to which a case belongs, and the series of each recipient."""

from __future__ import annotations

from collections.abc import Sequence

from detection.emerging.facts import Case, SeriesKey, Stream
from detection.emerging.settings import Group, Settings, Watch


class Catalogue:
    """The series that follow from the watches and the groups.

    A recipient that may read several profiles of a dataset has the series of the first of them, in order of
    their names, because each profile has the same events.
    """

    def __init__(self, settings: Settings) -> None:
        self._streams = {watch.recipient: read_by(watch) for watch in settings.watches}
        self._groups = {
            recipient: [
                key for group in settings.groups if (key := _group_key(group, streams)) is not None
            ]
            for recipient, streams in self._streams.items()
        }
        self._types = {group.name: group.types for group in settings.groups}
        self._known: dict[tuple[Stream, str], tuple[SeriesKey, ...]] = {}

    def series_of_case(self, case: Case) -> tuple[SeriesKey, ...]:
        """Return the series that a case belongs to."""
        known = self._known.get((case.stream, case.type))
        if known is None:
            known = self._known[case.stream, case.type] = self._series(case.stream, case.type)
        return known

    def is_of(self, recipient: str, series: SeriesKey) -> bool:
        """Return True if a series is one of a recipient's."""
        if series.is_group:
            return series in self._groups.get(recipient, ())
        return series.streams[0] in self._streams.get(recipient, ())

    def datasets(self, series: SeriesKey) -> Sequence[str]:
        """Return the datasets of a series, in order of the group."""
        return [stream.dataset for stream in series.streams]

    @property
    def recipients(self) -> Sequence[str]:
        """Return the recipients."""
        return tuple(self._streams)

    def _series(self, stream: Stream, type_: str) -> tuple[SeriesKey, ...]:
        if not any(stream in streams for streams in self._streams.values()):
            return ()
        groups = dict.fromkeys(
            key
            for keys in self._groups.values()
            for key in keys
            if stream in key.streams and self._has(key.name, stream.dataset, type_)
        )
        return SeriesKey(type_, (stream,)), *groups

    def _has(self, group: str, dataset: str, type_: str) -> bool:
        types = self._types[group].get(dataset)
        return types is not None and (not types or type_ in types)


def read_by(watch: Watch) -> dict[Stream, None]:
    """Return the streams of a recipient's series: one profile of each dataset."""
    of_dataset: dict[str, Stream] = {}
    for stream in sorted(watch.streams):
        of_dataset.setdefault(stream.dataset, stream)
    return dict.fromkeys(of_dataset.values())


def _group_key(group: Group, streams: dict[Stream, None]) -> SeriesKey | None:
    """Return the series of the part of a group that these streams have."""
    order = list(group.types)
    members = [stream for stream in streams if stream.dataset in group.types]
    members.sort(key=lambda stream: order.index(stream.dataset))
    return SeriesKey(group.name, tuple(members), is_group=True) if members else None

"""The source of `ipu hub table`: the table that a party may read, its dimensions, and its counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from connectors.hub.copies import readable
from connectors.hub.counting import Counted, count
from connectors.hub.dimensions import dimensions_of, event_date, without_finer
from connectors.hub.errors import HubError
from connectors.hub.party_copy import PartyCopy
from connectors.hub.stored_counts import FOLDER, StoredCounts, countable
from connectors.hub.tables import AnyTable, HubTable, tables_of
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol
from isp.agreement.second import SecondProfile
from isp.agreement.topics import Names, stored
from ops.background import HUB
from ops.embedded.stack import Stack
from ops.reference import AREAS_FOLDER
from sanitiser.counts.noise import Noise
from sanitiser.counts.periods import Span
from sanitiser.counts.table import Counter, Counts, CountTable, Question
from sanitiser.places.areas import Areas
from schemas.catalogue import Catalogue
from schemas.london import london_today
from schemas.record_type import COARSEST, DEPERSONALISED_PROFILES, RecordType


@dataclass(frozen=True, slots=True)
class Source:
    """A table of a party's copy that can be counted."""

    table: HubTable
    record_type: RecordType
    counted: Counted
    period: str | None = None
    """The week or month whose first day each date is, or None for dates as supplied."""

    @property
    def months(self) -> Span:
        """Return the months that can be counted today."""
        return countable(london_today(), self.table.topic.retention_ms)

    def answer(self, run_dir: Path, key: bytes, copy: Path, question: Question) -> CountTable:
        """Return the answer to a question. What the stored counts do not have is counted in a party's copy.

        Raises:
            AreasNotBuilt: the question is about wards or LSOAs, and nothing says which postcodes these have.
            HubError: the copy cannot be opened.
            SecretError: other users may read the stored counts.
        """
        known = StoredCounts(run_dir / HUB / FOLDER, self.table.topic.name, self.months)
        with PartyCopy(copy) as opened:

            @cache
            def counts_of(names: tuple[str, ...]) -> Counts:
                return known.of(names, partial(count, opened, self.counted, names))

            return Counter(counts_of, Noise(key)).answer(question)


def counts_key(stack: Stack, agreed: Protocol) -> bytes:
    """Return the secret key by which counts are changed, made at random at the first use.

    Raises:
        SecretError: other users may read it.
    """
    return stack.secrets.password(f"{Names(agreed.prefix).hub}.counts").encode()


def find_source(
    run_dir: Path,
    agreed: Protocol,
    catalogue: Catalogue,
    party: str,
    dataset: str,
    profile: str | None,
) -> Source:
    """Return the table of a dataset that a party may read; without a profile, the fullest one.

    Records of a neighbour's area, and personal releases, are not counted.

    Raises:
        HubError: there is none, or its records have no date; the text names the accepted datasets.
        ProtocolError: there is no such party; the text names all parties.
    """
    closed = closed_datasets(agreed, catalogue, london_today())
    every = readable(agreed, closed, party, tables_of(stored(agreed, catalogue, closed)))
    dated = list(_dated(every, catalogue))
    for source in dated:
        topic = source.table.topic
        if topic.dataset == dataset and profile in {None, topic.profile}:
            return _with_dimensions(source, run_dir, catalogue, agreed)
    accepted = ", ".join(f"{s.table.topic.dataset} ({s.table.topic.profile})" for s in dated)
    raise HubError(
        f"{dataset}{f' ({profile})' if profile else ''}: {party} has no such records with a date of "
        f"their event in the hub; accepted: {accepted or 'none'}"
    )


def _dated(tables: Iterable[AnyTable], catalogue: Catalogue) -> Iterator[Source]:
    """Yield the tables of depersonalised records of the partnership's own area that have a date."""
    for table in tables:
        if not isinstance(table, HubTable) or table.topic.neighbour is not None:
            continue
        if table.topic.profile not in DEPERSONALISED_PROFILES:
            continue
        record_type = catalogue.record_type(str(table.topic.dataset))
        day = event_date(table, record_type)
        if day is not None:
            yield Source(table, record_type, Counted(f"{table.schema}.{table.name}", day, {}))


def _with_dimensions(
    source: Source, run_dir: Path, catalogue: Catalogue, agreed: Protocol
) -> Source:
    areas_of = partial(Areas.open, run_dir / AREAS_FOLDER)
    found = dimensions_of(source.table, source.record_type, catalogue.code_lists, areas_of)
    is_second = source.table.topic.profile == COARSEST
    second = agreed.sanitising.second if is_second else SecondProfile()
    found = without_finer(found, has_days=second.period is None, has_postcodes=second.place is None)
    counted = source.counted._replace(dimensions=found)
    return Source(source.table, source.record_type, counted, second.period)

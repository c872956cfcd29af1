"""Figures of the protection by each profile of a protocol: periods, places, households."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from isp.agreement.protocol import Protocol
from isp.agreement.second import DATES_A_YEAR, DAYS_OF
from ops.reference import INDEX_FOLDER
from sanitiser.places.coarse_places import CoarsePlaces
from sanitiser.places.postcode_store import PostcodeIndexError
from sanitiser.places.postcodes import PostcodeIndex
from schemas.record_type import COARSEST, DEPERSONALISED_PROFILES


@dataclass(frozen=True, slots=True)
class Places:
    """The places of the partnership's districts that a profile names.

    `districts_only` places have too few households and are released as their district. `cells_a_year` are
    the places times the periods of a year: so many pairs of place and date tell records apart.
    """

    number: int
    smallest: int
    median: float
    districts_only: int
    cells_a_year: int


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """The protection of one profile by the protocol; `places` is None without an index."""

    profile: str
    parties: Sequence[str]
    dates: str
    days: int
    times: bool
    place: str
    minimum_households: int
    places: Places | None


def profile_figures(protocol: Protocol, index: PostcodeIndex | None) -> Iterator[ProfileFigures]:
    """Yield the figures of each depersonalised profile that a party receives."""
    for profile in DEPERSONALISED_PROFILES:
        parties = sorted({e.party for e in protocol.receives if e.profile == profile})
        if parties:
            yield _figures(protocol, profile, parties, index)


def index_of(run_dir: Path, protocol: Protocol) -> tuple[PostcodeIndex | None, str]:
    """Return the postcode index of a run that was built for the protocol, or None and the reason."""
    try:
        opened = PostcodeIndex.open(run_dir / INDEX_FOLDER, protocol.sanitising.minimum_households)
    except PostcodeIndexError as error:
        return None, str(error)
    if opened.metadata.households is None:
        return None, f"{run_dir / INDEX_FOLDER}: built without counts of households"
    return opened, ""


def profiles_document(figures: Sequence[ProfileFigures]) -> list[dict[str, object]]:
    """Return the figures for JSON."""
    return [asdict(each) for each in figures]


def profiles_table(figures: Sequence[ProfileFigures]) -> Table:
    """Return the figures for the terminal."""
    table = Table(title="What each profile tells apart")
    for heading in ("profile", "date", "place", "households", "places", "median", "cells a year"):
        table.add_column(heading, overflow="fold")
    for each in figures:
        found = each.places
        in_index = ("?", "?", "?")
        if found is not None:
            in_index = (f"{found.number:,}", f"{found.median:,.0f}", f"{found.cells_a_year:,}")
        table.add_row(
            each.profile, each.dates, each.place, f"{each.minimum_households} or more", *in_index
        )
    return table


def profile_lines(figures: Sequence[ProfileFigures], why_none: str) -> Iterator[str]:
    """Yield what to know about the table."""
    if why_none:
        yield f"places are not counted: {why_none}"
    elif figures:
        yield (
            "A record is alone if no other one has its place and date. The more cells a year has for each "
            "record, the more records are alone; `ipu risk` counts them in a file."
        )


def _figures(
    protocol: Protocol, profile: str, parties: Sequence[str], index: PostcodeIndex | None
) -> ProfileFigures:
    second, is_second = protocol.sanitising.second, profile == COARSEST
    period = second.period if is_second else None
    days = 1 if period is None else DAYS_OF[period]
    return ProfileFigures(
        profile=profile,
        parties=parties,
        dates=period or ("day and hour" if is_second else "day and minute"),
        days=days,
        times=period is None,
        place=(second.place if is_second else None) or "postcode",
        minimum_households=protocol.sanitising.households_of(profile),
        places=None if index is None else _places(protocol, profile, DATES_A_YEAR[period], index),
    )


def _places(protocol: Protocol, profile: str, dates: int, index: PostcodeIndex) -> Places | None:
    least = protocol.sanitising.households_of(profile)
    counts = list(_households(protocol, profile, index))
    released = [count for count in counts if count >= least]
    if not released:
        return None
    return Places(
        number=len(released),
        smallest=min(released),
        median=float(median(released)),
        districts_only=len(counts) - len(released),
        cells_a_year=len(released) * dates,
    )


def _households(protocol: Protocol, profile: str, index: PostcodeIndex) -> Iterator[int]:
    """Yield the households of each place in the partnership's districts: of postcodes, or of sectors."""
    by_sector = profile == COARSEST and protocol.sanitising.second.place is not None
    cells = CoarsePlaces(index, index.metadata.k, by_sector=True)
    for district in protocol.partnership.area:
        if by_sector:
            yield from (cell.households for cell in cells.cells(district).values())
        else:
            yield from (
                postcode.households
                for postcode in index.in_district(district)
                if postcode.households is not None and postcode.households >= index.metadata.k
            )

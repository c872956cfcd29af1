"""Derive the facts of a crime from its number, so that every file of a case agrees.

Crimes are numbered from 1. Of any five in a row that end at a multiple of five, exactly one has an
offender, and any odd number has a victim. So the first k rows of a file of offenders (victims) are
about the first 5k (2k) crimes, for any seed. Eight periods of 25 crimes make a chapter. In each of
its periods, two prolific offenders each commit one more crime.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple
from zlib import crc32

CRIMES_TO_ACCUSED = 5
CRIMES_TO_VICTIM = 2
ACCUSED_TO_PERIOD = 5
PERIODS = 8
PROLIFIC = 2
"""Prolific offenders of a chapter."""

CRIMES_TO_CHAPTER = CRIMES_TO_ACCUSED * ACCUSED_TO_PERIOD * PERIODS


class Slot(NamedTuple):
    """A crime's number, and who is accused of it, if anybody.

    `prolific` numbers prolific offenders from 0 and is None for others; `period` counts from 0
    within a chapter. Only some of the other offenders have a `companion`.
    """

    number: int
    accused: bool
    personal: bool
    prolific: int | None = None
    period: int = 0
    companion: bool = False


def slot(number: int, seed: int) -> Slot:
    """Return the slot of the crime of that number, in constant time."""
    block = (number - 1) // CRIMES_TO_ACCUSED
    personal = number % CRIMES_TO_VICTIM == 1
    if number != _accused_number(block, seed):
        return Slot(number, accused=False, personal=personal)
    overall, place = divmod(block, ACCUSED_TO_PERIOD)
    chapter, period = divmod(overall, PERIODS)
    turn = (place + _mixed(f"{seed}:turn:{overall}", ACCUSED_TO_PERIOD)) % ACCUSED_TO_PERIOD
    prolific = chapter * PROLIFIC + turn if turn < PROLIFIC else None
    return Slot(
        number,
        accused=True,
        personal=personal,
        prolific=prolific,
        period=period,
        companion=turn == PROLIFIC,
    )


def accused_slots(seed: int) -> Iterator[Slot]:
    """Return every slot with an offender, without end, in order of the number."""
    return (slot(_accused_number(block, seed), seed) for block in count())


def crimes_of_prolific(prolific: int, seed: int) -> Iterator[Slot]:
    """Yield the slots of one prolific offender, one per period, in order of the number."""
    chapter, turn = divmod(prolific, PROLIFIC)
    for overall in range(chapter * PERIODS, (chapter + 1) * PERIODS):
        place = (turn - _mixed(f"{seed}:turn:{overall}", ACCUSED_TO_PERIOD)) % ACCUSED_TO_PERIOD
        yield slot(_accused_number(overall * ACCUSED_TO_PERIOD + place, seed), seed)


def _accused_number(block: int, seed: int) -> int:
    return block * CRIMES_TO_ACCUSED + _mixed(f"{seed}:accused:{block}", CRIMES_TO_ACCUSED) + 1


def _mixed(text: str, choices: int) -> int:
    return crc32(text.encode()) % choices

"""Make up clients of a service, each seen one or more times over the period."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from demo.generator.clock import Moment, Part, workdays
from demo.generator.setting import Setting

WORKDAYS = workdays()


class Visit(NamedTuple):
    """A client's number, counted from 0, the number of the visit, and its time."""

    client: int
    nth: int
    moment: Moment


def visits(setting: Setting, most: int) -> Iterator[Visit]:
    """Yield visits without end; those of one client together, 1 to `most`, each in a later part."""
    client = 0
    while True:
        yield from _of_client(client, setting, most)
        client += 1


def _of_client(client: int, setting: Setting, most: int) -> Iterator[Visit]:
    times = fewer_more_often(most, setting.rng)
    for nth in range(times):
        # The gap keeps two visits from being on the same day.
        part = Part(nth / times, 0.9 / times)
        yield Visit(client, nth, setting.calendar.moment(WORKDAYS, setting.rng, part))


def fewer_more_often(most: int, rng: Random) -> int:
    """Return a number from 1 to `most`, small ones more often."""
    return 1 + int(rng.random() ** 2 * most)

"""The result of taking a record into the memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes by one record.

    `touched` are the events to be decided again: those whose facts changed first, then later ones whose
    history or level may have changed. `gone` are events that do not exist any more; their alerts are
    withdrawn. `left_out` is the number of later events that are not in `touched`, because there were more
    than `MOST_LATER` of one household or person (counted up to `MOST_LEFT_OUT` of each); the newest are in
    `touched`. `is_crowded` is True if more than `MOST_NEAR` events were near, or more than `MOST_LOOKED_AT`
    of one household or person in the days around, so that some of them were not grouped again.
    `is_too_common` is True if the references of the record were not believed, because more than `MOST_FACTS`
    records share them.
    """

    touched: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    left_out: int = 0
    is_crowded: bool = False
    is_too_common: bool = False

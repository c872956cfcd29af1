"""Attacks on counts by somebody who may ask any number of questions. Each returns how often it is right.

`of` attacks the counts as they are shown; the other methods are there to compare with: `rounded` hides 1 to 7
and rounds the rest to 5, and `cell_key` changes a count by a key of its set of records, so that the same
records have the same count everywhere.
"""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from random import Random
from statistics import mean
from typing import Any

from sanitiser.counts.periods import Period
from sanitiser.counts.table import shown
from tests.sanitiser.counts.planted import (
    CHANCES,
    OTHERS,
    TYPES,
    YEAR,
    District,
    Record,
    cells_of,
    chance,
    periods_of,
)

Pair = tuple[int | None, int | None]
Method = Callable[[int, int], Iterable[tuple[Pair, float]]]
"""What two tables show of a count and of the count without some records, and how often."""

CHANGES = list(enumerate(CHANCES, -7))
UNKNOWN_COUNTS = range(20, 70)


def rounded(count: int, without: int) -> Iterable[tuple[Pair, float]]:
    yield (shown(count, 1), shown(count - without, 1)), 1.0


def cell_key(count: int, without: int) -> Iterable[tuple[Pair, float]]:
    if not without:
        return (((shown(count + e, 1),) * 2, p) for e, p in CHANGES)
    return of(count, without)


def of(count: int, without: int) -> Iterable[tuple[Pair, float]]:
    return (
        ((shown(count + e, 1), shown(count - without + f, 1)), p * q)
        for e, p in CHANGES
        for f, q in CHANGES
    )


def differencing(method: Method) -> float:
    """Tell if two overlapping tables differ by one record or by none, in the best possible way."""
    none, one = (_mixed(method, without) for without in (0, 1))
    return 0.5 + sum(abs(none[pair] - one[pair]) for pair in {*none, *one}) / 4


def _mixed(method: Method, without: int) -> Tally[Pair]:
    found: Tally[Pair] = Tally()
    for count in UNKNOWN_COUNTS:
        for pair, share in method(count, without):
            found[pair] += share / len(UNKNOWN_COUNTS)  # type: ignore[assignment]
    return found


def correction(
    held: Sequence[dict[str, Any]],
    trials: int,
    look: Callable[[District, Period, dict[str, Any]], float | None],
    *,
    recounted: bool,
) -> float:
    """Tell which type a record was corrected to, from all its cells before and after. Chance: 1 in 11."""
    random, right = Random(3), 0.0
    for _ in range(trials):
        after = [dict(record) for record in held]
        record = random.choice(after)
        old = record["type"]
        types = [type_ for type_ in TYPES if type_ != old]
        record["type"] = random.choice(types)
        first, second = District(held), District(after if recounted else held)
        rises = {
            type_: sum(
                (look(second, *cell) or 0) - (look(first, *cell) or 0)
                for cell in cells_of(record, type_)
            )
            for type_ in types
        }
        best = [type_ for type_ in types if rises[type_] == max(rises.values())]
        right += (record["type"] in best) / len(best)
    return right / trials


def only_rounded(district: District, period: Period, values: dict[str, Any]) -> float | None:
    return shown(district.true(period, values), 1)


def as_shown(district: District, period: Period, values: dict[str, Any]) -> float | None:
    return district.seen(period, values)


def small_count(held: Sequence[dict[str, Any]], records: range, trials: int) -> float:
    """Tell a hidden cell with so many records from the same cell without them, by all tables around it.

    Chance: 1 in 2.
    """
    random = Random(6)
    cells = Tally((r["month"], r["ward"], r["type"]) for r in held)
    small = [cell for cell, number in cells.items() if number in records]
    estimates: dict[bool, list[float]] = {True: [], False: []}
    for month, ward, type_ in random.choices(small, k=trials):
        others = [r for r in held if (r["month"], r["ward"], r["type"]) != (month, ward, type_)]
        for planted, some in ((True, held), (False, others)):
            district = District(some, key=random.randbytes(32))
            cell = {"ward": ward, "type": type_}
            if district.seen(Period("month", month), cell) is None:
                estimates[planted].append(_estimate(district, Period("month", month), ward, type_))
    return _higher(estimates[True], estimates[False])


def _estimate(district: District, period: Period, ward: str, type_: str) -> float:
    """Return the mean of a cell's complements, each by how far it can be trusted."""
    month = period.first
    mine = {"ward": ward, "type": type_}
    quarter = Period("quarter", month - month % 3)
    year = Period("year", month - month % 12)
    guess = district.guess
    routes = [
        (guess(period, {"ward": ward})
         - sum(guess(period, {"ward": ward, "type": t}) for t in TYPES if t != type_), 11),
        (guess(period, {"type": type_})
         - sum(guess(period, {"ward": str(w), "type": type_}) for w in range(33) if str(w) != ward), 32),
        (guess(quarter, mine)
         - sum(guess(Period("month", m), mine) for m in quarter.months if m != month), 2),
        (guess(year, mine)
         - sum(guess(Period("month", m), mine) for m in year.months if m != month), 11),
    ]  # fmt: skip
    return sum(e / n for e, n in routes) / sum(1 / n for _, n in routes)


def geographies(held: Sequence[dict[str, Any]], trials: int) -> float:
    """Tell if one record of a ward is outside the ward's LSOAs, from all tables of both. Chance: 1 in 2."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for trial in range(2 * trials):
        random, planted = Random(trial), bool(trial % 2)
        records = [dict(record) for record in held]
        record = random.choice(records)
        ward = str((int(record["ward"]) + 1) % 33)
        if planted:
            record["ward"] = ward
        district = District(records, key=random.randbytes(32))
        scores[planted].append(_outside(district, ward, record["month"]))
    return _higher(scores[True], scores[False])


def _outside(district: District, ward: str, month: int) -> float:
    """Return the mean of what a ward has more than its LSOAs, each by how far it can be trusted."""
    lsoas = [str(lsoa) for lsoa in range(115) if str(lsoa * 33 // 115) == ward]
    found, weights = 0.0, 0.0
    for period in periods_of(month):
        for name in (None, "type", "domestic", "weekday", "hour"):
            every: list[dict[str, Any]] = [{}]
            if name is not None:
                values = {value for _, (value,) in district.counts_of((name,))}
                every = [{name: value} for value in sorted(values, key=str)]
            for v in every:
                own = district.guess(period, {**v, "ward": ward})
                parts = (district.guess(period, {**v, "lsoa": lsoa}) for lsoa in lsoas)
                found += (own - sum(parts)) / len(every)
            weights += 1 / len(every)
    return found / weights


def _higher(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often one of the first is higher than one of the second."""
    wins = [(a > b) + 0.5 * (a == b) for a in first for b in second]
    return mean(wins)


def knows_the_place_and_time(district: District, trials: int) -> float:
    """Tell which of two types a record has, knowing its other fields but no other record.

    Chance: that of `guesses_the_commoner`.
    """
    return _which_type(district, trials, lambda d, r, t: _how_common(d, r, t) + _excess(d, r, t))


def guesses_the_commoner(district: District, trials: int) -> float:
    """Take the type that is more common in the ward of a record in the year."""
    return _which_type(district, trials, _how_common)


def _how_common(district: District, record: Record, type_: str) -> float:
    values = {"ward": record["ward"], "type": type_}
    return math.log(district.guess(Period("year", YEAR.first), values))


def _excess(district: District, record: Record, type_: str) -> float:
    """Return how far the cells of a record with a type exceed what their totals let expect."""
    score = 0.0
    for period in periods_of(record["month"]):
        whole = district.guess(period, {"type": type_}) / district.guess(period, {})
        for name in OTHERS:
            values = {name: record[name]}
            expected = whole * district.guess(period, values)
            seen = district.guess(period, {**values, "type": type_})
            score += (seen - expected) / (expected + 6)
    return score


def knows_all_others(district: District, trials: int) -> float:
    """Tell which of two types a record has, knowing all other records exactly. Chance: 1 in 2."""
    return _which_type(district, trials, _likelihood)


def knows_all_others_asks_once(district: District, trials: int) -> float:
    """As `knows_all_others`, with the table of types and wards in the month alone."""
    return _which_type(
        district,
        trials,
        lambda d, r, type_: _of_cell(
            d, r, type_, Period("month", r["month"]), {"ward": r["ward"], "type": type_}
        ),
    )


def _likelihood(district: District, record: Record, type_: str) -> float:
    return sum(_of_cell(district, record, type_, *cell) for cell in cells_of(record, type_))


def _of_cell(
    district: District, record: Record, type_: str, period: Period, values: dict[str, Any]
) -> float:
    others = district.true(period, values) - (record["type"] == type_)
    seen = district.seen(period, values)
    with_it, without = (max(chance(seen, others + own), 1e-9) for own in (1, 0))
    return math.log(with_it / without)


def _which_type(
    district: District, trials: int, score: Callable[[District, Record, str], float]
) -> float:
    random, right = Random(4), 0.0
    for record in random.sample(district.records, trials):
        own = record["type"]
        other = random.choice([type_ for type_ in TYPES if type_ != own])
        first, second = score(district, record, own), score(district, record, other)
        right += (first > second) + 0.5 * (first == second)
    return right / trials

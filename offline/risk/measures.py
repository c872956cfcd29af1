"""Measure singling out, linkability and inference against control records.

These are the three risks of the opinion 05/2014 of the Article 29 working party, which the ICO's
guidance on anonymisation takes over. The method is that of Anonymeter (Giomi et al. 2023, "A
unified framework for quantifying privacy risk in synthetic data", PoPETs 2023): one attack is made
on originals whose rows are in the release, and on controls whose rows are not. Success on controls
is what chance and general knowledge give. Here the release is depersonalised and not synthetic, so
an intruder looks for equal cells and not for near ones.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from offline.risk.confidence import Measured

SHARE_OF_CONTROLS: Final = 0.5
"""Half, so that both sets have the same size: the chance to be alone depends on the size."""
_MOST: Final = 1_000
"""Attempts of each attack: enough for an interval of three percentage points."""
_MOST_COLUMNS: Final = 100
_LEAST: Final = 20
_SEED: Final = 5_2014

Cells = Mapping[str, str]
_Key = tuple[str, ...]


class Columns(NamedTuple):
    """The columns of a release: what an outsider knows of where and when, and what else is told."""

    place: Sequence[str]
    time: Sequence[str]
    attributes: Sequence[str]

    @property
    def every(self) -> tuple[str, ...]:
        """Return all columns."""
        return (*self.place, *self.time, *self.attributes)


class Risks(NamedTuple):
    """The three risks. `inferred` is the attribute with the highest risk of inference."""

    singling_out: Measured
    linkability: Measured
    inference: Measured
    inferred: str

    def document(self) -> dict[str, Any]:
        """Return the risks for JSON."""
        return {
            "singling_out": self.singling_out.document(),
            "linkability": self.linkability.document(),
            "inference": self.inference.document() | {"attribute": self.inferred},
        }


def risks(pairs: Sequence[tuple[Cells, Cells]], columns: Columns) -> Risks | None:
    """Return the three risks; None with too few pairs.

    Each pair is a released row and what an outsider can know of its original, in cells of the
    same columns. Half of the pairs are controls: their rows are taken out of the release.
    """
    if len(pairs) < 2 * _LEAST or not columns.every:
        return None
    drawn = list(pairs)
    random.Random(_SEED).shuffle(drawn)  # noqa: S311 - a sample, not a secret
    split = int(len(drawn) * (1 - SHARE_OF_CONTROLS))
    rows = [row for row, _ in drawn[:split]]
    attacked = [known for _, known in drawn[:split]]
    controls = [known for _, known in drawn[split:]]
    name, inference = _worst_inference(rows, attacked[:_MOST], controls[:_MOST], columns)
    return Risks(
        _singling_out(rows, attacked, controls, columns.every),
        _linkability(rows, attacked[:_MOST], controls[:_MOST], columns),
        inference,
        name,
    )


def _singling_out(
    rows: Sequence[Cells],
    attacked: Sequence[Cells],
    controls: Sequence[Cells],
    names: Sequence[str],
) -> Measured:
    """Guess that the cells of a row that is alone in the release are those of exactly one event.

    Empty cells of the row say nothing. It succeeds if exactly one original has the others; for the
    control, if exactly one control has them.
    """
    alone = [key for key, count in Counter(_keys(rows, names)).items() if count == 1]
    told = [tuple(name for name, cell in zip(names, key, strict=True) if cell) for key in alone]
    common = {columns for columns, _ in Counter(told).most_common(_MOST_COLUMNS)}
    guesses: dict[tuple[str, ...], list[_Key]] = defaultdict(list)
    for key, columns in list(zip(alone, told, strict=True))[:_MOST]:
        if columns in common:
            guesses[columns].append(tuple(filter(None, key)))
    succeeded = missed = attempts = 0
    for columns, keys in guesses.items():
        ours, theirs = Counter(_keys(attacked, columns)), Counter(_keys(controls, columns))
        succeeded += sum(ours[key] == 1 for key in keys)
        missed += sum(theirs[key] == 1 for key in keys)
        attempts += len(keys)
    return Measured(succeeded, attempts, missed, attempts)


def _linkability(
    rows: Sequence[Cells], attacked: Sequence[Cells], controls: Sequence[Cells], columns: Columns
) -> Measured:
    """Guess that two parts of knowledge, place and time and the attributes, are of one event.

    Empty cells of a row say nothing of the attributes. It succeeds if exactly one row has the place
    and time, and contradicts no attribute, and has one at least.
    """
    first: Sequence[str] = (*columns.place, *columns.time)
    second = columns.attributes
    if not second:
        first, second = columns.place, columns.time
    there: dict[_Key, list[_Key]] = defaultdict(list)
    for row in rows:
        there[_key(row, first)].append(_key(row, second))

    def is_linked(one: Cells) -> bool:
        known = _key(one, second)
        agreeing = (told for told in there.get(_key(one, first), ()) if _agrees(told, known))
        found = list(islice(agreeing, 2))
        return len(found) == 1 and any(found[0])

    return Measured(
        sum(map(is_linked, attacked)), len(attacked), sum(map(is_linked, controls)), len(controls)
    )


def _agrees(told: _Key, known: _Key) -> bool:
    return all(not cell or cell == other for cell, other in zip(told, known, strict=True))


def _worst_inference(
    rows: Sequence[Cells], attacked: Sequence[Cells], controls: Sequence[Cells], columns: Columns
) -> tuple[str, Measured]:
    """Guess an attribute from place and time, for each attribute; return the one of most risk.

    The guess is the commonest value among the rows with the same place and time, else with the
    same place, else among all. It succeeds if the original has it.
    """
    found = {
        secret: _inference(rows, attacked, controls, columns, secret)
        for secret in columns.attributes
        if len({row[secret] for row in rows} - {""}) > 1
    }
    if not found:
        return "", Measured(0, 0, 0, 0)
    worst = max(found, key=lambda secret: found[secret].risk.value)
    return worst, found[worst]


def _inference(
    rows: Sequence[Cells],
    attacked: Sequence[Cells],
    controls: Sequence[Cells],
    columns: Columns,
    secret: str,
) -> Measured:
    guess = _guesser(rows, ((*columns.place, *columns.time), tuple(columns.place), ()), secret)

    def successes(known: Sequence[Cells]) -> tuple[int, int]:
        asked = [one for one in known if one[secret]]
        return sum(guess(one) == one[secret] for one in asked), len(asked)

    return Measured(*successes(attacked), *successes(controls))


def _guesser(
    rows: Sequence[Cells], knowledge: Sequence[Sequence[str]], secret: str
) -> Callable[[Cells], str | None]:
    told: list[tuple[Sequence[str], dict[_Key, Counter[str]]]] = []
    for names in knowledge:
        values: dict[_Key, Counter[str]] = defaultdict(Counter)
        for row in rows:
            if row[secret]:
                values[_key(row, names)][row[secret]] += 1
        told.append((names, dict(values)))

    def guess(known: Cells) -> str | None:
        for names, values in told:
            counted = values.get(_key(known, names))
            if counted:
                return counted.most_common(1)[0][0]
        return None

    return guess


def _keys(rows: Sequence[Cells], names: Sequence[str]) -> Iterator[_Key]:
    return (_key(row, names) for row in rows)


def _key(row: Cells, names: Sequence[str]) -> _Key:
    return tuple(row[name] for name in names)

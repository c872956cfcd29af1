"""Match each released row with one original, as far as possible without the key of the digests.

A row matches an original if each of its cells is that of the original's own release, or empty, or a
coarser form of it. No original has two rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from offline.risk.finding import Hit
from offline.risk.treatment import Treatments
from offline.risk.truth import Originals, Truth
from sanitiser.people.ages import band
from schemas.codes import CodeList
from schemas.derive import utc_field_name
from schemas.people import coarser_name, people
from schemas.record_type import RecordType

ATTACK: Final = "rows of no original"
_BETWEEN: Final = ";"
_EXPLAINED: Final = 300
"""Rows for which the field is searched that keeps them from matching."""

Cells = Mapping[str, str]
_Key = tuple[str, ...]


class Matched(NamedTuple):
    """The pairs of rows and released originals (positions from 0), and hits on rows without one.

    `sure` has the pairs in which neither could have another partner.
    """

    pairs: Sequence[tuple[int, int]]
    sure: Sequence[tuple[int, int]]
    hits: Sequence[Hit]


def match(
    rows: Sequence[Cells],
    known: Originals,
    record_type: RecordType,
    profile: str,
    code_lists: Mapping[str, CodeList],
) -> Matched:
    """Return which row is of which original."""
    if not rows:
        return Matched([], [], [])
    treatments = Treatments(record_type, profile, code_lists)
    matching = _Matching(rows, known.released, record_type, profile, code_lists)
    pairs = matching.pairs()
    hits = list(_of_pairs(rows, known.released, pairs, treatments))
    found = {row for row, _ in pairs}
    alone = [at for at in range(len(rows)) if at not in found]
    excluded = _Excluded(known.withheld, treatments)
    for count, at in enumerate(alone):
        if excluded.has(rows[at]):
            hits.append(Hit(ATTACK, "", "a row that the profile may not have", at + 1))
        elif matching.has_candidates(at):
            hits.append(Hit(ATTACK, "", "more rows than originals with such a release", at + 1))
        else:
            fields = matching.unlike(at) if count < _EXPLAINED else ()
            reason = "is not of the release of any original"
            hits += [Hit(ATTACK, name, reason, at + 1) for name in fields or ("",)]
    sure = matching.sure(pairs)
    hits += _of_digests(rows, known.released, sure, record_type, profile)
    return Matched(pairs, sure, hits)


def rows_alike(
    rows: Sequence[Cells],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    code_lists: Mapping[str, CodeList],
    left_out: Collection[str],
) -> list[int]:
    """Return the positions of the rows that match some original in all columns but those `left_out`."""
    if not rows:
        return []
    matching = _Matching(rows, truths, record_type, profile, code_lists, left_out)
    return [at for at in range(len(rows)) if matching.has_candidates(at)]


class _Matching:
    """The rows and originals by their cells, without digests and caveats."""

    def __init__(
        self,
        rows: Sequence[Cells],
        truths: Sequence[Truth],
        record_type: RecordType,
        profile: str,
        code_lists: Mapping[str, CodeList],
        left_out: Collection[str] = (),
    ) -> None:
        digests = {
            f.name
            for f in record_type.released(profile)
            if f.treatments[profile].action == "reference"
        }
        ignored = {"record_id", "caveats", "source_agency", *digests, *left_out}
        declared = frozenset(truths[0].cells) if truths else frozenset()
        self._names = [n for n in rows[0] if n in declared and n not in ignored]
        instants = {utc_field_name(e.time) for e in record_type.events if e.time}
        self._instants = [at for at, name in enumerate(self._names) if name in instants]
        self._undated = frozenset(_ages_at_supply(record_type, profile))
        self._coarse = dict(_coarser(record_type, profile, code_lists))
        self._rows = self._grouped([self._key(row) for row in rows])
        self._originals = self._grouped([self._key(truth.cells) for truth in truths])
        self._row_keys = {at: key for key, ats in self._rows.items() for at in ats}
        self._having: list[dict[str, set[_Key]]] = [defaultdict(set) for _ in self._names]
        for key in self._originals:
            for at, cell in self._shown(key):
                self._having[at][cell].add(key)
        self._found: dict[_Key, Collection[_Key]] = {
            key: self._candidates(key) for key in self._rows
        }

    def pairs(self) -> list[tuple[int, int]]:
        """Return as many pairs as possible, each row and each original once (maximum flow)."""
        row_keys, own_keys = list(self._rows), list(self._originals)
        place = {key: at for at, key in enumerate(own_keys)}
        source, sink = len(row_keys) + len(own_keys), len(row_keys) + len(own_keys) + 1
        edges = [(source, at, len(self._rows[key])) for at, key in enumerate(row_keys)]
        edges += [
            (len(row_keys) + at, sink, len(self._originals[key])) for at, key in enumerate(own_keys)
        ]
        for at, key in enumerate(row_keys):
            count = len(self._rows[key])
            edges += [(at, len(row_keys) + place[own], count) for own in self._found[key]]
        start, end, room = (np.array(part, dtype=np.int32) for part in zip(*edges, strict=True))
        graph = coo_array((room, (start, end)), shape=(sink + 1, sink + 1)).tocsr()
        flow = maximum_flow(graph, source, sink).flow.tocoo()
        left = {key: list(ats) for key, ats in self._rows.items()}
        free = {key: list(ats) for key, ats in self._originals.items()}
        pairs = []
        for begin, finish, count in zip(flow.row, flow.col, flow.data, strict=True):
            if count > 0 and begin < len(row_keys) <= finish < source:
                key, own = row_keys[begin], own_keys[finish - len(row_keys)]
                pairs += [(left[key].pop(0), free[own].pop(0)) for _ in range(count)]
        return sorted(pairs)

    def sure(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the pairs of which neither can have another partner."""
        wanted = Counter(own for found in self._found.values() for own in found)
        sure = []
        for row, truth in pairs:
            key = self._row_keys[row]
            found = self._found[key]
            if len(self._rows[key]) == 1 and len(found) == 1:
                (own,) = found
                if wanted[own] == 1 and len(self._originals[own]) == 1:
                    sure.append((row, truth))
        return sure

    def has_candidates(self, row: int) -> bool:
        """Return True if a row has the cells of some original's release."""
        return bool(self._found[self._row_keys[row]])

    def unlike(self, row: int) -> list[str]:
        """Return the fields of which each alone keeps the row from matching any original.

        An instant follows from its date and time, so it is named only if these two match.
        """
        key = self._row_keys[row]
        missing: Counter[_Key] = Counter()
        filled = [at for at, cell in enumerate(key) if cell and at not in self._instants]
        for at in filled:
            missing.update(self._having[at].get(key[at], ()))
        near = [own for own, count in missing.items() if count == len(filled) - 1]
        places: Iterable[int] = filled
        if not near:
            near = [own for own, count in missing.items() if count == len(filled)]
            places = self._instants
        return sorted(
            {
                self._names[at]
                for own in near
                for at in places
                if key[at] and own not in self._having[at].get(key[at], ())
            }
        )

    def _candidates(self, key: _Key) -> Collection[_Key]:
        if key in self._originals and not self._has_room(key):
            return (key,)
        held = [self._having[at].get(cell, set()) for at, cell in enumerate(key) if cell]
        if not held:
            return list(self._originals)
        held.sort(key=len)
        return list(held[0].intersection(*held[1:]))

    def _has_room(self, key: _Key) -> bool:
        """Return True if there are more rows than originals with exactly these cells."""
        return len(self._rows[key]) > len(self._originals[key])

    def _shown(self, key: _Key) -> Iterator[tuple[int, str]]:
        """Yield each cell that a row of an original may have: its own, and the coarser forms."""
        for at, name in enumerate(self._names):
            if key[at]:
                yield from ((at, cell) for cell in self._near(name, key[at]))
            exact, coarser = self._coarse.get(name, (None, None))
            if exact in self._names and coarser is not None:
                cell = key[self._names.index(exact)]
                for told in self._near(exact, cell) if cell else ():
                    coarse = coarser(told)
                    if coarse:
                        yield at, coarse

    def _near(self, name: str, cell: str) -> Iterator[str]:
        """Yield a cell, and a year more and less for an age at the supply, whose day is not known."""
        yield cell
        if name in self._undated:
            yield from (str(int(cell) + years) for years in (-1, 1))

    def _key(self, cells: Cells) -> _Key:
        return tuple(cells[name] for name in self._names)

    @staticmethod
    def _grouped(keys: Sequence[_Key]) -> dict[_Key, list[int]]:
        grouped: dict[_Key, list[int]] = defaultdict(list)
        for at, key in enumerate(keys):
            grouped[key].append(at)
        return grouped


def _ages_at_supply(record_type: RecordType, profile: str) -> Iterator[str]:
    """Yield the ages that were computed on the day of the supply, which is not known here."""
    for field in record_type.released(profile):
        if field.born and field.treatments[profile].action == "age" and not record_type.events:
            yield field.name


def _coarser(
    record_type: RecordType, profile: str, code_lists: Mapping[str, CodeList]
) -> Iterator[tuple[str, tuple[str, Callable[[str], str | None]]]]:
    """Yield each coarser field with the exact one, and the function that makes its cells."""
    for person in people(record_type, profile):
        for field in person.fields:
            name = coarser_name(field, profile)
            codes = code_lists.get(field.treatments[profile].code_list or "")
            if name is not None:
                yield name, (field.name, codes.group if codes else _band)


def _band(cell: str) -> str | None:
    return band(int(cell))


class _Excluded:
    """The originals that the profile may not have, by what a row of theirs would have."""

    def __init__(self, withheld: Sequence[Truth], treatments: Treatments) -> None:
        self._truths = [truth for truth in withheld if treatments.may_not_have(truth)]
        self._treatments = treatments
        self._asked = 0

    def has(self, row: Cells) -> bool:
        """Return True if a row can be of one of them; only so many rows are searched."""
        self._asked += 1
        if self._asked > _EXPLAINED or not any(row.get(n) for n in self._treatments.fields):
            return False
        return any(self._is_of(row, truth) for truth in self._truths)

    def _is_of(self, row: Cells, truth: Truth) -> bool:
        for prefix, located in truth.locations.items():
            # A sector is the beginning of a postcode.
            postcode = row.get(f"{prefix}postcode", "")
            if not (located.released.postcode or "").startswith(postcode):
                return False
        return next(self._treatments.wrong(row, truth), None) is None


def _of_pairs(
    rows: Sequence[Cells],
    truths: Sequence[Truth],
    pairs: Sequence[tuple[int, int]],
    treatments: Treatments,
) -> Iterator[Hit]:
    for row, at in pairs:
        if treatments.may_not_have(truths[at]):
            yield Hit(ATTACK, "", "a row that the profile may not have", row + 1)
        for name, reason in treatments.wrong(rows[row], truths[at]):
            yield Hit(ATTACK, name, reason, row + 1)


def _of_digests(
    rows: Sequence[Cells],
    truths: Sequence[Truth],
    sure: Sequence[tuple[int, int]],
    record_type: RecordType,
    profile: str,
) -> Iterator[Hit]:
    """Yield a hit for each digest that joins different references."""
    for field in record_type.released(profile):
        if field.treatments[profile].action != "reference" or field.name not in rows[0]:
            continue
        meant: dict[str, Any] = {}
        for row, at in sure:
            digest, reference = rows[row][field.name], truths[at].record.get(field.name)
            if digest and meant.setdefault(digest, reference) != reference:
                yield Hit(ATTACK, field.name, "a digest of two different references", row + 1)
    for row, at in sure:
        given = truths[at].cells["caveats"].split(_BETWEEN)
        for caveat in filter(None, rows[row].get("caveats", "").split(_BETWEEN)):
            if caveat not in given:
                yield Hit(ATTACK, "caveats", "is no caveat of the original", row + 1)

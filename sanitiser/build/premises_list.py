"""Build the list of premises whose names may be released, from published registers."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from sanitiser.build.reference_sources import BadReference, open_text
from sanitiser.places.premises import names_no_home
from sanitiser.text.word_lists import Built, kind_of_each_type

_NAMES: Final = ("name", "businessname", "establishmentname", "commonname")
_TYPES: Final = ("type", "businesstype", "typeofestablishment (name)", "stoptype")


class PremisesList:
    """The names of premises that may be released. Other names are withheld."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take names as published."""
        self._names = {_key(name): name for name in names}

    @classmethod
    def open(cls, file: Path) -> PremisesList:
        """Read the list that `build_premises` wrote."""
        return cls(file.read_text(encoding="utf-8").splitlines())

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._names)

    @property
    def names(self) -> Collection[str]:
        """Return all names as published."""
        return self._names.values()

    def __call__(self, given: str) -> str | None:
        """Return the published name of listed premises; None for anything else."""
        return self._names.get(_key(given))


def build_premises(out: Path, sources: Sequence[Path]) -> Built:
    """Write the names of the `sources` that may be released to the file `out`.

    A CSV file (also .gz, .xz) has a name and a type: `name` and `type`, or the columns of food
    hygiene ratings, Get Information About Schools or NaPTAN. Names that a home could have are left
    out.

    Raises:
        BadReference: names file, line, field and what is accepted.
    """
    kept, left_out = Counter[str](), Counter[str]()
    names: dict[str, str] = {}
    for source in sources:
        for name, kind in _rows(source):
            known = kinds().get(kind.casefold())
            if known is None or not names_no_home(name):
                left_out["named like a home" if known else "kind not released"] += 1
            else:
                names.setdefault(_key(name), name)
                kept[known] += 1
    draft = out.with_name(f".{out.name}")
    draft.write_text("".join(f"{name}\n" for name in sorted(names.values())), encoding="utf-8")
    draft.replace(out)
    return Built(kept, left_out)


@cache
def kinds() -> Mapping[str, str]:
    """Return the kind of each type that is released."""
    return kind_of_each_type("premises_kinds.txt")


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    with open_text(path) as stream:
        reader = csv.reader(stream)
        titles = [title.strip().casefold() for title in next(reader, [])]
        name, kind = _column(path, titles, _NAMES), _column(path, titles, _TYPES)
        for cells in reader:
            if len(cells) <= max(name, kind):
                message = f"{len(cells)} cells; the header has more"
                raise BadReference(f"{path}, line {reader.line_num}: {message}")
            yield " ".join(cells[name].split()), cells[kind].strip()


def _column(path: Path, titles: Sequence[str], accepted: Sequence[str]) -> int:
    for title in accepted:
        if title in titles:
            return titles.index(title)
    raise BadReference(f"{path}, line 1: no column {' or '.join(accepted)}")


def _key(name: str) -> str:
    plain = name.casefold().replace("’", "'").replace("&", " and ")
    return " ".join(plain.split()).removeprefix("the ")

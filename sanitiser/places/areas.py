"""Ward and LSOA of each postcode, on disk beside the postcode index. Counts need them; a worker does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanitiser.places.postcode_store import PostcodeIndexError

KINDS: Final = ("ward", "lsoa")
"""The kinds of areas, by which a postcode is counted."""

CODES_FILE: Final = "codes.json"
NO_CODE: Final = ""


class AreasNotBuilt(PostcodeIndexError):
    """The folder has no areas of postcodes, or none of the wanted kind."""


class AreaColumns(NamedTuple):
    """Compact postcodes in ascending order, and for each the position of the code of its area, shape (n,)."""

    keys: NDArray[np.bytes_]
    areas: NDArray[np.unsignedinteger]


class Areas:
    """The areas of one kind, memory-mapped."""

    def __init__(self, columns: AreaColumns, codes: list[str]) -> None:
        """Wrap mapped columns; use `open`."""
        self._columns = columns
        self._codes = codes

    @classmethod
    def open(cls, folder: Path, kind: str) -> Areas:
        """Map the areas of a kind that `sanitiser.build.areas_build` wrote to a folder.

        Raises:
            AreasNotBuilt: there are none; the text says how to build them.
        """
        try:
            codes = json.loads((folder / CODES_FILE).read_text(encoding="utf-8"))[kind]
            keys, areas = (
                np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                for name in ("keys", kind)
            )
        except (FileNotFoundError, KeyError):
            message = (
                f"{folder}: has no {kind} of postcodes; build it with `ipu reference areas FILE`"
            )
            raise AreasNotBuilt(
                f"{message}, where FILE is the ONS Postcode Directory with a column of the {kind}"
            ) from None
        return cls(AreaColumns(keys, areas), codes)

    def of(self, postcode: str) -> str | None:
        """Return the code of the area of a postcode; None if it is not known."""
        key, keys = postcode.replace(" ", "").encode("ascii", "replace"), self._columns.keys
        at = int(np.searchsorted(keys, np.bytes_(key)))
        if at == len(keys) or keys[at] != key:
            return None
        return self._codes[int(self._columns.areas[at])] or None

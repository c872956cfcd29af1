"""The made-up household file of the national index."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sanitiser.build.reference import onspd_package
from sanitiser.places.postcodes import normalise

_SEED = 22
_MEAN_HOUSEHOLDS = 15
_MEAN_OF_SMALL = 2
_SHARE_SMALL = 0.15


def make_households(path: Path) -> None:
    """Write a made-up count for every postcode of ONSPD, where there is no such file yet.

    About one postcode in seven gets so few households that Appendix 1 has it substituted. A few of
    ONSPD's terminated postcodes have no form that a household file is accepted with.
    """
    if path.exists():
        return
    table = onspd_package()
    rng, size = np.random.default_rng(_SEED), len(table.keys)
    small = rng.random(size) < _SHARE_SMALL
    counts = np.where(small, rng.poisson(_MEAN_OF_SMALL, size), rng.poisson(_MEAN_HOUSEHOLDS, size))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write("postcode,households\n")
        file.writelines(
            f"{code},{count}\n"
            for code, count in zip(table.keys.astype("U7").tolist(), counts.tolist(), strict=True)
            if normalise(code)
        )
    draft.replace(path)

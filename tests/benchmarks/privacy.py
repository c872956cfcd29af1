"""Area `privacy`: what releases of real and made-up data tell of people and homes, and what is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks.banes import district_index
from tests.benchmarks.figures import Aim, Area
from tests.benchmarks.index_change import classes_after_changes
from tests.benchmarks.joined_cases import cases_of_district
from tests.benchmarks.protected import protected_figures
from tests.benchmarks.rare_kinds import single_events
from tests.benchmarks.released_streets import street_figures
from tests.benchmarks.risk import figures as risk_figures
from tests.benchmarks.singling import measure
from tests.benchmarks.subtraction import missing_found
from tests.conftest import SHARED_DATA

AIMS: Final = {
    "street_kept": Aim(0.95),
    "street_kept_with_list": Aim(0.97),
    "street_kept_banes": Aim(0.9),
    "leaks_per_10000": Aim(2, at_most=True),
    "leaks_per_10000_with_list": Aim(2, at_most=True),
    "wrong_per_10000_with_list": Aim(1, at_most=True),
    "classes_under_k_after_change": Aim(0, at_most=True),
    "cases_with_few_alike_by_joined_case": Aim(0, at_most=True),
    "planted_found": Aim(20),
    "false_alarms": Aim(0, at_most=True),
}
_HOW: Final = (
    "2000 real streets of Avon and Somerset, each in 44 ways of writing; indexes of Bath and North East "
    "Somerset after changes of k, limit and counts; planted leaks and clean releases for `ipu risk`; made-up "
    "bursts, victims, offenders and protected places. Figures are the same in each run, except the times."
)


def privacy(progress: Callable[[str, int, int], None]) -> Area:
    """Measure everything once; without the real data only what needs none."""
    parts: dict[str, Callable[[], Mapping[str, float]]] = {"risk": risk_figures}
    if SHARED_DATA.is_dir():
        parts |= {
            "streets": street_figures,
            "changes of the index": lambda: _in_folder(
                lambda f: classes_after_changes(SHARED_DATA, f)
            ),
            "singling out": lambda: _in_folder(measure),
            "joined cases": lambda: _in_folder(cases_of_district),
            "published crimes": lambda: _in_folder(_of_published_crimes),
            "protected places": protected_figures,
        }
    found: dict[str, float] = {}
    for done, (name, part) in enumerate(parts.items()):
        progress(f"privacy: {name}", done, len(parts))
        found |= part()
    progress("privacy", len(parts), len(parts))
    aims = {name: aim for name, aim in AIMS.items() if name in found}
    return Area("privacy", "share, of 10,000 lines, classes, kinds", found, aims, [], _HOW)


def _of_published_crimes(folder: Path) -> Mapping[str, float]:
    """Return what a reader learns of crimes that are also published, and of rare ones at small places."""
    index = district_index(folder)
    found = {f"missing_crimes_{name}": figure for name, figure in missing_found(index).items()}
    return found | single_events(index)


def _in_folder(measured: Callable[[Path], Mapping[str, float]]) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return measured(Path(folder))

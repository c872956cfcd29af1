"""The figures: medians of runs, kept in one JSON file area by area, and shown as a short table."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Aim:
    """The target of a figure: at least or at most `value`."""

    value: float
    at_most: bool = False

    def reached(self, figure: float) -> bool:
        """Return True if a figure reaches the target."""
        return figure <= self.value if self.at_most else figure >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Area:
    """The figures of one area by name, with their unit, aims and every run they come from."""

    name: str
    unit: str
    figures: Mapping[str, float]
    aims: Mapping[str, Aim]
    runs: Sequence[Mapping[str, Any]]
    how: str

    def as_json(self, versions: Mapping[str, Any]) -> dict[str, Any]:
        """The area's object in the file."""
        return {
            **{name: _rounded(figure) for name, figure in self.figures.items()},
            "aims": {name: str(aim) for name, aim in self.aims.items()},
            "reached": {n: aim.reached(self.figures[n]) for n, aim in self.aims.items()},
            "unit": self.unit,
            "how": self.how,
            "runs": [{k: _rounded(v) for k, v in run.items()} for run in self.runs],
            "versions": versions,
            "machine": machine(),
            "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def keep(path: Path, area: Area, versions: Mapping[str, Any]) -> None:
    """Put the area into the file, beside the areas that are there."""
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    document[area.name] = area.as_json(versions)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def table(areas: Sequence[Area]) -> Table:
    """All figures with their aims."""
    shown = Table("area", "figure", "median", "runs from", "to", "aim", "reached")
    for area in areas:
        for name, figure in area.figures.items():
            aim, values = area.aims.get(name), [run[name] for run in area.runs if name in run]
            shown.add_row(
                area.name, name, _text(figure),
                _text(min(values)) if values else "", _text(max(values)) if values else "",
                str(aim or ""), "" if aim is None else "yes" if aim.reached(figure) else "no",
            )  # fmt: skip
        shown.add_section()
    return shown


def medians(runs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """The median of each named figure over the runs that have it."""
    return {n: statistics.median([r[n] for r in runs if n in r]) for n in names}


def with_load(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A run's figures with the machine's load average (one minute) before and after it."""
    before = os.getloadavg()[0]
    figures = run()
    return {**figures, "load_before": before, "load_after": os.getloadavg()[0]}


def machine() -> dict[str, Any]:
    """Return a description of the machine that the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _text(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1_000 else f"{figure:.3g}"

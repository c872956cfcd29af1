"""Draw a map of sites, recent events and clusters as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detection.scan.counts import Ints
from offline.detect.days import iso_of
from offline.detect.running import Found, Outcome
from offline.private_file import private_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES, _DOTS = (9.0, 9.0), 150
_MOST_DRAWN = 100
_SMALLEST_SHARE = 0.008
"""The circle of a cluster is drawn at least so large, as a share of the width of the map."""


def draw(outcome: Outcome, file: Path) -> None:
    """Write the map to a PNG file. Axes are in metres."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    figure = Figure(figsize=_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _draw_sites(axes, outcome)
    _draw_clusters(axes, outcome)
    axes.set_aspect("equal", adjustable="datalim")
    axes.ticklabel_format(style="plain", useOffset=False)
    axes.set(xlabel="easting (m)", ylabel="northing (m)", title=_title(outcome))
    axes.legend(loc="upper right")
    with private_file(file) as stream:
        figure.savefig(stream, format="png", dpi=_DOTS)


def _draw_sites(axes: Axes, outcome: Outcome) -> None:
    totals = outcome.counts.base.sum(axis=1)
    recent = outcome.counts.recent.sum(axis=1)
    days = outcome.order.window
    _draw_events(axes, outcome, totals, "0.8", "events of the study period")
    _draw_events(axes, outcome, recent, "tab:blue", f"events of the last {days} days")


def _draw_events(axes: Axes, outcome: Outcome, events: Ints, colour: str, label: str) -> None:
    shown = events > 0
    eastings, northings = outcome.sites.points[shown].T
    # In square points; a site with many events does not cover the others.
    areas = 4 + 2 * np.minimum(events[shown], _MOST_DRAWN)
    axes.scatter(eastings, northings, s=areas, color=colour, linewidths=0, label=label)


def _draw_clusters(axes: Axes, outcome: Outcome) -> None:
    from matplotlib.patches import Circle  # noqa: PLC0415 - an extra

    smallest = _SMALLEST_SHARE * _width(outcome)
    for rank, found in enumerate(outcome.found, 1):
        centre = outcome.sites.points[found.cluster.centre]
        radius = max(found.cluster.radius, smallest)
        colour = "tab:red" if rank == 1 else "tab:orange"
        axes.add_patch(Circle((centre[0], centre[1]), radius, fill=False, color=colour))
        where = (centre[0] + radius, centre[1] + radius)
        axes.annotate(_label(rank, found), where, color=colour)


def _label(rank: int, found: Found) -> str:
    cluster = found.cluster
    return f"{rank}: {cluster.observed} against {cluster.expected:.1f}, p {found.p.value:.2g}"


def _title(outcome: Outcome) -> str:
    period = outcome.period
    return f"Clusters as of {iso_of(period.last)}: {outcome.inside:,} events since {iso_of(period.first)}"


def _width(outcome: Outcome) -> float:
    return float(np.ptp(outcome.sites.points, axis=0).max())

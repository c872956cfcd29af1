"""Write the outcome of a scan as a document for JSON."""

from __future__ import annotations

from typing import Any, Final

from detection.scan.p_values import recurrence_interval
from offline.detect.days import iso_of
from offline.detect.reading import Events
from offline.detect.running import Found, Outcome

_LEAST_P: Final = 1e-300
"""A smaller p-value has no recurrence interval that JSON can write."""

Document = dict[str, Any]


def document_of(read: Events, outcome: Outcome) -> Document:
    """Return clusters (best first), settings and counts."""
    return {
        "clusters": [cluster_document(found, outcome) for found in outcome.found],
        "settings": _settings(outcome) | {"type": read.of_type},
        "counts": _counts(read, outcome),
    }


def cluster_document(found: Found, outcome: Outcome) -> Document:
    """Return one cluster. `centre` is [easting, northing] in metres, `from` and `to` are days."""
    cluster, p, last = found.cluster, found.p, outcome.period.last
    sites = outcome.sites
    used = max(p.value, _LEAST_P)
    return {
        "llr": cluster.llr,
        "p": used,
        "p_method": p.method,
        "p_monte_carlo": p.monte_carlo,
        "p_gumbel": p.gumbel,
        "recurrence_interval_days": recurrence_interval(used),
        "observed": cluster.observed,
        "expected": cluster.expected,
        "from": iso_of(last - cluster.window + 1),
        "to": iso_of(last),
        "window_days": cluster.window,
        "centre": [_number(each) for each in sites.points[cluster.centre].tolist()],
        "radius_m": cluster.radius,
        "sites": [name for site in cluster.sites.tolist() for name in sites.names[site]],
        "records": [] if sites.ids_are_sites else [event.id for event in found.events],
    }


def _settings(outcome: Outcome) -> Document:
    order, period = outcome.order, outcome.period
    return {
        "as_of": iso_of(period.last),
        "study_from": iso_of(period.first),
        "study_days": period.days,
        "radius_m": _number(order.radius),
        "share": order.share,
        "window_days": order.window,
        "replicates": order.replicates,
        "seed": order.seed,
        "strata": order.strata,
        "minimum_cases": order.minimum,
        "most": order.most,
    }


def _counts(read: Events, outcome: Outcome) -> Document:
    events = sum(event.cases for event in read.events)
    return {
        "rows": read.rows,
        "cases": outcome.inside,
        "cases_outside_the_study_period": events - outcome.inside,
        "sites": len(outcome.sites.points),
        "rows_left_out": dict(sorted(read.left_out.items())),
    }


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value

"""The generated pages are not stale, and the one on metrics names every series."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from ops.pages import DOCS, generated_pages, metrics_page
from streams.disclosure.metrics import DisclosureMetrics
from streams.runtime.metrics import StreamMetrics
from streams.sanitising.metrics import Metrics


@pytest.mark.parametrize("name", sorted(generated_pages()))
def test_a_committed_page_is_what_would_be_generated(name: str) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert committed == generated_pages()[name], "run `make docs`"


@pytest.mark.parametrize("kind", [Metrics, DisclosureMetrics])
def test_every_series_of_a_program_is_on_the_page(kind: type[StreamMetrics]) -> None:
    registry = CollectorRegistry()
    kind(registry)
    page = metrics_page()
    for family in registry.collect():
        assert f"`{family.name}" in page
        assert family.documentation in page

"""Builds the Faust application: its agents under supervision; Faust's own Kafka clients stay closed."""

from __future__ import annotations

import faust
from faust.app.base import BootStrategy

from streams.runtime.agent import add_agent
from streams.runtime.source import Source


class _WithoutKafka(BootStrategy):
    enable_kafka = False
    enable_web = False


class _App(faust.App):
    BootStrategy = _WithoutKafka

    def _create_directories(self) -> None:
        """Make none: Faust keeps nothing here, and would leave folders where it is started."""


def build_app(name: str, *sources: Source) -> faust.App:
    """Return an application with an agent for the processor of each source; it connects nothing yet."""
    app = _App(name, broker="kafka://unused", store="memory://", web_enabled=False)
    for source in sources:
        add_agent(app, source)
    return app

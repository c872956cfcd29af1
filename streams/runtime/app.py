"""Builds the Faust application: its agent under supervision; Faust's own Kafka clients stay closed."""

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


def build_app(name: str, source: Source) -> faust.App:
    """Return an application with the agent of a source's processor; it connects nothing yet.

    A process runs one agent: the watchdog is one for the process.
    """
    app = _App(name, broker="kafka://unused", store="memory://", web_enabled=False)
    add_agent(app, source)
    return app

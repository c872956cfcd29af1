"""Builds the Faust application, which supervises the agent. Faust opens no Kafka client of its own."""

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
        """Create no directories: Faust stores nothing here, and would leave empty folders behind."""


def build_app(name: str, source: Source) -> faust.App:
    """Return an application with the agent of a source's processor. It does not connect yet.

    A process runs one agent, because a process has one watchdog.
    """
    app = _App(name, broker="kafka://unused", store="memory://", web_enabled=False)
    add_agent(app, source)
    return app

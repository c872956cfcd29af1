"""Builds the Faust application: worker, agents, supervision; its own Kafka clients stay closed."""

from __future__ import annotations

from typing import Any

import faust
from faust.app.base import BootStrategy

from streams.runtime.heads import HeadsFollower
from streams.runtime.kafka_config import WorkerClients
from streams.runtime.metrics import Metrics
from streams.runtime.source import BatchSource, SourceSettings
from streams.sanitising.agent import add_pipeline_agent
from streams.sanitising.pipeline import Pipeline
from streams.state.changelog import Changelog


class _WithoutKafka(BootStrategy):
    enable_kafka = False
    enable_web = False


class _App(faust.App):
    BootStrategy = _WithoutKafka

    def _create_directories(self) -> None:
        """Make none: Faust keeps nothing here, and would leave folders where it is started."""


def build_app(
    clients: WorkerClients,
    pipeline: Pipeline,
    source: SourceSettings,
    metrics: Metrics,
    changelog: Changelog | None = None,
    heads: HeadsFollower | None = None,
) -> faust.App:
    """An application that reads the pipeline's topics when a Faust worker starts it.

    Without a `changelog` the worker remembers no longer than it runs, without `heads` its chain of the audit
    begins anew.
    """
    keep = pipeline.keep
    app = _App(clients.principal, broker="kafka://unused", store="memory://", web_enabled=False)
    channel = app.channel(value_type=None, maxsize=1)
    add_pipeline_agent(app, channel, pipeline)

    @app.service
    class PipelineSource(BatchSource):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(
                app, channel, clients, source, metrics, keep, changelog, heads, **kwargs
            )

    return app

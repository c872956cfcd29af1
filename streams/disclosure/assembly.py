"""Assembles the discloser: its feed, the broker of its cases, and the source that drives it."""

from __future__ import annotations

import time

from isp.audit.chain import Heads
from isp.cases.turns import Allowance
from schemas.wire import decoder
from streams.disclosure.broker import KafkaCaseBroker
from streams.disclosure.clients import DiscloserClients
from streams.disclosure.discloser import Discloser, DiscloserSettings
from streams.disclosure.feed import CaseFeed
from streams.disclosure.prepared import prepared_topics
from streams.runtime.heads import HeadsFollower
from streams.runtime.metrics import StreamMetrics
from streams.runtime.source import Source, SourceSettings

_RECORDS = 1_000
"""Maximum number of messages in a batch: one poll, and the letters whose turn it is."""

_PREPARED_A_MINUTE = 6_000
"""Maximum number of messages of the alerts agent that are processed per minute."""


def build_discloser(settings: DiscloserSettings, metrics: StreamMetrics) -> Source:
    """Return the source that drives the discloser of a protocol. It does not connect yet."""
    names, protocol, heads = settings.names, settings.protocol, Heads()
    a_minute, began = protocol.cases.letters_a_minute, time.monotonic()
    allowances = {names.letters(p.id): Allowance(a_minute, began) for p in protocol.correspondents}
    for topic in prepared_topics(protocol):
        allowances[topic] = Allowance(_PREPARED_A_MINUTE, began)
    clients = DiscloserClients(settings.connection, names.discloser)
    feed = CaseFeed(settings.connection, names.discloser, allowances)
    broker = KafkaCaseBroker(settings)
    discloser = Discloser(settings, feed, broker, heads, allowances)
    # No small batches at the start: every batch with a refused letter delays the party's next letters.
    transactions = SourceSettings(
        clients.producer(),
        names.audit,
        batch_records=_RECORDS,
        first_records=_RECORDS,
    )
    decode = decoder(settings.catalogue.system["audit-head"])
    follower = HeadsFollower(clients.reader(), names.audit_heads, heads, decode)
    return Source(discloser, feed, transactions, metrics, heads=follower)

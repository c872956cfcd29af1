"""The pipeline of all record types, without a broker."""

from __future__ import annotations

from tests.streams.conftest import catalogue, full, full_protocol, index, protocol

__all__ = ["catalogue", "full", "full_protocol", "index", "protocol"]

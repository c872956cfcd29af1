"""The pipeline of all record types, without a broker."""

from __future__ import annotations

from tests.streams.conftest import full, full_protocol, index

__all__ = ["full", "full_protocol", "index"]

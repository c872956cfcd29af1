"""Protocols that tests run by."""

from __future__ import annotations

from pathlib import Path

FIRST = Path(__file__).with_name("first.yaml")
"""Four parties and three core datasets under the short name `banes`."""

"""Errors of the hub. Each message says what is wrong, and what is accepted."""

from __future__ import annotations

from connectors.errors import ConnectorError


class HubError(ConnectorError):
    """The hub cannot store or give what it is asked for; the message is for the user."""

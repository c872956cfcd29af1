"""Errors that prevent the audit from being written or read."""

from __future__ import annotations


class AuditError(RuntimeError):
    """An audit entry could not be written, so the action was not done."""

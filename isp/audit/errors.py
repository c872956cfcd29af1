"""What can keep the audit from being written or read."""

from __future__ import annotations


class AuditError(RuntimeError):
    """An audit entry could not be written, so what it was to tell of was not done."""

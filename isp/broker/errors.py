"""Errors that prevent the application of a protocol."""

from __future__ import annotations


class ApplyError(RuntimeError):
    """The broker or the registry refused a request; the text names the resource and the reason."""


class IncompatibleSchemaError(ApplyError):
    """The new schema is not compatible with a version of the subject in the registry."""


class RegistryAwayError(ApplyError):
    """The registry cannot be reached."""

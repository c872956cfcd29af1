"""What can keep a protocol from being applied."""

from __future__ import annotations


class ApplyError(RuntimeError):
    """The broker or the registry refused a part of the protocol; names the resource and why."""


class IncompatibleSchemaError(ApplyError):
    """The registry holds a version of the subject that the new schema could not be read with."""


class RegistryAwayError(ApplyError):
    """The registry cannot be reached."""

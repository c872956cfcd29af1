"""Errors of supplying a file. Each message says what is wrong, where, and what is accepted."""

from __future__ import annotations


class ConnectorError(RuntimeError):
    """A file could not be supplied, or only in part; the message is for the user."""


class MappingError(ConnectorError):
    """A mapping that cannot be used; one line per finding, each with file, line and place."""


class MetadataError(ConnectorError):
    """Metadata that cannot be used; one line per finding, each with file, line and place."""


class SourceError(ConnectorError):
    """A file that does not match its mapping, or cannot be read."""


class PublishError(ConnectorError):
    """Records could not be written.

    Publishing the same file again continues where this call ended.
    """


class LoginRefusedError(PublishError):
    """The broker does not accept the principal's password."""


class AccessDeniedError(PublishError):
    """The broker does not give the principal the rights that the supply needs."""


class NotAppliedError(PublishError):
    """Broker or registry lack a resource of the protocol."""


class UnavailableError(PublishError):
    """Broker or registry did not answer in time."""


class UnfinishedError(UnavailableError):
    """A topic could not be read to its end, although the broker answered."""


class SupersededError(PublishError):
    """Another publisher of the same agency and dataset has fenced this one."""


class RecordTooLargeError(PublishError):
    """A record is larger than the broker accepts."""


class AlertError(ConnectorError):
    """An alert cannot be read, acknowledged or delivered; the message is for the user."""

"""What can keep a file from being supplied; every message says what, where and what is accepted."""

from __future__ import annotations


class ConnectorError(RuntimeError):
    """A file could not be supplied, or not wholly; its message is meant for the user."""


class MappingError(ConnectorError):
    """A mapping that must not be used; one line a finding, each with file, line and place."""


class MetadataError(ConnectorError):
    """Metadata that must not be used; one line a finding, each with file, line and place."""


class SourceError(ConnectorError):
    """A file that cannot be read as what its mapping says it is."""


class PublishError(ConnectorError):
    """Records could not be written; publishing the same file again goes on where this ended."""


class LoginRefusedError(PublishError):
    """The broker does not accept the principal's password."""


class AccessDeniedError(PublishError):
    """The broker does not allow the principal what the supply needs."""


class NotAppliedError(PublishError):
    """Broker or registry lack what the protocol calls for."""


class UnavailableError(PublishError):
    """Broker or registry did not answer in time."""


class UnfinishedError(UnavailableError):
    """A topic could not be read to its end, though the broker answered."""


class SupersededError(PublishError):
    """Another publisher of the same agency and dataset has taken this one's place."""


class RecordTooLargeError(PublishError):
    """The broker takes no record of that size."""

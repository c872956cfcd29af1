"""Map each expected error to an exit code. The message of such an error is all that the user needs.

An error's class is named here and not imported: a command can raise only a few of them, and
importing all would load every Kafka client and numerical library at each call.
"""

from __future__ import annotations

FAILED, USAGE, BROKEN = 1, 2, 3

CODES = {
    "connectors.errors.ConnectorError": FAILED,
    "isp.audit.errors.AuditError": FAILED,
    "isp.audit.kept_heads.HeadsDiffer": BROKEN,
    "isp.cases.errors.DisclosureError": FAILED,
    "offline.detect.errors.DetectError": FAILED,
    "offline.detect.errors.NothingInPeriod": USAGE,
    "ops.embedded.errors.StackError": FAILED,
    "ops.extras.ExtraMissing": FAILED,
    "isp.broker.errors.ApplyError": FAILED,
    "transport.reader.ReadError": FAILED,
    "isp.keys.errors.SecretError": FAILED,
    "ops.settings.SettingsError": USAGE,
    "ops.bootstrap.StartError": FAILED,
    "sanitiser.places.postcode_store.PostcodeIndexError": FAILED,
    "sanitiser.build.reference_sources.BadReference": FAILED,
    "sanitiser.text.scrubbing.RecogniserMissing": FAILED,
    "schemas.known_schemas.NotApplied": FAILED,
    "isp.agreement.protocol.ProtocolError": FAILED,
    "schemas.record_type.SchemaError": FAILED,
    "streams.sanitising.errors.OlderListError": FAILED,
    "transport.errors.DependencyUnavailable": FAILED,
}
"""Exit code by an error's class, as module and name. It applies to subclasses too."""


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected error, or None if the error is a fault of the program."""
    for kind in type(error).__mro__:
        code = CODES.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return code
    return None

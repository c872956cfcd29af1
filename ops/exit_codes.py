"""The exit code of each error whose message tells the user all there is to know.

An error's class is named here, not imported: most commands can raise only a few of them, and to
import the rest would load every Kafka client and numerical library at each call.
"""

from __future__ import annotations

FAILED, USAGE, BROKEN = 1, 2, 3

CODES = {
    "connectors.errors.ConnectorError": FAILED,
    "isp.audit.errors.AuditError": FAILED,
    "isp.audit.kept_heads.HeadsDiffer": BROKEN,
    "isp.cases.errors.DisclosureError": FAILED,
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
    "transport.errors.DependencyUnavailable": FAILED,
}
"""Exit code by an error's class, as module and name; it holds for the class's own kinds too."""


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an error that is expected, or None if it is a fault of the program."""
    for kind in type(error).__mro__:
        code = CODES.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return code
    return None

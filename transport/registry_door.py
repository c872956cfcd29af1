"""Who gets into the registry: whoever knows a schema's id may read it, the rest needs a password."""

from __future__ import annotations

from collections.abc import Mapping

API = "/apis/ccompat/v7"
"""The Confluent-compatible interface."""

PRINCIPAL = "ipu-registry"
"""The user who may do everything; the secret store has the password under this name."""

SCHEMA_BY_ID = f"{API}/schemas/ids/*"

DOOR: Mapping[str, str] = {
    "quarkus.http.auth.basic": "true",
    "quarkus.security.users.embedded.enabled": "true",
    "quarkus.security.users.embedded.plain-text": "true",
    f"quarkus.security.users.embedded.roles.{PRINCIPAL}": "sr-admin",
    # The most specific path decides, so what is not named here needs the password.
    "quarkus.http.auth.permission.everything.paths": "/*",
    "quarkus.http.auth.permission.everything.policy": "authenticated",
    "quarkus.http.auth.permission.schema.paths": SCHEMA_BY_ID,
    "quarkus.http.auth.permission.schema.methods": "GET",
    "quarkus.http.auth.permission.schema.policy": "permit",
    # Subjects and versions that have a schema tell who supplies and receives what.
    "quarkus.http.auth.permission.about.paths": f"{SCHEMA_BY_ID}/*",
    "quarkus.http.auth.permission.about.policy": "authenticated",
    # The application asks once more, and lets nobody without a password write.
    "apicurio.auth.anonymous-read-access.enabled": "true",
    # Settings stand in this file alone, not in the database.
    "apicurio.config.dynamic.allow-all": "false",
    # A schema that was deleted can still be read by its id, and gets the same id again.
    "apicurio.storage.orphan-cleanup.every": "off",
    "quarkus.http.limits.max-body-size": "4M",
    "quarkus.http.limits.max-connections": "64",
    "quarkus.http.idle-timeout": "30S",
    # Nobody asks for its health and figures there.
    "quarkus.management.host-enabled": "false",
}
"""The application's settings that the embedded registry and the one in a container share."""


def user(password: str) -> str:
    """Write the line of the settings that holds the password."""
    return f"quarkus.security.users.embedded.users.{PRINCIPAL}={password}\n"

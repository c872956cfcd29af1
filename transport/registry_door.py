"""Access rules of the schema registry: a client may read a schema by its id; all else needs the password."""

from __future__ import annotations

from collections.abc import Mapping

API = "/apis/ccompat/v7"
"""Path of the Confluent-compatible API."""

PRINCIPAL = "ipu-registry"
"""The user with all rights in the registry. The secret store holds the password under this name."""

SCHEMA_BY_ID = f"{API}/schemas/ids/*"

CONTENT_BY_ID = "/apis/registry/v2/ids/contentIds/*"
"""The same schemas by the same ids, as Apicurio's clients request them, and their (empty) references."""

DOOR: Mapping[str, str] = {
    "quarkus.http.auth.basic": "true",
    "quarkus.security.users.embedded.enabled": "true",
    "quarkus.security.users.embedded.plain-text": "true",
    f"quarkus.security.users.embedded.roles.{PRINCIPAL}": "sr-admin",
    # The most specific path decides, so every path that is not named here needs the password.
    "quarkus.http.auth.permission.everything.paths": "/*",
    "quarkus.http.auth.permission.everything.policy": "authenticated",
    "quarkus.http.auth.permission.schema.paths": SCHEMA_BY_ID,
    "quarkus.http.auth.permission.schema.methods": "GET",
    "quarkus.http.auth.permission.schema.policy": "permit",
    # The subjects and versions of a schema would show who supplies and receives which dataset.
    "quarkus.http.auth.permission.about.paths": f"{SCHEMA_BY_ID}/*",
    "quarkus.http.auth.permission.about.policy": "authenticated",
    "quarkus.http.auth.permission.content.paths": CONTENT_BY_ID,
    "quarkus.http.auth.permission.content.methods": "GET",
    "quarkus.http.auth.permission.content.policy": "permit",
    # The application checks again: a client without the password may only read.
    "apicurio.auth.anonymous-read-access.enabled": "true",
    # Settings come from this file only, not from the database.
    "apicurio.config.dynamic.allow-all": "false",
    # A deleted schema can still be read by its id, and gets the same id if it is registered again.
    "apicurio.storage.orphan-cleanup.every": "off",
    "quarkus.http.limits.max-body-size": "4M",
    "quarkus.http.limits.max-connections": "64",
    "quarkus.http.idle-timeout": "30S",
    # Nothing reads its health and metrics there.
    "quarkus.management.host-enabled": "false",
}
"""Settings that the embedded registry and the registry in a container share."""


def user(password: str) -> str:
    """Return the line of the settings that holds the password."""
    return f"quarkus.security.users.embedded.users.{PRINCIPAL}={password}\n"

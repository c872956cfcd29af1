"""Restoration of schemas that the registry has lost, with their old ids."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

import httpx2

from isp.broker.errors import ApplyError, RegistryAwayError
from transport.registry_door import API

IMPORT = "/apis/registry/v3/admin/import"
_SECONDS = 60.0
_MANIFEST = {
    "systemVersion": "3.3.3", "systemName": "Apicurio Registry", "systemDescription": "",
    "exportVersion": "3.0", "exportedOn": 0, "exportedBy": "ipu", "dbVersion": "109",
}  # fmt: skip


def restore(registry: Mapping[str, str], lost: Mapping[int, str]) -> None:
    """Import schemas (JSON texts by id) into the registry; later ids continue from the highest of them.

    Raises:
        RegistryAwayError: the registry cannot be reached.
        ApplyError: the registry refused the import.
    """
    user, _, password = registry["basic.auth.user.info"].partition(":")
    try:
        answer = httpx2.post(
            registry["url"].removesuffix(API) + IMPORT,
            params={"requireEmptyRegistry": "false"},
            content=archive(lost),
            headers={"Content-Type": "application/zip", "X-Registry-Preserve-ContentId": "true"},
            auth=(user, password),
            timeout=_SECONDS,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        message = f"restore schemas: the registry cannot be reached ({type(error).__name__})"
        raise RegistryAwayError(message) from error
    if not answer.is_success:
        ids = ", ".join(map(str, lost))
        raise ApplyError(f"restore the schemas {ids}: the registry answers {answer.status_code}")


def archive(lost: Mapping[int, str]) -> bytes:
    """Return schemas as a ZIP archive in the form of the registry's own export, without subjects."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("manifest.Manifest.json", json.dumps(_MANIFEST))
        for identifier, text in lost.items():
            digest = hashlib.sha256(text.encode()).hexdigest()
            about = {
                "contentId": identifier, "canonicalHash": digest, "contentHash": digest,
                "artifactType": "AVRO", "contentType": "application/json", "serializedReferences": None,
            }  # fmt: skip
            files.writestr(f"content/{digest}.Content.json", json.dumps(about))
            files.writestr(f"content/{digest}.Content.data", text)
    return packed.getvalue()

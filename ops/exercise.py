"""Make an exercise: a copy of a protocol, signed for every party with keys made on this machine.

An exercise tries out a protocol before its officers have signed it. `ipu up` without a file runs
the example as an exercise. Any other exercise must be asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from isp.agreement.protocol import Post, ProtocolError
from isp.agreement.protocol_file import load_protocol, parse_protocol
from isp.keys import private_files
from isp.keys.alert_keys import (
    alert_key_file,
    conflict_key_file,
    load_alert_key,
    make_alert_key,
    sealing_key,
)
from isp.keys.officer_keys import load_key, make_key
from isp.signing.signatures import (
    load_signatures,
    make_signature,
    public_key,
    save_signatures,
    signature_findings,
    signatures_file,
)
from ops.embedded.layout import Layout
from schemas.catalogue import Catalogue
from schemas.london import london_today
from schemas.yaml_file import parse_yaml, read_content

FOLDER = "exercise"


def exercise(protocol_file: Path, run_dir: Path, catalogue: Catalogue) -> Path:
    """Write the signed copy under the run directory, and return its path.

    Keys of an earlier exercise there are kept. Raises the errors of `load_protocol`, and
    `SecretError` if a key cannot be read.
    """
    content = read_content(protocol_file, ProtocolError)
    protocol = parse_protocol(content, protocol_file, catalogue)
    private_files.make_folder(Layout(run_dir).secrets.folder)
    keys = _keys(run_dir)
    document = parse_yaml(content, protocol_file, ProtocolError)
    _mark(document)
    holders = {party["id"]: party for party in document["parties"]}
    holders |= {n["short_name"]: n["agreement"] for n in document.get("neighbours", ())}
    for name, posts in protocol.officers.items():
        for post in posts:
            # Each post gets its own key: a file may share an officer by a YAML alias, and keys must differ.
            key = public_key(load_key(_made(keys, name, post)))
            known = {k: v for k, v in holders[name][post].items() if k != "replaces"}
            holders[name][post] = {**known, "key": key}
    _seal_alerts(document, Layout(run_dir).secrets.folder)
    copy = copy_of(protocol_file, run_dir)
    private_files.make_folder(copy.parent)
    with copy.open("w", encoding="utf-8") as stream:
        YAML(typ="rt").dump(document, stream)
    _sign(copy, keys, catalogue)
    return copy


def _seal_alerts(document: Any, secrets: Path) -> None:
    """Give the terms and the conflict officer of each recipient of alerts keys of this machine."""
    domestic = (document.get("alerts") or {}).get("domestic") or {}
    files = {"terms": alert_key_file, "conflict_officer": conflict_key_file}
    for recipient in domestic.get("recipients", ()):
        for name, file_of in files.items():
            if recipient.get(name):
                file = file_of(secrets, recipient["party"])
                recipient[name] = {**recipient[name], "sealing_key": _public_half(file)}


def _public_half(file: Path) -> str:
    """Return the public half of the key in the file; make the key if there is none."""
    if not file.exists():
        private_files.make_folder(file.parent)
        make_alert_key(file)
    return sealing_key(load_alert_key(file))


def copy_of(protocol_file: Path, run_dir: Path) -> Path:
    """Return the path of the copy that an exercise under the run directory makes of a protocol."""
    return run_dir / FOLDER / protocol_file.name


def _mark(document: Any) -> None:
    """Mark the document as an exercise; remove `rekeyed`, which is about the real keys."""
    for field in ("exercise", "rekeyed"):
        document.pop(field, None)
    document.insert(0, "exercise", True)


def officers_key(run_dir: Path, party: str, post: Post) -> Path:
    """Return the file of a post's private key that an exercise under the run directory has made."""
    return _file(_keys(run_dir), party, post)


def _keys(run_dir: Path) -> Path:
    return Layout(run_dir).secrets.folder / "officers"


def _sign(copy: Path, keys: Path, catalogue: Catalogue) -> None:
    protocol = load_protocol(copy, catalogue)
    entries, today = load_signatures(copy).entries, london_today()
    if entries and not list(signature_findings(protocol, entries, today)):
        return
    signatures = []
    for name, posts in protocol.signatories.items():
        post = next(iter(posts))
        key = load_key(_file(keys, name, post))
        signatures.append(make_signature(protocol, name, post, key, today))
    private_files.write(signatures_file(copy), save_signatures(copy, signatures))


def _made(keys: Path, name: str, post: Post) -> Path:
    """Return the file of a post's key; make the key if there is none."""
    file = _file(keys, name, post)
    if not file.exists():
        private_files.make_folder(keys)
        make_key(file)
    return file


def _file(keys: Path, name: str, post: Post) -> Path:
    return keys / f"{name}.{post}.pem"

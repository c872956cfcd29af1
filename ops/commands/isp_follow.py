"""`ipu isp follow`: prepare the protocol that follows the one in force."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated

import typer

from isp.agreement.protocol import Protocol, ProtocolError
from isp.agreement.protocol_file import parse_protocol
from isp.broker.in_force import read_in_force
from isp.keys import private_files
from isp.signing.signatures import (
    content_digest,
    is_current,
    load_signatures,
    save_signatures,
    signatures_file,
)
from isp.signing.successor import followed, succession_lines
from ops.commands.common import AsJson, RunDir, running_stack
from ops.embedded.broker_config import ADMIN
from ops.screen import say, say_json, say_lines
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from schemas.yaml_file import decoded, read_content

_ANY = "0" * 64
_MARK = "\ufeff"


def follow(
    protocol_file: Annotated[
        Path,
        typer.Argument(
            metavar="PROTOCOL.yaml", exists=True, dir_okay=False, help="The next protocol."
        ),
    ],
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Write into a protocol file that it follows the one in force.

    This sets `number` and `follows`. Run it when the text is final, then have the file signed.
    Signatures next to the file that are of another version or of other terms are removed, each by
    name.

    Examples:

        ipu isp follow partnership.yaml
    """
    catalogue, stack = load_catalogue(), running_stack(run_dir)
    content = read_content(protocol_file, ProtocolError)
    text = decoded(content, protocol_file, ProtocolError)
    # The number and digest in the file may be half written; the rest must be a valid protocol.
    prefix = _parsed(followed(text, 1, _ANY), protocol_file, catalogue).prefix
    admin = stack.secrets.client_config(stack.inside, ADMIN)
    known = read_in_force(admin, prefix, catalogue)
    if known is None:
        raise ProtocolError(
            f"no protocol of {prefix!r} is in force; a first protocol has no `follows`"
        )
    number = known.before.number
    new = followed(text, number, known.digest)
    successor = _parsed(new, protocol_file, catalogue)
    if _says(text, protocol_file, catalogue, known.digest):
        raise ProtocolError(f"{protocol_file} is the protocol in force itself; change it first")
    mark = _MARK if content.startswith(BOM_UTF8) else ""
    _rewrite(protocol_file, mark + new)
    removed = _take_out_stale(protocol_file, successor)
    if as_json:
        document = {"follows": known.digest, "number": number + 1, "removed": removed}
        say_json(document, indent=None)
        return
    say_lines("\n".join([f"{protocol_file}:", *succession_lines(number, known.digest)]))
    for name in removed:
        say(f"removed: the signature of {name}, which is of another version")


def _rewrite(file: Path, text: str) -> None:
    try:
        private_files.rewrite(file, text)
    except OSError as error:
        raise ProtocolError(f"{file}: cannot be written: {error.strerror}") from None


def _parsed(text: str, file: Path, catalogue: Catalogue) -> Protocol:
    return parse_protocol(text.encode(), file, catalogue)


def _says(text: str, file: Path, catalogue: Catalogue, digest: str) -> bool:
    """Return True if the text, unchanged, is the protocol with that digest."""
    try:
        return content_digest(_parsed(text, file, catalogue)) == digest
    except ProtocolError:
        return False


def _take_out_stale(protocol_file: Path, protocol: Protocol) -> list[str]:
    before, today = load_signatures(protocol_file).entries, london_today()
    kept = [s for s in before if is_current(protocol, s, today)]
    if before and len(kept) != len(before):
        text = save_signatures(protocol_file, kept)
        private_files.write(signatures_file(protocol_file), text)
    return [f"{s.party} ({s.post})" for s in before if s not in kept]

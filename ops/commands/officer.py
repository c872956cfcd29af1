"""Identify the officer who acts, by the private key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isp.cases.client.office import Office, Officer
from isp.keys.officer_keys import is_encrypted, load_key

Party = Annotated[str, typer.Option("--as", metavar="PARTY", help="The party that acts.")]
Key = Annotated[
    Path,
    typer.Option("--key", exists=True, dir_okay=False, help="The officer's private key."),
]


def officer_of(office: Office, key_file: Path) -> Officer:
    """Return the officer of the office whose key the file has.

    Asks for its passphrase if it has one.

    Raises:
        DisclosureError: the key belongs to no post of the party.
        SecretError: the file has no such key.
    """
    passphrase = None
    if is_encrypted(key_file):
        passphrase = str(typer.prompt("passphrase of the key", hide_input=True))
    return office.officer(load_key(key_file, passphrase))

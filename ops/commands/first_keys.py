"""Confirm that the keys of a first protocol are its officers' own: a new broker knows none of them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from isp.agreement.protocol import Protocol, ProtocolError
from isp.broker.signed import AcceptKeys
from isp.signing.signatures import fingerprint, keys_digest
from ops.screen import say_lines

AcceptedKeys = Annotated[
    str | None,
    typer.Option(
        metavar="DIGEST",
        help="For the first protocol: confirm that its officers' keys have this digest.",
    ),
]
OverExercise = Annotated[
    bool,
    typer.Option("--over-exercise", help="Let a signed protocol replace an exercise in force."),
]


def key_lines(protocol: Protocol) -> list[str]:
    """Return a line for each key of a protocol with party and post, then the digest of all keys."""
    lines = [
        f"  {name:20} {post:20} {fingerprint(officer.key)}"
        for name, posts in protocol.officers.items()
        for post, officer in posts.items()
        if officer.key
    ]
    return [*lines, f"  digest of all keys: {keys_digest(protocol)}"]


def accepting(given: str | None) -> AcceptKeys:
    """Return a function that accepts keys with the digest `given`.

    Without `given` it asks at the terminal.
    """

    def accept(protocol: Protocol) -> None:
        if given is None and sys.stdin.isatty():
            say_lines("\n".join(_question(protocol)), err=True)
            if typer.confirm("Are these the keys of the officers themselves?", err=True):
                return
            raise ProtocolError("the keys were not accepted; nothing was done")
        if given != keys_digest(protocol):
            raise ProtocolError("\n".join([*_question(protocol), _refusal(given, protocol)]))

    return accept


def _question(protocol: Protocol) -> list[str]:
    first = (
        f"{protocol.title}: no protocol of the partnership is in force, so nothing shows that these "
        "keys are the officers'. Compare each with its officer, by telephone or face to face:"
    )
    return [first, *key_lines(protocol)]


def _refusal(given: str | None, protocol: Protocol) -> str:
    said = (
        f"--accept-keys {given} does not match these keys"
        if given
        else "there is no terminal to ask at"
    )
    return f"{said}; compare the keys, then give --accept-keys {keys_digest(protocol)}"

"""`ipu isp key`, `sign` and `exercise`: who has agreed to a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.common import DEFAULT_PROTOCOL, AsJson, RunDir
from ops.embedded import private_files
from ops.exercise import exercise as make_exercise
from ops.officer_keys import is_encrypted, load_key, make_key
from ops.screen import say, say_json
from ops.settings import Settings
from schemas.catalogue import load_catalogue
from schemas.london import london_today
from schemas.protocol import Officer, Post, Protocol
from schemas.protocol_file import load_protocol
from schemas.signatures import (
    Signature,
    load_signatures,
    make_signature,
    posts_of,
    public_key,
    save_signatures,
    signature_findings,
    signatures_file,
)

ProtocolFile = Annotated[
    Path,
    typer.Argument(
        metavar="PROTOCOL.yaml", exists=True, dir_okay=False, help="The protocol's file."
    ),
]


def key(
    *,
    out: Annotated[Path, typer.Option(help="A new file for the private key, of mode 0600.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for a passphrase to keep it under.")
    ] = False,
) -> None:
    """Make an officer's key, and print the public half, which the protocol names.

    The private half stays with the officer. It signs protocols and decisions on disclosures.

    Examples:

        ipu isp key --out police-deputy.pem --passphrase
    """
    secret = _asked(confirm=True) if passphrase else None
    made = make_key(out, secret)
    say(f"key: {public_key(made)}")
    say(f"the line above goes under the post in the protocol; {out} stays yours", err=True)


def sign(
    protocol_file: ProtocolFile,
    *,
    party: Annotated[str, typer.Option("--as", help="The party that signs.")],
    key_file: Annotated[
        Path, typer.Option("--key", exists=True, dir_okay=False, help="The post's private key.")
    ],
    post: Annotated[
        str | None,
        typer.Option(help="liaison_officer, deputy or approver; the first that has the key."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign a protocol as it stands, for one party, by the key of one of its posts.

    Every responsible authority signs the whole, and again after every change; every other party signs
    what concerns itself. The signatures stand in a file beside the protocol.

    Examples:

        ipu isp sign partnership.yaml --as police --key police-deputy.pem
    """
    protocol = load_protocol(protocol_file, load_catalogue())
    passphrase = _asked() if is_encrypted(key_file) else None
    private = load_key(key_file, passphrase)
    chosen = _post(posts_of(protocol, party), post, public_key(private))
    made = make_signature(protocol, party, chosen, private, london_today())
    before = load_signatures(protocol_file)
    others = [s for s in before if (s.party, s.post) != (made.party, made.post)]
    signatures = sorted([*others, made], key=lambda s: (s.party, s.post))
    text = save_signatures(protocol_file, signatures)
    private_files.write(signatures_file(protocol_file), text)
    missing = list(signature_findings(protocol, signatures))
    _tell(made, _new_partners(before, made), missing, as_json=as_json)


def exercise(
    protocol_file: ProtocolFile = DEFAULT_PROTOCOL,
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a copy of a protocol that is signed for every party with keys made on this machine.

    For trying a protocol out before its officers have signed it: nobody has agreed to it.

    Examples:

        ipu isp exercise partnership.yaml
        ipu up run/exercise/partnership.yaml
    """
    settings = Settings.from_environment(run_dir=run_dir)
    private_files.make_folder(settings.run_dir)
    copy = make_exercise(protocol_file, settings.run_dir, load_catalogue())
    if as_json:
        say_json({"protocol": str(copy)}, indent=None)
    else:
        say(f"{copy}: signed for an exercise; start it with `ipu up {copy}`")


def signing(protocol_file: Path, protocol: Protocol) -> tuple[bool, list[str]]:
    """Whether anybody has signed, and what then lacks or does not hold, each with the file."""
    signatures = load_signatures(protocol_file)
    file = signatures_file(protocol_file)
    found = signature_findings(protocol, signatures) if signatures else ()
    return bool(signatures), [f"{file}: {finding}" for finding in found]


def _asked(*, confirm: bool = False) -> str:
    return str(typer.prompt("passphrase of the key", hide_input=True, confirmation_prompt=confirm))


def _post(posts: Mapping[Post, Officer], given: str | None, key_of_post: str) -> Post:
    """The post that is named, else the one whose key it is; the first for the message, if none."""
    if given is not None:
        named = [post for post in posts if post == given]
        if not named:
            message = f"no post of the party's; accepted: {', '.join(posts)}"
            raise typer.BadParameter(message, param_hint="--post")
        return named[0]
    of_key = [post for post, officer in posts.items() if officer.key == key_of_post]
    return (of_key or list(posts))[0]


def _new_partners(before: tuple[Signature, ...], made: Signature) -> list[str]:
    """The parties that this signature signs in and the one before it, of the same party, did not."""
    known = {p for s in before if s.party == made.party for p in s.partners}
    return [partner for partner in made.partners if partner not in known]


def _tell(made: Signature, new: list[str], missing: list[str], *, as_json: bool) -> None:
    if as_json:
        signature = made.model_dump(mode="json")
        say_json({"signature": signature, "new_partners": new, "missing": missing}, indent=None)
        return
    say(f"{made.party} ({made.post}) has signed {made.protocol[:16]}…")
    if new:
        say(f"signed in: {', '.join(new)}")
    for finding in missing:
        say(f"still missing: {finding}")
    if not missing:
        say("everybody has signed; `ipu isp apply` takes it")

"""`ipu isp key`, `sign` and `exercise`: make keys and signatures of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from isp.agreement.officer import Officer
from isp.agreement.protocol import Post, Protocol
from isp.broker.signed import ReadProtocol, read_protocol
from isp.keys import private_files
from isp.keys.alert_keys import make_alert_key, sealing_key
from isp.keys.officer_keys import is_encrypted, load_key, make_key
from isp.signing.signatures import (
    Signature,
    fingerprint,
    is_current,
    load_signatures,
    make_signature,
    posts_of,
    public_key,
    save_signatures,
    signatures_file,
)
from ops.commands.common import DEFAULT_PROTOCOL, AsJson, RunDir
from ops.exercise import copy_of
from ops.exercise import exercise as make_exercise
from ops.outputs import check_outputs
from ops.screen import say, say_json
from ops.settings import Settings
from schemas.catalogue import load_catalogue
from schemas.london import london_today

ProtocolFile = Annotated[
    Path,
    typer.Argument(metavar="PROTOCOL.yaml", exists=True, dir_okay=False, help="Protocol file."),
]


def key(
    *,
    out: Annotated[Path, typer.Option(help="New file for the private key (mode 0600).")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for a passphrase and encrypt the key with it.")
    ] = False,
    sealing: Annotated[
        bool, typer.Option("--sealing", help="Make a key to which alerts are encrypted instead.")
    ] = False,
) -> None:
    """Make an officer's key, and print its public half.

    The protocol has the public half. The private half stays with the officer. It signs protocols
    and decisions on disclosures. With --sealing the key decrypts: it is the `sealing_key` of a
    recipient of alerts, or of its conflict officer.

    Examples:

        ipu isp key --out police-deputy.pem --passphrase

        ipu isp key --sealing --out run/secrets/alerts/council.key
    """
    if sealing:
        if passphrase:
            raise typer.BadParameter("a key for alerts has no passphrase: programs use it")
        say(f"sealing_key: {sealing_key(make_alert_key(out))}")
        say(f"write the line into the protocol; keep {out} to yourself", err=True)
        return
    secret = _asked(confirm=True) if passphrase else None
    made = make_key(out, secret)
    say(f"key: {public_key(made)}")
    say(f"fingerprint: {fingerprint(public_key(made))}", err=True)
    say(f"write the key line under the post in the protocol; keep {out} to yourself", err=True)


def sign(
    protocol_file: ProtocolFile,
    *,
    party: Annotated[str, typer.Option("--as", help="The party that signs.")],
    key_file: Annotated[
        Path, typer.Option("--key", exists=True, dir_okay=False, help="Private key of the post.")
    ],
    post: Annotated[
        str | None,
        typer.Option(help="liaison_officer, deputy or approver; default: the first with this key."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign a protocol for one party, with the key of one of its posts.

    Every responsible authority signs the whole protocol, and again after every change. Every other
    party signs its own part. The signatures are in a file next to the protocol. When a party signs
    again, its earlier signatures of other versions are removed. If the protocol replaces the key of
    a post, the post confirms the new key by signing with the earlier one.

    Examples:

        ipu isp sign partnership.yaml --as police --key police-deputy.pem
    """
    written = {"the signatures": signatures_file(protocol_file)}
    check_outputs(written, {"--key": key_file, "PROTOCOL": protocol_file})
    read = read_protocol(protocol_file, load_catalogue())
    protocol, before, today = read.protocol, read.signatures.entries, london_today()
    passphrase = _asked() if is_encrypted(key_file) else None
    private = load_key(key_file, passphrase)
    chosen = _post(posts_of(protocol, party), post, public_key(private))
    made = make_signature(protocol, party, chosen, private, today)
    removed = [s for s in before if _gives_way(s, made, protocol, today)]
    signatures = [*(s for s in before if s not in removed), made]
    signatures.sort(key=lambda s: (s.party, s.post, s.key))
    text = save_signatures(protocol_file, signatures)
    private_files.write(signatures_file(protocol_file), text)
    after = replace(read, signatures=load_signatures(protocol_file))
    _tell(after, made, before, removed, as_json=as_json)


def _gives_way(entry: Signature, made: Signature, protocol: Protocol, today: date) -> bool:
    """Return True if the new signature replaces an earlier one, or the earlier one is of another version."""
    if entry.party != made.party:
        return False
    same = (entry.post, entry.key) == (made.post, made.key)
    return same or not is_current(protocol, entry, today)


def exercise(
    protocol_file: ProtocolFile = DEFAULT_PROTOCOL,
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a copy of a protocol, signed with keys of this machine.

    The keys are made for every party. Use it to try out a protocol before its officers have signed
    it. Nobody has agreed to the copy, and the copy says so. It can replace an exercise with the
    same keys, and never a signed protocol in force.

    Examples:

        ipu isp exercise partnership.yaml

        ipu up --exercise run/exercise/partnership.yaml
    """
    settings = Settings.from_environment(run_dir=run_dir)
    written = {"the copy": copy_of(protocol_file, settings.run_dir)}
    check_outputs(written, {"PROTOCOL": protocol_file})
    private_files.make_folder(settings.run_dir)
    copy = make_exercise(protocol_file, settings.run_dir, load_catalogue())
    if as_json:
        say_json({"protocol": str(copy)}, indent=None)
    else:
        told = f"{copy}: signed as an exercise; start it with `ipu up --exercise {copy}`"
        say(told)


def _asked(*, confirm: bool = False) -> str:
    return str(typer.prompt("passphrase of the key", hide_input=True, confirmation_prompt=confirm))


def _post(posts: Mapping[Post, Officer], given: str | None, key_of_post: str) -> Post:
    """Return the named post, else the first post with this key, else the first post."""
    if given is not None:
        named = [post for post in posts if post == given]
        if not named:
            message = f"not a post of this party; accepted: {', '.join(posts)}"
            raise typer.BadParameter(message, param_hint="--post")
        return named[0]
    of_key = [p for p, officer in posts.items() if key_of_post in {officer.key, officer.replaces}]
    return (of_key or list(posts))[0]


def _new_partners(before: tuple[Signature, ...], made: Signature) -> list[str]:
    """Return the parties that this signature agrees to and the party's earlier signatures did not."""
    known = {p for s in before if s.party == made.party for p in s.partners}
    return [partner for partner in made.partners if partner not in known]


def _tell(
    after: ReadProtocol,
    made: Signature,
    before: tuple[Signature, ...],
    removed: list[Signature],
    *,
    as_json: bool,
) -> None:
    new = _new_partners(before, made)
    gone = [f"{s.party} ({s.post})" for s in removed if s.post != made.post or s.key != made.key]
    if as_json:
        signature = made.model_dump(mode="json")
        document = {"signature": signature, "new_partners": new, "removed": gone}
        say_json({**document, "missing": after.findings}, indent=None)
        return
    say(f"{made.party} ({made.post}) has signed {after.protocol.title}, {after.line}")
    if after.protocol.follows:
        say(f"it follows {after.protocol.follows}")
    for name in after.protocol.rekeyed:
        say(f"it replaces the keys of {name!r} without a signature by {name!r} (rekeyed)")
    if new:
        say(f"newly agreed to: {', '.join(new)}")
    for name in gone:
        say(f"removed: the signature of {name}, which is of another version")
    for finding in after.findings:
        say(f"still missing: {finding}")
    if not after.findings:
        say("everybody has signed; `ipu isp apply` will accept it")

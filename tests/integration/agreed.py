"""Protocols that all officers of a partnership have signed, one after the other: no exercises."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from isp.agreement.protocol_file import load_protocol
from isp.keys.officer_keys import load_key
from isp.signing.signatures import content_digest, make_signature, save_signatures, signatures_file
from ops.exercise import exercise, officers_key
from schemas.catalogue import load_catalogue
from schemas.london import london_today
from tests.protocols import FIRST

Edit = Callable[[Any], None]


def as_it_is(_document: Any) -> None:
    """Change nothing."""


@dataclass
class Agreements:
    """The protocols of a partnership of its own, with its officers' keys under `folder`."""

    short_name: str
    folder: Path

    def draft(self, name: str, edit: Edit = as_it_is, *, mark: bool = False) -> Path:
        """A protocol with the officers' keys; number 1, unless `edit` says otherwise."""
        document = YAML().load(FIRST)
        document["partnership"]["short_name"] = self.short_name
        plain = self.folder / f"{name}.yaml"
        YAML().dump(document, plain)
        copy = exercise(plain, self.folder, load_catalogue())
        if mark:
            return copy
        document = YAML().load(copy)
        del document["exercise"]
        edit(document)
        YAML().dump(document, plain)
        return plain

    def signed(self, name: str, edit: Edit = as_it_is, *, without: Collection[str] = ()) -> Path:
        """A protocol that all parties but those of `without` have signed by their first post."""
        path = self.draft(name, edit)
        protocol = load_protocol(path, load_catalogue())
        made = [
            make_signature(
                protocol, party, post, load_key(self.key(party, post)), london_today()
            )
            for party, posts in protocol.signatories.items()
            for post in list(posts)[:1]
            if party not in without
        ]  # fmt: skip
        signatures_file(path).write_text(save_signatures(path, made))
        return path

    def successor(self, of: Path, name: str, edit: Edit = as_it_is) -> Path:
        """A signed protocol that follows another one."""
        before = load_protocol(of, load_catalogue())

        def linked(document: Any) -> None:
            document["number"] = before.number + 1
            document["follows"] = content_digest(before)
            edit(document)

        return self.signed(name, linked)

    def key(self, party: str, post: Any) -> Path:
        """The file of an officer's private key."""
        return officers_key(self.folder, party, post)

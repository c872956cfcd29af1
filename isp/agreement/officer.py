"""An officer of a party, given as a post."""

from __future__ import annotations

from isp.agreement.names import PublicKey
from schemas.formats import Signed
from schemas.plain_text import Visible


class Officer(Signed):
    """An officer of a party, given as a post with a mailbox, never by a person's name.

    `key` is the public key of the post for signatures (Ed25519, 32 bytes in base64). In the protocol that
    changes the key, `replaces` may name the previous key, which then signs the change.
    """

    post: Visible
    contact: Visible
    key: PublicKey | None = None
    replaces: PublicKey | None = None

"""Acknowledge alerts as a post of the recipient."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from connectors.alerts.picture import Alert
from connectors.alerts.recipient import Recipient
from connectors.errors import AlertError
from isp.agreement.protocol import Post

POSTS: tuple[Post, ...] = get_args(Post)
"""The posts that may acknowledge an alert. A person's name is never written."""


def check_post(post: str) -> None:
    """Check that the acknowledging post is a post of the protocol.

    Raises:
        AlertError: it is not; the message names the accepted posts.
    """
    if post not in POSTS:
        raise AlertError(f"--post {post!r} is not a post; accepted: {', '.join(POSTS)}")


def acknowledge(
    recipient: Recipient, alert: Alert, post: str, at: datetime | None = None
) -> datetime:
    """Write the acknowledgement of an alert, wait until the broker has it, and return its time.

    Raises:
        AlertError: the post is unknown, or the broker refused the message or did not answer.
        PublishError: the broker gave no access to the schemas.
    """
    check_post(post)
    if recipient.is_conflict_officer:
        raise AlertError(
            "a conflict officer's alerts are not acknowledged: the party, which reads the "
            "acknowledgements, must not know of them"
        )
    topic, at = recipient.acknowledgements, at or datetime.now(UTC)
    value = recipient.encoder(topic)(
        {"alert": alert.id, "version": alert.version, "post": post, "at": at}
    )
    recipient.write(topic, [(alert.id, value)])
    return at

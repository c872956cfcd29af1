"""`ipu alerts`: watch, read, acknowledge and deliver domestic alerts.

`alerts_lists` has the commands about staff, places and people, `alerts_deliver` those about webhooks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from connectors.alerts.acknowledging import acknowledge, check_post
from connectors.alerts.content import Opener
from connectors.alerts.picture import Alert, Picture
from connectors.topic_feed import Feed, LinkWatch
from ops.commands.alert_setting import (
    AlertArgument,
    KeyFile,
    OfficerOf,
    Partner,
    PartnerOrNone,
    Setting,
    setting_of,
)
from ops.commands.alerts_deliver import deliver, deliveries, webhook_secret
from ops.commands.alerts_lists import erase_person, place, staff, staff_key
from ops.commands.alerts_serve import serve
from ops.commands.common import AsJson, ProtocolOption, RunDir
from ops.desk.content_text import content_lines
from ops.desk.rows import TITLES, clock, line
from ops.extras import need
from ops.screen import Screen, json_text, say, say_json

if TYPE_CHECKING:
    from ops.desk.page import DeskPage

alerts = typer.Typer(no_args_is_help=True, help="Watch, acknowledge and deliver domestic alerts.")

Post = Annotated[
    str, typer.Option("--post", help="The post that acknowledges, never a person's name.")
]


@alerts.command()
def watch(
    *,
    party: PartnerOrNone = None,
    officer_of: OfficerOf = None,
    post: Post = "duty_officer",
    once: Annotated[bool, typer.Option("--once", help="Print the present alerts and end.")] = False,
    content: Annotated[
        bool, typer.Option("--content", help="With --json: with the content of each alert.")
    ] = False,
    key: KeyFile = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each present alert, and end.")
    ] = False,
) -> None:
    """Show a recipient's alerts on a live page.

    Unacknowledged alerts come first, then the most urgent and the oldest. Content is hidden until
    you press Enter, and hidden again after a minute. `a` acknowledges the chosen alert as the post,
    `q` ends. The page reconnects by itself, and says since when it is not connected. Each read is
    in the broker's audit. The page needs the extra `desk`.

    Examples:

        ipu alerts watch --as council

        ipu alerts watch --as council --once

        ipu alerts watch --as council --json | jq -r 'select(.acknowledged == null) | .alert'

        ipu alerts watch --as-conflict-officer-of council
    """
    if content and not as_json:
        raise typer.BadParameter("needs --json", param_hint="--content")
    if not (once or as_json):
        need("desk")
    check_post(post)
    setting = setting_of(party, officer_of, protocol, run_dir)
    opener = setting.opener(key)
    if as_json:
        for alert in setting.picture().ranked():
            say(json_text(_document(alert, opener if content else None), default=str))
    elif once:
        _print(setting.picture(), datetime.now(UTC))
    else:
        _run_page(setting, opener, post)


@alerts.command()
def show(
    alert: AlertArgument,
    *,
    party: PartnerOrNone = None,
    officer_of: OfficerOf = None,
    key: KeyFile = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Print one alert with its content.

    A personal alert is decrypted with the key of its case, so it cannot be read after the case has
    ended. The read is in the broker's audit. Exit code 1 if there is no such alert, or no key.

    Examples:

        ipu alerts show 3f0a51c2d4e69b78 --as council

        ipu alerts show 3f0a --as council --json | jq .content.history

        ipu alerts show 3f0a --as-conflict-officer-of council --key officer.key
    """
    setting = setting_of(party, officer_of, protocol, run_dir)
    found = setting.alert(alert)
    document = _document(found, setting.opener(key))
    if as_json:
        say_json(document, default=str)
        return
    shown = line(found, datetime.now(UTC), {})
    for title, cell in zip(TITLES, shown.cells, strict=True):
        say(f"{title}: {cell}")
    say(f"raised: {clock(found.raised)}")
    for each in content_lines(document["content"]):
        say(each)


@alerts.command()
def ack(
    alert: AlertArgument,
    *,
    party: Partner,
    post: Post,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge an alert as a post of the recipient.

    An alert that nobody acknowledges in time goes to the liaison officer. The acknowledgement names
    the post and the version of the alert, never a person.

    Examples:

        ipu alerts ack 3f0a51c2d4e69b78 --as council --post duty_officer
    """
    setting = setting_of(party, None, protocol, run_dir)
    check_post(post)
    found = setting.alert(alert)
    at = acknowledge(setting.recipient, found, post)
    if as_json:
        document = {"alert": found.id, "version": found.version, "post": post, "at": at}
        say_json(document, indent=None, default=str)
    else:
        say(f"alert {found.id}: acknowledged as {post}")


for command in (serve, staff, place, deliver, deliveries):
    alerts.command()(command)
alerts.command(name="staff-key")(staff_key)
alerts.command(name="erase-person")(erase_person)
alerts.command(name="webhook-secret")(webhook_secret)


def _document(alert: Alert, opener: Opener | None) -> dict[str, Any]:
    """Return an alert for JSON: without an opener it has no content."""
    document: dict[str, Any] = {
        "alert": alert.id, "version": alert.version, "kind": alert.kind, "level": alert.level,
        "rank": alert.rank, "raised": alert.raised.isoformat(), "made": alert.made.isoformat(),
        "due": alert.due.isoformat(), "late": alert.late, "case": alert.case,
        "acknowledged": alert.acknowledged and alert.acknowledged.isoformat(),
        "escalated": alert.escalated or None,
    }  # fmt: skip
    return document if opener is None else document | {"content": opener(alert)}


def _print(picture: Picture, now: datetime) -> None:
    *narrow, notes = TITLES
    table = Table(*(Column(title, no_wrap=True) for title in narrow), notes)
    for each in (line(alert, now, {}) for alert in picture.ranked()):
        table.add_row(*each.cells, style=each.style)
    screen = Screen()
    screen.print(table if picture.alerts else "no alerts")
    if picture.unreadable:
        screen.print(f"alerts that this release cannot read: {len(picture.unreadable)}")


def _run_page(setting: Setting, opener: Opener, post: str) -> None:
    recipient = setting.recipient
    with recipient.feed(recipient.alerts, setting.keeper) as feed:
        error = page_of(setting, opener, post, feed).run()
    if error is not None:
        raise error


def page_of(setting: Setting, opener: Opener, post: str, feed: Feed) -> DeskPage:
    """Return the live page of a recipient."""
    from ops.desk.page import DeskPage, Sources

    recipient = setting.recipient
    may_acknowledge = not recipient.is_conflict_officer
    sources = Sources(
        feed,
        opener,
        (lambda alert: acknowledge(recipient, alert, post)) if may_acknowledge else None,
        LinkWatch.of(recipient.account).look,
        timedelta(milliseconds=recipient.alerts.retention_ms),
    )
    return DeskPage(recipient.account.agency, sources)

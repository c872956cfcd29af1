"""`ipu alerts deliver`, `deliveries` and `webhook-secret`: alerts to a partner's HTTPS endpoint."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from connectors.errors import AlertError
from isp.keys import private_files
from ops.commands.alert_setting import Partner, Setting, setting_of
from ops.commands.common import AsJson, ProtocolOption, RunDir
from ops.desk.rows import clock
from ops.screen import Screen, say, say_json

if TYPE_CHECKING:
    from connectors.alerts.deliveries import Delivery
    from connectors.alerts.webhook import Endpoint

_HOUR_S = 3_600


def deliver(
    *,
    party: Partner,
    url: Annotated[str, typer.Option(help="The endpoint: https://HOST/PATH.")],
    secret_file: Annotated[
        Path,
        typer.Option(help="File (mode 0600) with the secret of the signatures: whsec_…"),
    ],
    ca_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Trust these certificates (PEM) alone; default: the system's.",
        ),
    ] = None,
    give_up_after: Annotated[
        float, typer.Option(min=0.0, help="Hours for which a message is tried.")
    ] = 24.0,
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due now, and end.")] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Deliver alerts to an HTTPS endpoint until stopped.

    Each version of an alert is one signed message (Standard Webhooks), also its withdrawal. The
    body has the envelope and the encrypted content, never decrypted content. Without an answer, and
    after 429 or 5xx, it is sent again, less and less often; after any other answer but 2xx, or when
    the time is up, it is dead-lettered. Deliveries are recorded on the broker, so a restarted
    command continues. `webhook-id` is the same for each attempt, so a receiver can recognise a
    repeated message. Run one such command for each recipient. It needs the extra `desk`.

    Examples:

        ipu alerts deliver --as council --url https://desk.council.example/alerts --secret-file
        council.whsec
    """
    from connectors.alerts.webhook import endpoint_of

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Names each request with its URL.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    endpoint = endpoint_of(url, secret_file, ca_file)
    setting = setting_of(party, None, protocol, run_dir)
    _run(setting, endpoint, give_up_after * _HOUR_S, once=once)


def deliveries(
    *,
    party: Partner,
    everything: Annotated[bool, typer.Option("--all", help="List delivered alerts, too.")] = False,
    retry: Annotated[
        str | None,
        typer.Option(metavar="ALERT", help="Deliver this dead-lettered alert again."),
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """List the alerts that could not be delivered, or try one again.

    `--retry` deletes the record of the failure. The running `ipu alerts deliver` then sends the
    alert again, or the next one that starts. Exit code 1 if the alert is not dead-lettered.

    Examples:

        ipu alerts deliveries --as council

        ipu alerts deliveries --as council --retry 3f0a51c2d4e69b78
    """
    from connectors.alerts.deliveries import DeliveryLog, read_deliveries

    setting = setting_of(party, None, protocol, run_dir)
    found = read_deliveries(setting.recipient)
    dead = {alert: one for alert, one in found.items() if one.is_dead}
    if retry is not None:
        if retry not in dead:
            accepted = ", ".join(sorted(dead)) or "none"
            raise AlertError(f"alert {retry!r} is not dead-lettered; dead-lettered: {accepted}")
        DeliveryLog(setting.recipient).forget(retry)
        say(f"alert {retry} is delivered again by `ipu alerts deliver`")
        return
    shown = sorted((found if everything else dead).values(), key=lambda one: one.at)
    if as_json:
        say_json({"deliveries": [_document(one) for one in shown]})
    else:
        _print(shown)


def webhook_secret(
    *,
    out: Annotated[Path, typer.Option(help="New file (mode 0600) for the secret.")],
) -> None:
    """Make a secret for the signatures of a webhook.

    The receiver needs the same secret to verify the signatures.

    Examples:

        ipu alerts webhook-secret --out council.whsec
    """
    from connectors.alerts.webhook import new_secret

    if not private_files.write_new(out, new_secret()):
        raise AlertError(f"{out} exists already; name a new file")
    say(f"the secret is in {out}; give it to the receiver by a safe way", err=True)


def _run(setting: Setting, endpoint: Endpoint, give_up_s: float, *, once: bool) -> None:
    from connectors.alerts.deliveries import DeliveryLog
    from connectors.alerts.delivering import Deliverer, Patience, deliver
    from connectors.alerts.posting import posting

    recipient = setting.recipient
    record = DeliveryLog(recipient).write
    patience = Patience(give_up_s=give_up_s)

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None, "this is a task"
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with posting(endpoint) as poster:
            deliverer = Deliverer(poster.post, record, patience)
            await deliver(alerts, delivered, deliverer, until_done=once)

    # Closed after the loop has ended, which waits for the threads that read them.
    with ExitStack() as closing:
        alerts = closing.enter_context(recipient.feed(recipient.alerts, setting.keeper))
        delivered = closing.enter_context(recipient.feed(recipient.deliveries))
        try:
            asyncio.run(run())
        except asyncio.CancelledError:
            say("stopped", err=True)


def _document(delivery: Delivery) -> dict[str, Any]:
    times = {"at": delivery.at.isoformat(), "made": delivery.made.isoformat()}
    return {**delivery._asdict(), **times}


def _print(shown: list[Delivery]) -> None:
    table = Table("alert", "version", "state", "attempts", "status", "reason", "at")
    for one in shown:
        status = "" if one.status is None else str(one.status)
        version = "withdrawal" if one.version == 0 else str(one.version)
        cells = one.state, str(one.attempts), status, one.reason, clock(one.at)
        table.add_row(one.alert, version, *cells)
    Screen().print(table if shown else "no dead-lettered alert")

"""`ipu read`: print a topic as one of the parties reads it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from isp.agreement.access import people
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Topic, topics
from isp.audit.kept_heads import HEADED, HeadKeeper, heads_file, watched
from ops.commands.common import ProtocolOption, RunDir, account_of, protocol_of, running_stack
from ops.screen import json_text, say
from schemas.catalogue import load_catalogue
from schemas.wire import WireError, decoder, schema_id
from transport.reader import Message, read_all

_SHOWN = 12


def read(
    topic: Annotated[
        str,
        typer.Argument(
            help="Topic, with or without the partnership's prefix: depersonalised.central.police-incident."
        ),
    ],
    *,
    party: Annotated[
        str,
        typer.Option(
            "--as",
            help="The party that reads, or its conflict officer (conflict.PARTY), by its own principal.",
        ),
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Number of records; default: all in the topic.")
    ] = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Print a topic's records as JSON lines, read as one party.

    Topics are releases, receipts, supplies, and rejected records with every fault. Bytes are
    base64. A message that does not match the topic's schema is left out, and counted on standard
    error. Exit code 1 if the broker refuses the topic to the party or it cannot be read to its end;
    3 if receipts or an inbox name another audit than this party was shown before.

    Examples:

        ipu read depersonalised.central.police-incident --as council --limit 5

        ipu read rejected.police.police-incident --as police | jq .faults
    """
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    _check_party(agreed, party)
    chosen = _topic(topic, agreed, topics(agreed, catalogue))
    account = account_of(agreed, party, stack)
    messages = read_all(account.connection, chosen.name, chosen.partitions)
    keeper = HeadKeeper(heads_file(stack.run_dir, account.principal))
    watch = keeper.watch()
    if chosen.family in HEADED:
        messages = watched(messages, decoder(chosen.schema), watch)
    left_out = Counter[str]()
    for record in islice(_records(messages, decoder(chosen.schema), left_out), limit):
        say(record)
    if left_out:
        why = ", ".join(f"{reason} {number:,}" for reason, number in sorted(left_out.items()))
        say(f"{chosen.name}: {left_out.total():,} messages are not records: {why}", err=True)
    if limit is None:
        watch.note_end(chosen.name)
    keeper.settle(watch)


def _records(
    messages: Iterable[Message], decode: Callable[[bytes], Any], left_out: Counter[str]
) -> Iterator[str]:
    """Yield each record as JSON; count the messages without a record, by reason."""
    for message in messages:
        value = message.value()
        if value is not None:
            try:
                schema_id(value)
                yield json_text(decode(value), default=_plain)
            except WireError as error:
                left_out[error.reason] += 1
            except ValueError:
                left_out["not-json"] += 1


def _check_party(protocol: Protocol, party: str) -> None:
    accepted = people(protocol)
    if party not in accepted:
        message = f"{party!r} is not a party to the protocol; accepted: {', '.join(accepted)}"
        raise typer.BadParameter(message, param_hint="--as")


def _topic(given: str, protocol: Protocol, known: tuple[Topic, ...]) -> Topic:
    names = {given, f"{protocol.prefix}.{given}"}
    for topic in known:
        if topic.name in names:
            return topic
    alike = list(_alike(given, known))
    message = f"the protocol has no topic {given!r}; accepted, among others: {', '.join(alike)}"
    raise typer.BadParameter(message, param_hint="TOPIC")


def _alike(given: str, known: tuple[Topic, ...]) -> Iterator[str]:
    """Return topics that share a part of their name with the one given, or one of each family."""
    parts = set(given.split("."))
    sharing = [t.name for t in known if parts & set(t.name.split(".")[1:])]
    families = {t.family: t.name for t in reversed(known)}
    return islice(sharing or families.values(), _SHOWN)


def _plain(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
